//! South Africa: the identity number.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, date, luhn};

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "ZA_ID_NUMBER",
    Family::Personal,
    &[word(0.2, r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{4}[0-2]\d{2}")],
)
.value(identity)
.context(&["id", "identity", "identity number", "id number", "south african id", "rsa id", "smart id", "national id"])];

/// Birth date, serial, citizen, resident or refugee, an 8 or 9 in the place of the former race digit, Luhn (Department
/// of Home Affairs).
fn identity(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(13, value, "") else { return Verdict::Invalid };
    let born = date::exists_in_some_century(digits.number(0, 2), digits.number(2, 4), digits.number(4, 6));
    let status = digits.at(10) <= 2 && matches!(digits.at(11), 8 | 9);
    Verdict::decided(born && status && luhn::holds(digits.as_slice()))
}
