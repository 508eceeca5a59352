//! South Africa.

use super::Verdict;
use crate::detect::checksum::{digits, is_date_of_short_year, luhn};

/// The identity number (Identification Act 68 of 1997): date of birth, sex, citizenship (0 citizen, 1 permanent resident,
/// 2 refugee), a digit without meaning today, Luhn.
pub(super) fn identity_number(value: &str) -> Verdict {
    let holds = |digits: [u32; 13]| {
        let [y1, y2, m1, m2, d1, d2, _, _, _, _, citizenship, ..] = digits;
        is_date_of_short_year(y1 * 10 + y2, m1 * 10 + m2, d1 * 10 + d2) && citizenship <= 2 && luhn(&digits)
    };
    Verdict::of(digits(value).is_some_and(holds))
}
