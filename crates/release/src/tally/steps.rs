use sluice_common::policy::NumberBounds;

/// A number as a whole number of steps, drawn into the bounds. The policy's loader holds all of them below 2³³.
pub(super) fn steps(value: f64, bounds: NumberBounds) -> i64 {
    whole(value.clamp(bounds.min, bounds.max) / bounds.step)
}

/// The nearest whole number; the caller knows that it is small.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^33, and a cast of a float saturates")]
pub(super) fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// A sum for a mechanism. A sum beyond the type is drawn into it, which no person changes by more than before.
pub(super) fn drawn_in(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// For reading by people; counts beyond 2⁵³ lose digits that the noise covers.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 the noise covers what is lost")]
pub(super) const fn to_f64(value: i64) -> f64 {
    value as f64
}
