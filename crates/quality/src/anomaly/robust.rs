//! The model behind `DetectAnomalies`: a line through the past that outliers do not bend, and a distance from it that they
//! do not widen.
//!
//! The line is the estimator of P. K. Sen (1968): its slope is the median of the slopes between all pairs of past values.
//! The distance is the modified z-score of B. Iglewicz and D. C. Hoaglin ("How to Detect and Handle Outliers", 1993): the
//! deviation from the line over 1.4826 times the median absolute deviation of the past from it, or over 1.2533 times the
//! mean absolute deviation when more than half of the past lies on the line. Beyond 3.5 a value is an anomaly.

use crate::value::{count, from_count};

/// Past values that are looked at, the newest.
pub const HISTORY_VALUES: usize = 100;
/// With fewer past values nothing is an anomaly, as with AWS Glue.
pub(crate) const LEAST_VALUES: usize = 3;
/// With fewer past values the line is level: a slope through so few follows every outlier.
const LEAST_FOR_TREND: usize = 8;
const MOST_SCORE: f64 = 3.5;
const MEDIAN_TO_DEVIATION: f64 = 1.4826;
const MEAN_TO_DEVIATION: f64 = 1.253_314;
/// Where the past does not vary at all, this share of its size is still no anomaly: rounding.
const LEAST_SHARE: f64 = 1e-9;

/// What the next value is expected to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// The value on the line.
    pub value: f64,
    /// Below it lies an anomaly.
    pub least: f64,
    /// Above it lies an anomaly.
    pub greatest: f64,
}

impl Expectation {
    /// What to expect after `past`, whose values stand from the oldest to the newest; nothing when there are too few.
    /// Values that are not finite are left out.
    pub fn after(past: &[f64]) -> Option<Self> {
        let past: Vec<f64> = past.iter().copied().filter(|value| value.is_finite()).collect();
        let past = past.get(past.len().saturating_sub(HISTORY_VALUES)..).unwrap_or_default();
        if past.len() < LEAST_VALUES {
            return None;
        }
        let slope = if past.len() < LEAST_FOR_TREND { 0.0 } else { slope(past) };
        let place = |index: usize| slope * from_count(count(index));
        let level = median(past.iter().enumerate().map(|(index, value)| value - place(index)).collect());
        let value = level + place(past.len());
        let distances: Vec<f64> =
            past.iter().enumerate().map(|(index, value)| (value - level - place(index)).abs()).collect();
        let mean = distances.iter().sum::<f64>() / from_count(count(distances.len()));
        let size = past.iter().fold(0.0f64, |size, value| size.max(value.abs()));
        let typical = median(distances);
        let deviation = if typical > 0.0 { typical * MEDIAN_TO_DEVIATION } else { mean * MEAN_TO_DEVIATION };
        let reach = (deviation * MOST_SCORE).max(size * LEAST_SHARE);
        Some(Self { value, least: value - reach, greatest: value + reach })
    }

    /// Whether a value is as expected.
    pub fn holds(&self, value: f64) -> bool {
        (self.least..=self.greatest).contains(&value)
    }
}

fn slope(past: &[f64]) -> f64 {
    let pairs = past.iter().enumerate().flat_map(|(index, value)| {
        past.iter().skip(index + 1).zip(1u64..).map(move |(later, distance)| (later - value) / from_count(distance))
    });
    median(pairs.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(upper), 0) => values.get(middle.wrapping_sub(1)).map_or(*upper, |lower| f64::midpoint(*lower, *upper)),
        (Some(middle), _) => *middle,
        (None, _) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_grows_as_before_is_expected_and_what_breaks_off_is_not() {
        let growing: Vec<f64> = (0..20).map(|day| 1000.0 + 50.0 * f64::from(day) + f64::from(day % 3)).collect();
        let expected = Expectation::after(&growing).unwrap();
        assert!(expected.holds(2000.0) && !expected.holds(1000.0) && !expected.holds(2100.0), "{expected:?}");
    }

    #[test]
    fn an_outlier_in_the_past_hides_nothing() {
        let expected = Expectation::after(&[10.0, 11.0, 10.0, 5000.0, 9.0, 10.0, 12.0]).unwrap();
        assert!(expected.holds(13.0) && !expected.holds(40.0), "{expected:?}");
    }

    #[test]
    fn a_constant_past_expects_the_constant() {
        let expected = Expectation::after(&[0.3; 5]).unwrap();
        assert!(expected.holds(0.1 + 0.2) && !expected.holds(0.31));
        assert_eq!(Expectation::after(&[1.0, f64::NAN, 2.0]), None);
    }

    proptest! {
        #[test]
        fn expectations_move_with_the_values(past in prop::collection::vec(-1e6..1e6f64, 3..60), shift in -1e6..1e6f64) {
            let here = Expectation::after(&past).unwrap();
            let there = Expectation::after(&past.iter().map(|value| value + shift).collect::<Vec<_>>()).unwrap();
            prop_assert!((here.value + shift - there.value).abs() < 1e-3, "{here:?} {there:?}");
            prop_assert!(here.least <= here.value && here.value <= here.greatest);
        }
    }
}
