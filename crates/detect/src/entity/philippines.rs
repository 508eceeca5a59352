//! Philippines: the taxpayer number. Its mobile numbers are in `phone`.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, digits::weighted_sum};

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "PH_TIN",
    Family::Personal,
    &[word(0.05, r"\d{3}-\d{3}-\d{3}(?:-\d{3,5})?"), word(0.01, r"\d{9}(?:\d{3}|\d{5})?")],
)
.value(taxpayer)
.context(&["tin", "taxpayer identification number", "bir", "taxpayer id", "tax id", "rdo", "revenue district office"])];

/// The ninth digit is the sum of the first eight with weights 9 to 2, modulo 11; a branch code follows (BIR).
fn taxpayer(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::of(value, "-").filter(|digits| (9..=14).contains(&digits.len())) else {
        return Verdict::Invalid;
    };
    let sum = weighted_sum(digits.as_slice(), &[9, 8, 7, 6, 5, 4, 3, 2]);
    Verdict::plausible(digits.number(0, 9) > 0 && sum % 11 == digits.at(8))
}
