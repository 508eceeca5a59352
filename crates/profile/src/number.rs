//! Conversions between counts and doubles, named for what they may lose.

/// The nearest `f64` to a count.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, the nearest double above")]
pub(crate) const fn from_count(value: u64) -> f64 {
    value as f64
}

/// A count that fits `u64` on every platform.
pub(crate) fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The nearest count to a number that is meant to be one; 0 for NaN and negative numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates; NaN and negative numbers become 0"
)]
pub(crate) fn rounded(value: f64) -> u64 {
    value.round() as u64
}

/// 1234567 as `1,234,567`: a number as people read it.
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// The same of digits that are text already.
pub fn grouped_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `part` of `whole`; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { from_count(part) / from_count(whole) }
}

/// Whether two doubles are the same number.
#[expect(clippy::float_cmp, reason = "equality of stored values, not of results of arithmetic")]
pub(crate) fn same(left: f64, right: f64) -> bool {
    left == right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!((grouped(0), grouped(999), grouped(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
    }
}
