//! Weighted sums, the commonest check digits of national numbers.

use super::digits::{Digits, weighted_sum};

/// Whether the weighted sum of all digits is a multiple of `modulus`.
pub(crate) fn divisible(digits: &Digits, weights: &[u32], modulus: u32) -> bool {
    weighted_sum(digits.as_slice(), weights).is_multiple_of(modulus)
}

/// Whether the last digit is what is missing from the weighted sum of the others to a multiple of `modulus`; a missing
/// `modulus` counts as 0 and a missing 10 of 11 has no digit.
pub(crate) fn complements(digits: &Digits, weights: &[u32], modulus: u32) -> bool {
    let missing = modulus - weighted_sum(digits.as_slice(), weights) % modulus;
    (if missing == modulus { 0 } else { missing }) == digits.last()
}

/// Whether the last digit is the remainder of the weighted sum of the others.
pub(crate) fn remains(digits: &Digits, weights: &[u32], modulus: u32) -> bool {
    weighted_sum(digits.as_slice(), weights) % modulus == digits.last()
}
