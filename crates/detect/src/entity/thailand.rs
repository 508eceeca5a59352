//! Thailand: the national identity number.

use super::{Entity, Family, Verdict};
use crate::options::Settings;
use crate::pattern::word;
use crate::validate::Digits;

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "TH_TNIN",
    Family::Personal,
    &[word(0.5, r"[1-8]\d{12}"), word(0.5, r"[1-8]([ -])\d{4}[ -]\d{5}[ -]\d{2}[ -]\d")],
)
.value(national_id)
.context(&["thai national id", "thai id number", "tnin", "เลขประจำตัวประชาชน", "เลขบัตรประชาชน", "รหัสปชช"])];

/// Kind of person 1 to 8, a province's code, and weights 13 to 2 modulo 11 (Department of Provincial Administration).
fn national_id(value: &str, _: &Settings) -> Verdict {
    let Some(digits) = Digits::exactly(13, value, " -") else { return Verdict::Invalid };
    let sum: u32 = (0..12).zip((2..=13).rev()).map(|(index, weight)| digits.at(index) * weight).sum();
    let province = matches!(
        digits.number(1, 3),
        10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96
    );
    let kind = (1..=8).contains(&digits.at(0));
    Verdict::decided(kind && province && (11 - sum % 11) % 10 == digits.last())
}
