//! Additive triple exponential smoothing, forecasting the values of the interval from those before it.
//!
//! P. R. Winters, "Forecasting Sales by Exponentially Weighted Moving Averages" (1960), with Deequ's starting values. The
//! smoothing factors minimise the squared one-step errors; they are searched by the pattern search of R. Hooke and T. A.
//! Jeeves (1961) from Deequ's start and from the best point of a grid.

use std::ops::Range;

use super::AnomalyError;
use crate::metric::Moments;
use crate::value::{count, from_count};

/// The two-sided 95 % quantile of the normal distribution.
const DEVIATIONS: f64 = 1.96;
const START: [f64; 3] = [0.3, 0.1, 0.1];
const GRID_STEPS: u32 = 5;
const FIRST_STEP: f64 = 0.1;
const LAST_STEP: f64 = 1e-7;
/// A longer past is cut at its start: what is older than this has no weight left.
const MOST_VALUES: usize = 10_000;

struct Model {
    forecasts: Vec<f64>,
    residuals: Vec<f64>,
}

/// The positions within `interval` whose values are further from their forecasts than the past errors allow.
pub(super) fn detect(series: &[f64], interval: Range<usize>, period: usize) -> Result<Vec<usize>, AnomalyError> {
    if series.is_empty() {
        return Err(AnomalyError::Series { problem: "there are no values" });
    }
    if interval.start >= interval.end {
        return Err(AnomalyError::Series { problem: "the interval must end after its start" });
    }
    if period < 2 {
        return Err(AnomalyError::Parameters { problem: "a cycle must have at least two values" });
    }
    if interval.start < period.saturating_mul(2) {
        return Err(AnomalyError::Series { problem: "two full cycles must lie before the interval" });
    }
    let past = series.get(..interval.start.min(series.len())).unwrap_or_default();
    if past.len() < period * 2 {
        return Err(AnomalyError::Series { problem: "two full cycles must lie before the interval" });
    }
    let past = past.get(past.len().saturating_sub(MOST_VALUES)..).unwrap_or_default();
    let judged = series.get(interval.start..interval.end.min(series.len())).unwrap_or_default();
    let factors = search(|factors| squares(&model(past, period, 0, factors).residuals));
    let found = model(past, period, judged.len(), factors);
    let distances: Vec<f64> = found.residuals.iter().map(|residual| residual.abs()).collect();
    let moments = Moments::of(&distances);
    let values = from_count(moments.count);
    let deviation = moments.variance().map_or(0.0, |variance| (variance * values / (values - 1.0)).sqrt());
    let anomalies = judged.iter().zip(&found.forecasts).enumerate();
    Ok(anomalies
        .filter(|(_, (value, forecast))| (*value - *forecast).abs() > DEVIATIONS * deviation)
        .map(|(index, _)| interval.start + index)
        .collect())
}

fn squares(residuals: &[f64]) -> f64 {
    residuals.iter().map(|residual| residual * residual).sum()
}

/// Smooths `past` and goes on for `ahead` values, each forecast taken as if it had come.
fn model(past: &[f64], period: usize, ahead: usize, [level_factor, trend_factor, season_factor]: [f64; 3]) -> Model {
    let cycle = from_count(count(period));
    let first: f64 = past.iter().take(period).sum();
    let second: f64 = past.iter().skip(period).take(period).sum();
    let mut level = first / cycle;
    let mut trend = (second - first) / (cycle * cycle);
    // The season of a value is the one a cycle before it.
    let mut seasons: Vec<f64> = past.iter().take(period).map(|value| value - level).collect();
    let mut residuals = Vec::with_capacity(past.len());
    let mut forecasts = Vec::with_capacity(ahead);
    for index in 0..past.len() + ahead {
        let season = seasons.get(index).copied().unwrap_or_default();
        let expected = level + trend + season;
        let value = if let Some(value) = past.get(index) {
            residuals.push(value - expected);
            *value
        } else {
            forecasts.push(expected);
            expected
        };
        let next_level = level_factor * (value - season) + (1.0 - level_factor) * (level + trend);
        let next_trend = trend_factor * (next_level - level) + (1.0 - trend_factor) * trend;
        seasons.push(season_factor * (value - level - trend) + (1.0 - season_factor) * season);
        (level, trend) = (next_level, next_trend);
    }
    Model { forecasts, residuals }
}

/// The factors, each within 0 and 1, with the least error that the search finds.
fn search(error: impl Fn([f64; 3]) -> f64) -> [f64; 3] {
    let steps = || (0..=GRID_STEPS).map(|step| f64::from(step) / f64::from(GRID_STEPS));
    let grid = steps().flat_map(|a| steps().flat_map(move |b| steps().map(move |c| [a, b, c])));
    let best = grid.map(|point| (error(point), point)).min_by(|left, right| left.0.total_cmp(&right.0));
    let from_start = descend((error(START), START), &error);
    match best {
        Some(best) if best.0 < from_start.0 => {
            let from_grid = descend(best, &error);
            if from_grid.0 < from_start.0 { from_grid.1 } else { from_start.1 }
        }
        _ => from_start.1,
    }
}

fn descend(start: (f64, [f64; 3]), error: &impl Fn([f64; 3]) -> f64) -> (f64, [f64; 3]) {
    let (mut least, mut point) = start;
    let mut step = FIRST_STEP;
    while step > LAST_STEP {
        let explored = explore((least, point), step, error);
        if explored.0 < least {
            // Once more in the direction that helped.
            let ahead = [0, 1, 2].map(|axis| {
                let (now, before): (f64, f64) = (at(explored.1, axis), at(point, axis));
                (2.0 * now - before).clamp(0.0, 1.0)
            });
            let further = explore((error(ahead), ahead), step, error);
            (least, point) = if further.0 < explored.0 { further } else { explored };
        } else {
            step /= 2.0;
        }
    }
    (least, point)
}

fn at(point: [f64; 3], axis: usize) -> f64 {
    point.get(axis).copied().unwrap_or_default()
}

fn explore(start: (f64, [f64; 3]), step: f64, error: &impl Fn([f64; 3]) -> f64) -> (f64, [f64; 3]) {
    let (mut least, mut point) = start;
    for axis in 0..3 {
        for change in [step, -step] {
            let mut moved = point;
            if let Some(factor) = moved.get_mut(axis) {
                *factor = (*factor + change).clamp(0.0, 1.0);
            }
            let found = error(moved);
            if found < least {
                (least, point) = (found, moved);
                break;
            }
        }
    }
    (least, point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season(index: usize) -> f64 {
        [0.0, 3.0, 5.0, 2.0][index % 4]
    }

    #[test]
    fn a_season_with_a_trend_is_expected_and_a_jump_is_not() {
        let noise = |index: usize| f64::from(u32::try_from(index * 7 % 5).unwrap()) / 10.0;
        let mut series: Vec<f64> =
            (0..40).map(|index| season(index) + from_count(count(index)) * 0.5 + noise(index)).collect();
        assert_eq!(detect(&series, 32..40, 4), Ok(vec![]));
        series[36] += 9.0;
        assert_eq!(detect(&series, 32..40, 4), Ok(vec![36]));
    }

    #[test]
    fn two_cycles_of_past_are_needed() {
        let series = [1.0; 30];
        assert!(detect(&series, 13..20, 7).is_err());
        assert!(detect(&series, 14..14, 7).is_err());
        assert!(detect(&[], 14..20, 7).is_err());
        assert!(detect(&[1.0; 3], 14..20, 7).is_err());
        assert_eq!(detect(&series, 14..20, 7), Ok(vec![]));
    }
}
