//! Poland.

use super::Verdict;
use crate::detect::checksum::{digits, is_date_of_short_year, weighted_sum};

/// The PESEL number (Act of 24 September 2010 on population records, art. 15): date of birth, whose month also tells the
/// century, serial, check digit by the weights 1 3 7 9.
pub(super) fn pesel(value: &str) -> Verdict {
    let holds = |digits: [u32; 11]| {
        let [y1, y2, m1, m2, d1, d2, _, _, _, _, check] = digits;
        let sum = weighted_sum(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
        is_date_of_short_year(y1 * 10 + y2, (m1 * 10 + m2) % 20, d1 * 10 + d2) && (10 - sum % 10) % 10 == check
    };
    Verdict::of(digits(value).is_some_and(holds))
}
