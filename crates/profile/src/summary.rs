//! What the states of a column amount to.

use jiff::Timestamp;

use crate::number::{count, same, share};
use crate::profile::{
    Bucket, Distinct, Located, NumberValues, Numbers, Outlier, Outliers, Quantile, Repeat, Repeats, TopValues,
    ValueCount,
};
use crate::sketch::{DistinctSample, Extremes, Frequent, KllSketch, Moments, Rows};

/// Frequent values that a profile lists. Deequ's histograms have up to 120 values.
pub(crate) const VALUES: usize = 120;
/// Shapes that a profile lists.
pub(crate) const SHAPES: usize = 10;
/// Outliers that a profile lists.
const OUTLIERS: usize = 10;
/// How many interquartile ranges a number must be away.
const FENCE: f64 = 3.0;
const RANKS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
const BUCKETS: u32 = 20;

pub(crate) fn located(rows: &Rows) -> Located {
    Located { count: rows.count, first_rows: rows.first.clone() }
}

pub(crate) fn repeats(sample: &DistinctSample) -> Repeats {
    let first = sample.repeats().iter().map(|repeat| Repeat { row: repeat.row, first_row: repeat.first_row });
    Repeats { count: sample.repeated_rows(), is_exact: sample.is_exact(), first: first.collect() }
}

/// `present` rows are not NULL, and no more values than that can be different.
pub(crate) fn distinct(sample: &DistinctSample, present: u64) -> Distinct {
    let values = sample.distinct().min(present);
    let once = sample.once().min(values);
    Distinct {
        values,
        once,
        uniqueness: share(once, present),
        is_exact: sample.is_exact(),
        relative_error: sample.relative_error(),
        repeats: repeats(sample),
    }
}

pub(crate) fn time(micros: i64) -> Option<String> {
    Some(Timestamp::from_microsecond(micros).ok()?.to_string())
}

/// The most frequent texts. Where the exact counts of all values are known, they are told.
pub(crate) fn top_values(frequent: &Frequent, exact: Option<&DistinctSample>, most: usize) -> TopValues {
    let known = exact.filter(|sample| sample.is_exact());
    let mut texts = frequent.texts();
    let held = texts.len();
    if let Some(sample) = known {
        for text in &mut texts {
            text.count = sample.times(text.hash).unwrap_or(text.count);
        }
        // What is no longer held occurred at most so often; below that, something may be missing between the others.
        texts.retain(|text| text.count > frequent.error());
        texts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
    }
    let is_complete = frequent.error() == 0 && held <= most;
    texts.truncate(most);
    let values = texts.into_iter().map(|text| ValueCount { value: text.text, is_cut: text.is_cut, count: text.count });
    TopValues { values: values.collect(), error: if known.is_some() { 0 } else { frequent.error() }, is_complete }
}

pub(crate) fn numbers(moments: &Moments, sketch: &KllSketch, extremes: &Extremes) -> Option<Numbers> {
    let (least, greatest) = (extremes.least(), extremes.greatest());
    let (min, max) = (least.first()?.value, greatest.first()?.value);
    let found = sketch.quantiles(&RANKS);
    let quantiles: Vec<Quantile> =
        RANKS.iter().zip(found).filter_map(|(rank, value)| Some(Quantile { rank: *rank, value: value? })).collect();
    Some(Numbers {
        count: moments.count,
        zeros: moments.zeros,
        negative: moments.negative,
        outliers: outliers(&quantiles, extremes),
        values: Some(NumberValues {
            min,
            max,
            mean: moments.mean(),
            sum: moments.sum(),
            standard_deviation: moments.standard_deviation(),
            quantiles,
            rank_error: sketch.rank_error(),
            histogram: histogram(sketch, min, max, BUCKETS),
            sketch: sketch.clone(),
        }),
    })
}

/// `buckets` buckets of equal width from `min` to `max`; one where these are equal or too far apart to be divided.
pub(crate) fn histogram(sketch: &KllSketch, min: f64, max: f64, buckets: u32) -> Vec<Bucket> {
    let width = (max - min) / f64::from(buckets);
    if !width.is_finite() || width <= 0.0 {
        return vec![Bucket { low: min, high: max, count: sketch.seen() }];
    }
    let bounds: Vec<f64> = (1..buckets).map(|index| width.mul_add(f64::from(index), min)).collect();
    let below = sketch.counts_below(&bounds);
    let lows = std::iter::once(min).chain(bounds.iter().copied());
    let highs = bounds.iter().copied().chain([max]);
    let starts = std::iter::once(0).chain(below.iter().copied());
    let ends = below.iter().copied().chain([sketch.seen()]);
    let buckets = lows.zip(highs).zip(starts.zip(ends));
    buckets.map(|((low, high), (start, end))| Bucket { low, high, count: end.saturating_sub(start) }).collect()
}

fn outliers(quantiles: &[Quantile], extremes: &Extremes) -> Outliers {
    let at = |rank| quantiles.iter().find(|quantile| same(quantile.rank, rank)).map(|quantile| quantile.value);
    let (Some(first), Some(third)) = (at(0.25), at(0.75)) else { return Outliers::default() };
    let range = third - first;
    let none = Outliers { is_exact: true, ..Outliers::default() };
    if !range.is_finite() || range <= 0.0 {
        return none;
    }
    let (low, high) = (FENCE.mul_add(-range, first), FENCE.mul_add(range, third));
    let least = extremes.least();
    let greatest = extremes.greatest();
    let below: Vec<_> = least.iter().filter(|placed| placed.value < low).collect();
    let above: Vec<_> = greatest.iter().filter(|placed| placed.value > high).collect();
    // An end that is outlying to its last number may go on.
    let is_exact =
        (below.is_empty() || below.len() < least.len()) && (above.is_empty() || above.len() < greatest.len());
    let mut first: Vec<(f64, Outlier)> = Vec::new();
    first.extend(below.iter().map(|placed| (low - placed.value, placed.row, placed.value)).map(far));
    first.extend(above.iter().map(|placed| (placed.value - high, placed.row, placed.value)).map(far));
    first.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.row.cmp(&b.1.row)));
    first.truncate(OUTLIERS);
    Outliers {
        count: count(below.len() + above.len()),
        is_exact,
        first: first.into_iter().map(|(_, outlier)| outlier).collect(),
        fences: Some((low, high)),
    }
}

fn far((distance, row, value): (f64, u64, f64)) -> (f64, Outlier) {
    (distance, Outlier { row, value: Some(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_every_number_once() {
        let mut sketch = KllSketch::new(64);
        (0..10_000).for_each(|value| sketch.add(f64::from(value)));
        let buckets = histogram(&sketch, 0.0, 9_999.0, 20);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 10_000);
        assert!(buckets.windows(2).all(|pair| same(pair[0].high, pair[1].low)));
        assert_eq!(histogram(&sketch, 5.0, 5.0, 20).len(), 1);
        assert_eq!(histogram(&sketch, f64::MIN, f64::MAX, 20).len(), 1);
    }
}
