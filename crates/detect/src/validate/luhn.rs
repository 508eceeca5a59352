//! The Luhn check digit: ISO/IEC 7812-1, annex B.

/// Whether the last digit is the Luhn check digit of the others.
pub(crate) fn holds(digits: &[u8]) -> bool {
    sum(digits).is_multiple_of(10)
}

/// From the right, every other digit counts twice, as the sum of its own digits.
fn sum(digits: &[u8]) -> u32 {
    const DOUBLED: [u8; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let doubled = |digit: u8| DOUBLED.get(usize::from(digit)).copied().unwrap_or(0);
    let (first, pairs) = digits.as_rchunks();
    let sum_of_pairs: u32 = pairs.iter().map(|[twice, once]| u32::from(doubled(*twice) + once)).sum();
    first.iter().fold(sum_of_pairs, |sum, digit| sum + u32::from(*digit))
}
