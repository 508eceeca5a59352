//! Poland: PESEL.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::{Digits, weighted};

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "PL_PESEL",
    Family::Personal,
    &[word(0.4, r"\d{2}(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}")],
)
.value(pesel)
.context(&["pesel", "numer pesel"])
.default_on()];

/// Weights 1, 3, 7, 9, complement to 10 (ustawa o ewidencji ludności).
fn pesel(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(11, value, "") else { return Verdict::Invalid };
    Verdict::decided(weighted::complements(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 0], 10))
}
