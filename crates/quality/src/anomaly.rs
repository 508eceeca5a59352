//! Anomalies in a series of past values of a metric, by the strategies of Deequ (`com.amazon.deequ.anomalydetection`)
//! and by a robust one of our own.

mod holt_winters;
mod robust;

use std::ops::Range;

use crate::metric::Moments;
use crate::value::{count, from_count};

pub(crate) use robust::LEAST_VALUES;
pub use robust::{Expectation, HISTORY_VALUES};

/// What counts as an anomaly.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum AnomalyStrategy {
    /// The difference of some order to the values before leaves the bounds.
    AbsoluteChange {
        /// Differences outside are anomalies.
        bounds: Bounds,
        /// How often differences are taken; 0 looks at the values themselves.
        order: usize,
    },
    /// The ratio of a value to the one `order` places before leaves the bounds.
    RelativeRateOfChange {
        /// Ratios outside are anomalies.
        bounds: Bounds,
        /// At least 1.
        order: usize,
    },
    /// The value leaves the bounds.
    SimpleThreshold(Bounds),
    /// The value is more standard deviations from the mean of all values up to it than its factors allow.
    OnlineNormal {
        /// How many standard deviations are allowed.
        deviations: Deviations,
        /// The share of values at the start that are never anomalies, 0 to 1 (Deequ: 0.1).
        ignored_start: f64,
        /// Whether anomalies are left out of the mean and deviation of later values (Deequ: yes).
        ignore_anomalies: bool,
    },
    /// The value is more standard deviations from the mean of the series than its factors allow.
    BatchNormal {
        /// How many standard deviations are allowed.
        deviations: Deviations,
        /// Whether the values that are judged count towards mean and deviation (Deequ: no).
        include_interval: bool,
    },
    /// The value is further than 1.96 standard deviations of past errors from the forecast of additive smoothing with
    /// trend and season (Holt and Winters), fitted to the values before the interval.
    HoltWinters {
        /// Values in a cycle, such as 7 for daily values with a weekly season.
        period: usize,
    },
    /// The value is not within the [`Expectation`] of those before it; the model of `DetectAnomalies`.
    RobustTrend,
}

/// The least and the greatest value that is no anomaly; either may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub greatest: Option<f64>,
}

/// Standard deviations below and above the mean; either may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Deviations {
    /// Below the mean.
    pub lower: Option<f64>,
    /// Above the mean.
    pub upper: Option<f64>,
}

/// Why a series cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnomalyError {
    /// The strategy's parameters contradict each other.
    #[error("the strategy cannot be used: {problem}")]
    Parameters {
        /// What is wrong and how to set it right.
        problem: &'static str,
    },
    /// There are too few values.
    #[error("the series cannot be judged: {problem}")]
    Series {
        /// What is missing.
        problem: &'static str,
    },
}

impl Bounds {
    fn check(self) -> Result<(), AnomalyError> {
        let problem = match (self.least, self.greatest) {
            (None, None) => "set at least one bound",
            (least, greatest) if least.is_some_and(f64::is_nan) || greatest.is_some_and(f64::is_nan) => {
                "a bound must be a number"
            }
            (Some(least), Some(greatest)) if least > greatest => "the lower bound must not exceed the upper one",
            _ => return Ok(()),
        };
        Err(AnomalyError::Parameters { problem })
    }

    fn excludes(self, value: f64) -> bool {
        self.least.is_some_and(|least| value < least) || self.greatest.is_some_and(|greatest| value > greatest)
    }
}

impl Deviations {
    fn check(self) -> Result<(), AnomalyError> {
        let negative = |factor: Option<f64>| factor.is_some_and(|factor| factor < 0.0 || factor.is_nan());
        let problem = if self.lower.is_none() && self.upper.is_none() {
            "set at least one factor"
        } else if negative(self.lower) || negative(self.upper) {
            "factors must not be negative"
        } else {
            return Ok(());
        };
        Err(AnomalyError::Parameters { problem })
    }

    fn around(self, mean: f64, deviation: f64) -> Bounds {
        Bounds {
            least: self.lower.map(|factor| mean - factor * deviation),
            greatest: self.upper.map(|factor| mean + factor * deviation),
        }
    }
}

impl AnomalyStrategy {
    /// The positions within `interval` whose values are anomalies; the values before it are the past.
    ///
    /// # Errors
    /// The parameters contradict each other, the interval is reversed, or there are no values to compare with.
    pub fn detect(&self, series: &[f64], interval: Range<usize>) -> Result<Vec<usize>, AnomalyError> {
        if interval.start > interval.end {
            return Err(AnomalyError::Series { problem: "the interval must not end before it starts" });
        }
        if let Self::HoltWinters { period } = *self {
            return holt_winters::detect(series, interval, period);
        }
        let interval = interval.start.min(series.len())..interval.end.min(series.len());
        match *self {
            Self::AbsoluteChange { bounds, order } => {
                bounds.check()?;
                Ok(changes(series, interval, order, bounds, |values| differences(values, order)))
            }
            Self::RelativeRateOfChange { bounds, order } => {
                bounds.check()?;
                if order == 0 {
                    return Err(AnomalyError::Parameters { problem: "the order of a ratio must be at least 1" });
                }
                let ratios = |values: &[f64]| {
                    values.iter().skip(order).zip(values).map(|(value, before)| value / before).collect()
                };
                Ok(changes(series, interval, order, bounds, ratios))
            }
            Self::SimpleThreshold(bounds) => {
                bounds.check()?;
                Ok(outside(series, interval, bounds))
            }
            Self::OnlineNormal { deviations, ignored_start, ignore_anomalies } => {
                deviations.check()?;
                if !(0.0..=1.0).contains(&ignored_start) {
                    return Err(AnomalyError::Parameters { problem: "the ignored share must be within 0 and 1" });
                }
                let skipped = from_count(count(series.len())) * ignored_start;
                let judged = |index: usize| interval.contains(&index) && from_count(count(index)) >= skipped;
                Ok(online(series, deviations, judged, ignore_anomalies))
            }
            Self::BatchNormal { deviations, include_interval } => {
                deviations.check()?;
                batch(series, interval, deviations, include_interval)
            }
            Self::RobustTrend => Ok(unexpected(series, interval)),
            // Told apart above: its interval must not be cut before it is checked.
            Self::HoltWinters { period } => holt_winters::detect(series, interval, period),
        }
    }
}

fn outside(series: &[f64], interval: Range<usize>, bounds: Bounds) -> Vec<usize> {
    let judged = series.iter().enumerate().take(interval.end).skip(interval.start);
    judged.filter(|(_, value)| bounds.excludes(**value)).map(|(index, _)| index).collect()
}

fn unexpected(series: &[f64], interval: Range<usize>) -> Vec<usize> {
    let judged = series.iter().enumerate().take(interval.end).skip(interval.start);
    let is_anomaly = |(index, value): &(usize, &f64)| {
        let past = series.get(..*index).unwrap_or_default();
        Expectation::after(past).is_some_and(|expected| !expected.holds(**value))
    };
    judged.filter(is_anomaly).map(|(index, _)| index).collect()
}

/// Judges changes, each of which belongs to the later of its values.
fn changes(
    series: &[f64],
    interval: Range<usize>,
    order: usize,
    bounds: Bounds,
    change: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<usize> {
    let first = interval.start.saturating_sub(order);
    let found = change(series.get(first..interval.end).unwrap_or_default());
    let excluded = found.iter().enumerate().filter(|(_, change)| bounds.excludes(**change));
    excluded.map(|(index, _)| first + order + index).collect()
}

fn differences(values: &[f64], order: usize) -> Vec<f64> {
    let mut differences = values.to_vec();
    for _ in 0..order.min(values.len()) {
        differences = differences.iter().skip(1).zip(&differences).map(|(value, before)| value - before).collect();
    }
    differences
}

/// B. P. Welford's running mean and variance (1962).
fn online(series: &[f64], deviations: Deviations, judged: impl Fn(usize) -> bool, ignore: bool) -> Vec<usize> {
    let mut anomalies = Vec::new();
    let (mut mean, mut squares) = (0.0, 0.0);
    for (index, value) in series.iter().enumerate() {
        let (last_mean, last_squares) = (mean, squares);
        let values = from_count(count(index + 1));
        mean += (value - mean) / values;
        squares += (value - last_mean) * (value - mean);
        if judged(index) && deviations.around(mean, (squares / values).sqrt()).excludes(*value) {
            anomalies.push(index);
            if ignore {
                (mean, squares) = (last_mean, last_squares);
            }
        }
    }
    anomalies
}

fn batch(
    series: &[f64],
    interval: Range<usize>,
    deviations: Deviations,
    include_interval: bool,
) -> Result<Vec<usize>, AnomalyError> {
    let counts = |index: usize| include_interval || !interval.contains(&index);
    let basis: Vec<f64> =
        series.iter().enumerate().filter(|(index, _)| counts(*index)).map(|(_, value)| *value).collect();
    let moments = Moments::of(&basis);
    let (Some(mean), Some(variance)) = (moments.mean(), moments.variance()) else {
        return Err(AnomalyError::Series { problem: "there are no values to take mean and deviation from" });
    };
    // The sample's deviation; that of a single value is 0.
    let values = from_count(moments.count);
    let deviation = if moments.count > 1 { (variance * values / (values - 1.0)).sqrt() } else { 0.0 };
    Ok(outside(series, interval, deviations.around(mean, deviation)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITHIN_TWO: Bounds = Bounds { least: Some(-2.0), greatest: Some(2.0) };
    const THREE: Deviations = Deviations { lower: Some(3.0), upper: Some(3.0) };

    fn found(strategy: AnomalyStrategy, series: &[f64]) -> Vec<usize> {
        strategy.detect(series, 0..usize::MAX).unwrap()
    }

    #[test]
    fn changes_belong_to_the_later_value() {
        assert_eq!(found(AnomalyStrategy::AbsoluteChange { bounds: WITHIN_TWO, order: 1 }, &[5.0, 6.0, 9.0, 9.0]), [2]);
        assert_eq!(found(AnomalyStrategy::AbsoluteChange { bounds: WITHIN_TWO, order: 2 }, &[1.0, 2.0, 4.0, 9.0]), [3]);
        assert_eq!(found(AnomalyStrategy::AbsoluteChange { bounds: WITHIN_TWO, order: 0 }, &[1.0, 2.5]), [1]);
        let ratio =
            AnomalyStrategy::RelativeRateOfChange { bounds: Bounds { least: None, greatest: Some(2.0) }, order: 1 };
        assert_eq!(found(ratio, &[0.0, 1.0, 2.0, 5.0]), [1, 3]);
        assert_eq!(ratio.detect(&[0.0, 1.0, 2.0, 5.0], 2..3), Ok(vec![]));
    }

    #[test]
    fn deviations_are_taken_from_the_past() {
        let batch = AnomalyStrategy::BatchNormal { deviations: THREE, include_interval: false };
        assert_eq!(batch.detect(&[1.0, 2.0, 1.0, 2.0, 40.0, 2.0], 4..6), Ok(vec![4]));
        assert!(batch.detect(&[1.0], 0..1).is_err());
        let online = AnomalyStrategy::OnlineNormal { deviations: THREE, ignored_start: 0.1, ignore_anomalies: true };
        let mut series: Vec<f64> = (0..40).map(|index| f64::from(index % 3)).collect();
        (series[20], series[35]) = (50.0, -50.0);
        assert_eq!(found(online, &series), [20, 35]);
    }

    #[test]
    fn contradictions_are_refused() {
        let reversed = Bounds { least: Some(2.0), greatest: Some(1.0) };
        assert!(AnomalyStrategy::SimpleThreshold(reversed).detect(&[], 0..0).is_err());
        assert!(AnomalyStrategy::SimpleThreshold(Bounds::default()).detect(&[], 0..0).is_err());
        let ratio = AnomalyStrategy::RelativeRateOfChange { bounds: WITHIN_TWO, order: 0 };
        assert!(ratio.detect(&[1.0], 0..1).is_err());
    }

    proptest! {
        #[test]
        fn anomalies_lie_in_the_interval(series in prop::collection::vec(-1e9..1e9f64, 0..40), start in 0usize..50, length in 0usize..50, order in 0usize..60) {
            for strategy in [
                AnomalyStrategy::AbsoluteChange { bounds: WITHIN_TWO, order },
                AnomalyStrategy::RelativeRateOfChange { bounds: WITHIN_TWO, order: order + 1 },
                AnomalyStrategy::OnlineNormal { deviations: THREE, ignored_start: 0.0, ignore_anomalies: false },
                AnomalyStrategy::RobustTrend,
            ] {
                let interval = start..start + length;
                let found = strategy.detect(&series, interval.clone()).unwrap();
                prop_assert!(found.iter().all(|index| *index < series.len()), "{strategy:?} {found:?}");
                prop_assert!(found.iter().all(|index| interval.contains(index)), "{strategy:?} {found:?}");
            }
        }
    }
}
