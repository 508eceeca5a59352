//! Finland: the personal identity code.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::{Edges, within, word};
use crate::validate::{Digits, date};

const CODE: &str = r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]";

pub(crate) const ENTITIES: &[Entity] =
    &[Entity::new("FI_PERSONAL_IDENTITY_CODE", Family::Personal, &[word(0.5, CODE), within(Edges::Digits, 0.1, CODE)])
        .value(code)
        .context(&["hetu", "henkilötunnus", "personbeteckningen", "personal identity code"])
        .default_on()];

/// Date, century sign, number and check character: the nine digits modulo 31 (Digital and Population Data Services
/// Agency; the signs B to F and U to Y since 2023).
fn code(value: &str, _: &Settings) -> Verdict {
    const CHECKS: &str = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    let parts = value.get(..6).zip(value.get(7..10)).zip(value.get(6..7).zip(value.chars().next_back()));
    let Some(((birth, number), (sign, check))) = parts else { return Verdict::Invalid };
    let (Some(birth), Some(number)) = (Digits::exactly(6, birth, ""), Digits::exactly(3, number, "")) else {
        return Verdict::Invalid;
    };
    let century = match sign.to_ascii_uppercase().as_str() {
        "+" => 1800,
        "-" | "U" | "V" | "W" | "X" | "Y" => 1900,
        _ => 2000,
    };
    let born = date::exists(century + birth.number(4, 6), birth.number(2, 4), birth.number(0, 2));
    let remainder = (birth.number(0, 6) * 1000 + number.number(0, 3)) % 31;
    let expected = usize::try_from(remainder).ok().and_then(|index| CHECKS.chars().nth(index));
    Verdict::decided(born && number.number(0, 3) >= 2 && expected == Some(check.to_ascii_uppercase()))
}
