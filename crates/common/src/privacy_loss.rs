//! What a differentially private release costs, in exact decimals: a budget that is added up in floating point is a budget
//! that can be overspent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Digits of ε after the point: a millionth is finer than any use.
const EPSILON_PLACES: u32 = 6;
/// Digits of δ after the point: δ lies far below one over the number of people.
const DELTA_PLACES: u32 = 15;

/// ε in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Epsilon(u64);

/// δ in units of 10⁻¹⁵.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delta(u64);

/// (ε, δ) of differential privacy, added up by basic composition (Dwork and Roth 2014, theorem 3.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyLoss {
    /// ε.
    pub epsilon: Epsilon,
    /// δ; zero is pure differential privacy.
    #[serde(default, skip_serializing_if = "Delta::is_zero")]
    pub delta: Delta,
}

/// Text that is no ε or δ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number from 0 with at most {places} digits after the point, such as {example}")]
pub struct NotALoss {
    places: u32,
    example: &'static str,
}

impl Epsilon {
    /// From millionths.
    pub const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// Millionths.
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// Whether nothing is spent.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// The largest number of floating point that is not above it.
    pub fn to_f64(self) -> f64 {
        below(self.0, 1e6)
    }

    /// A share of it, rounded down.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl Delta {
    /// From units of 10⁻¹⁵.
    pub const fn from_quadrillionths(quadrillionths: u64) -> Self {
        Self(quadrillionths)
    }

    /// Whether it is zero.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Whether it is below one, as a probability of failure must be.
    pub const fn is_below_one(self) -> bool {
        self.0 < 1_000_000_000_000_000
    }

    /// The largest number of floating point that is not above it.
    pub fn to_f64(self) -> f64 {
        below(self.0, 1e15)
    }

    /// A share of it, rounded down.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl PrivacyLoss {
    /// The sum of two losses; `None` beyond what can be counted.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            epsilon: Epsilon(self.epsilon.0.checked_add(other.epsilon.0)?),
            delta: Delta(self.delta.0.checked_add(other.delta.0)?),
        })
    }

    /// What is left after a loss; `None` when it is not enough.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            epsilon: Epsilon(self.epsilon.0.checked_sub(other.epsilon.0)?),
            delta: Delta(self.delta.0.checked_sub(other.delta.0)?),
        })
    }
}

impl fmt::Display for PrivacyLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ε = {}", self.epsilon)?;
        if self.delta.is_zero() { Ok(()) } else { write!(f, ", δ = {}", self.delta) }
    }
}

/// Rounds down, so that what is spent is never more than what is booked.
#[expect(clippy::cast_precision_loss, reason = "rounded down afterwards")]
fn below(units: u64, unit: f64) -> f64 {
    if units == 0 { 0.0 } else { (units as f64 / unit).next_down() }
}

macro_rules! decimal {
    ($name:ident, $places:expr, $example:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&print(self.0, $places))
            }
        }

        impl FromStr for $name {
            type Err = NotALoss;
            fn from_str(text: &str) -> Result<Self, NotALoss> {
                parse(text, $places).map(Self).ok_or(NotALoss { places: $places, example: $example })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotALoss;
            fn try_from(text: String) -> Result<Self, NotALoss> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
decimal!(Epsilon, EPSILON_PLACES, "0.5");
decimal!(Delta, DELTA_PLACES, "1e-6");

/// `1.25`, `3`, `1e-6`: digits, a point, digits, a negative power of ten. Exact or nothing.
fn parse(text: &str, places: u32) -> Option<u64> {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((mantissa, power)) => (mantissa, power.strip_prefix('-')?.parse::<u32>().ok()?),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || whole.len().saturating_add(fraction.len()) > 19 {
        return None;
    }
    let scale = u32::try_from(fraction.len()).ok()?.checked_add(power)?;
    let units: u64 = format!("{whole}{fraction}").parse().ok()?;
    if units == 0 {
        return Some(0);
    }
    if scale <= places {
        return units.checked_mul(10_u64.checked_pow(places.checked_sub(scale)?)?);
    }
    let divisor = 10_u64.checked_pow(scale.checked_sub(places)?)?;
    units.is_multiple_of(divisor).then_some(units / divisor)
}

fn print(units: u64, places: u32) -> String {
    let one = 10_u64.pow(places);
    let width = usize::try_from(places).unwrap_or_default();
    let fraction = format!("{:0width$}", units % one);
    match fraction.trim_end_matches('0') {
        "" => (units / one).to_string(),
        fraction => format!("{}.{fraction}", units / one),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, millionths) in
            [("0", 0), ("4", 4_000_000), ("0.5", 500_000), ("1.250000", 1_250_000), ("5e-1", 500_000)]
        {
            assert_eq!(text.parse(), Ok(Epsilon(millionths)), "{text}");
        }
        for text in ["", ".5", "-1", "1e6", "0.0000001", "0x1", "1 ", "99999999999999999999", "1e-4294967295"] {
            assert!(text.parse::<Epsilon>().is_err(), "{text}");
        }
        assert_eq!("1e-6".parse(), Ok(Delta(1_000_000_000)));
        assert_eq!("1e-6".parse::<Delta>().unwrap().to_string(), "0.000001");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(units in 0_u64..1_000_000_000_000_000_000) {
            prop_assert_eq!(Epsilon(units).to_string().parse(), Ok(Epsilon(units)));
            prop_assert_eq!(Delta(units).to_string().parse(), Ok(Delta(units)));
        }

        #[test]
        fn floating_point_never_exceeds_what_is_booked(units in 0_u32..) {
            prop_assert!(Epsilon(units.into()).to_f64() * 1e6 <= f64::from(units));
        }

        #[test]
        fn what_is_taken_was_there(have in any::<u64>(), take in any::<u64>()) {
            let loss = |units| PrivacyLoss { epsilon: Epsilon(units), delta: Delta(0) };
            match loss(have).checked_sub(loss(take)) {
                Some(left) => prop_assert_eq!(left.checked_add(loss(take)), Some(loss(have))),
                None => prop_assert!(take > have),
            }
        }
    }
}
