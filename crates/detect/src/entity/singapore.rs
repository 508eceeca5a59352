//! Singapore: identity and entity numbers.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, digits::weighted_sum};

pub(crate) const ENTITIES: &[Entity] = &[
    // No official algorithm is published for the check letter, so the shape decides.
    Entity::new("SG_NRIC_FIN", Family::Personal, &[word(0.5, r"[STFGM]\d{7}[A-Z]"), word(0.3, r"[A-Z]\d{7}[A-Z]")])
        .context(&["fin", "fin#", "nric", "nric#"]),
    Entity::new(
        "SG_UEN",
        Family::Personal,
        &[word(0.3, r"\d{8}[A-Z]|(?:18|19|20)\d{7}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]")],
    )
    .value(entity_number)
    .context(&["uen", "unique entity number", "business registration", "acra"]),
];

/// Three formats of the unique entity number (ACRA): businesses, local companies, others.
fn entity_number(value: &str, _: &Settings) -> Verdict {
    let upper = value.to_ascii_uppercase();
    let Some(check) = upper.chars().next_back() else { return Verdict::Invalid };
    let body = upper.strip_suffix(check).unwrap_or_default();
    let expected = match (body.len(), Digits::of(body, "")) {
        (8, Some(digits)) => letter("XMKECAWLJDB", weighted_sum(digits.as_slice(), &[10, 4, 9, 3, 8, 2, 7, 1])),
        (9, Some(digits)) => letter("ZKCMDNERGWH", weighted_sum(digits.as_slice(), &[10, 8, 6, 4, 9, 7, 5, 3, 1])),
        (9, None) => other(body),
        _ => None,
    };
    Verdict::decided(expected == Some(check))
}

fn letter(table: &str, sum: u32) -> Option<char> {
    table.chars().nth(usize::try_from(sum % 11).ok()?)
}

/// Letters and digits count by their place in the alphabet without I, O, Y and Z.
fn other(body: &str) -> Option<char> {
    const ALPHABET: &str = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let values: Option<Vec<usize>> = body.chars().map(|character| ALPHABET.find(character)).collect();
    let sum: usize = values?.iter().zip([4, 3, 5, 3, 10, 2, 2, 5, 7]).map(|(value, weight)| value * weight).sum();
    ALPHABET.chars().nth((sum + 11 - 5) % 11)
}
