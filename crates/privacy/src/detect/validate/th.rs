//! Thailand.

use super::Verdict;
use crate::detect::checksum::{digits, weighted_sum};

/// The national identification number (Department of Provincial Administration): kind of person, province (ISO
/// 3166-2:TH), district, serial, check digit modulo 11.
pub(super) fn national_id(value: &str) -> Verdict {
    let holds = |digits: [u32; 13]| {
        let [kind, p1, p2, ..] = digits;
        let [.., check] = digits;
        let sum = weighted_sum(&digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        (1..=8).contains(&kind) && is_province(p1 * 10 + p2) && (11 - sum % 11) % 10 == check
    };
    Verdict::of(digits(value).is_some_and(holds))
}

fn is_province(code: u32) -> bool {
    matches!(code, 10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96)
}
