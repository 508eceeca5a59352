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

/// `part` of `whole`; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { from_count(part) / from_count(whole) }
}

/// Whether two doubles are the same number.
#[expect(clippy::float_cmp, reason = "equality of stored values, not of results of arithmetic")]
pub(crate) fn same(left: f64, right: f64) -> bool {
    left == right
}
