//! Turkey.

use super::Verdict;
use crate::detect::checksum::{digits, weighted_sum};

/// The Turkish identification number: eleven digits, the first not 0, two check digits.
pub(super) fn national_id(value: &str) -> Verdict {
    let holds = |digits: [u32; 11]| {
        let [first, .., tenth, eleventh] = digits;
        let odd = weighted_sum(&digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let even = weighted_sum(&digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
        // Even places add up to 36 at most, so 40 keeps the difference positive.
        first != 0 && (odd * 7 + 40 - even) % 10 == tenth && (odd + even + tenth) % 10 == eleventh
    };
    Verdict::of(digits(value).is_some_and(holds))
}

/// A vehicle registration plate: it begins with the number of one of 81 provinces.
pub(super) fn licence_plate(value: &str) -> Verdict {
    match value.split_at_checked(2).and_then(|(province, _)| digits::<2>(province)) {
        Some([tens, ones]) => Verdict::of((1..=81).contains(&(tens * 10 + ones))),
        None => Verdict::Plausible,
    }
}
