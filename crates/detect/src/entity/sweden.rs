//! Sweden: personal and organisation numbers.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, date, luhn};

pub(crate) const ENTITIES: &[Entity] = &[
    Entity::new(
        "SE_PERSONNUMMER",
        Family::Personal,
        &[word(0.5, r"(?:19|20|18)?\d{6}[-+]\d{4}"), word(0.1, r"(?:19|20|18)?\d{10}")],
    )
    .value(personal_number)
    .context(&[
        "personnummer",
        "svenskt personnummer",
        "svensk id",
        "ssn",
        "personal identity number",
        "samordningsnummer",
    ]),
    Entity::new("SE_ORGANISATIONSNUMMER", Family::Personal, &[word(0.6, r"\d{6}-\d{4}"), word(0.2, r"\d{10}")])
        .value(organisation_number)
        .context(&["organisationsnummer", "orgnr", "org nr", "företagsnummer"]),
];

/// Luhn over the last ten digits; 60 is added to the day of coordination numbers (Skatteverket, SKV 704).
fn personal_number(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::of(value, "-+").filter(|digits| matches!(digits.len(), 10 | 12)) else {
        return Verdict::Invalid;
    };
    let short = digits.as_slice().get(digits.len() - 10..).unwrap_or_default();
    let start = digits.len() - 10;
    let (year, month, day) =
        (digits.number(start, start + 2), digits.number(start + 2, start + 4), digits.number(start + 4, start + 6));
    let day = if day > 60 { day - 60 } else { day };
    let born = match start {
        0 => date::exists_in_some_century(year, month, day),
        _ => date::exists(digits.number(0, 4), month, day),
    };
    Verdict::decided(born && luhn::holds(short))
}

/// Luhn; the third digit is at least 2, which no month has (Bolagsverket).
fn organisation_number(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(10, value, "-") else { return Verdict::Invalid };
    Verdict::decided(digits.at(2) >= 2 && luhn::holds(digits.as_slice()))
}
