//! Quantiles within an error, in memory that does not grow with the rows.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::frame::{Numbers, both, chosen};
use crate::value::{count, from_count};

/// The sketch of Z. Karnin, K. Lang and E. Liberty ("Optimal Quantile Approximation in Streams", FOCS 2016): a value of
/// level `h` stands for 2^h values; a full level is sorted and every second value of it moves up.
///
/// Which half moves is drawn from a generator with a fixed start, so that the same table gives the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct QuantileSketch {
    size: u16,
    pub(crate) count: u64,
    least: f64,
    greatest: f64,
    levels: Vec<Vec<f64>>,
    draws: u64,
}

const LEAST_LEVEL: usize = 8;
const MOST_LEVELS: usize = 60;
const SHRINK: f64 = 2.0 / 3.0;

impl QuantileSketch {
    /// A sketch whose highest level holds `size` values.
    pub(crate) fn new(size: u16) -> Self {
        Self {
            size: size.max(8),
            count: 0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            levels: vec![Vec::new()],
            draws: 0,
        }
    }

    /// The size whose ranks are within `error` of the true ones with a probability of 99 %; a third of it is aimed at.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range before")]
    pub(crate) fn size_for(error: f64) -> u16 {
        (2.296 / (error / 3.0)).powf(1.0 / 0.9723).ceil().clamp(64.0, 32_768.0) as u16
    }

    pub(super) fn update(&mut self, numbers: &Numbers, filter: Option<&BooleanBuffer>) {
        let rows = both(filter, numbers.valid.as_ref());
        let mut scratch = Vec::new();
        for value in chosen(&numbers.values, rows.as_ref(), &mut scratch) {
            self.add(*value);
        }
    }

    fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.count += 1;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        if let Some(level) = self.levels.first_mut() {
            level.push(value);
            if level.len() > usize::from(self.size) {
                self.compress();
            }
        }
    }

    fn capacity(&self, level: usize) -> usize {
        let below_top = i32::try_from(self.levels.len() - 1 - level).unwrap_or(i32::MAX);
        let wanted = f64::from(self.size) * SHRINK.powi(below_top);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 65,535 and positive")]
        let wanted = wanted.ceil() as usize;
        wanted.max(LEAST_LEVEL)
    }

    fn compress(&mut self) {
        let mut level = 0;
        while level < self.levels.len() {
            let too_many = self.levels.get(level).is_some_and(|values| values.len() > self.capacity(level));
            if too_many && level + 1 < MOST_LEVELS {
                if level + 1 == self.levels.len() {
                    self.levels.push(Vec::new());
                }
                let odd = self.draw();
                let (lower, upper) = self.levels.split_at_mut(level + 1);
                if let (Some(values), Some(above)) = (lower.last_mut(), upper.first_mut()) {
                    values.sort_unstable_by(f64::total_cmp);
                    let left_over = if values.len() % 2 == 1 { values.pop() } else { None };
                    above.extend(values.iter().skip(usize::from(odd)).step_by(2));
                    values.clear();
                    values.extend(left_over);
                }
            }
            level += 1;
        }
    }

    /// One bit of splitmix64 (S. Vigna).
    const fn draw(&mut self) -> bool {
        self.draws = self.draws.wrapping_add(1);
        let mut word = self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) & 1 == 1
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        for (level, values) in other.levels.iter().take(MOST_LEVELS).enumerate() {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            if let Some(ours) = self.levels.get_mut(level) {
                ours.extend(values.iter().filter(|value| !value.is_nan()));
            }
        }
        self.compress();
    }

    /// Values with how many each stands for, ascending.
    fn weighted(&self) -> Vec<(f64, u64)> {
        let mut weighted: Vec<(f64, u64)> = self
            .levels
            .iter()
            .take(MOST_LEVELS)
            .enumerate()
            .flat_map(|(level, values)| values.iter().map(move |value| (*value, 1 << level)))
            .collect();
        weighted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        weighted
    }

    /// A value that was seen, whose rank is about `quantile` (0 to 1) of all values: the lower of two.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        if quantile <= 0.0 {
            return Some(self.least);
        }
        let weighted = self.weighted();
        let total = weighted.iter().fold(0u64, |total, (_, weight)| total.saturating_add(*weight));
        let wanted = quantile * from_count(total);
        let mut seen = 0u64;
        for (value, weight) in weighted {
            seen = seen.saturating_add(weight);
            if from_count(seen) >= wanted {
                return Some(value);
            }
        }
        Some(self.greatest)
    }

    /// Least and greatest value.
    pub(crate) fn extent(&self) -> Option<(f64, f64)> {
        (self.count > 0).then_some((self.least, self.greatest))
    }

    /// About how many values there are in each bucket between neighbouring `edges`; the last takes in its upper edge.
    pub(crate) fn buckets(&self, edges: &[f64]) -> Vec<u64> {
        let mut buckets = vec![0u64; edges.len().saturating_sub(1)];
        for (value, weight) in self.weighted() {
            let above = edges.partition_point(|edge| *edge <= value);
            let last = buckets.len().saturating_sub(1);
            if let Some(bucket) = buckets.get_mut(above.saturating_sub(1).min(last)) {
                *bucket = bucket.saturating_add(weight);
            }
        }
        buckets
    }

    /// Whether a stored sketch can be used: levels, sizes and weights are bounded and fit the count.
    pub(super) fn is_sound(&self) -> bool {
        let weights = self.levels.iter().take(MOST_LEVELS).enumerate().try_fold(0u64, |total, (level, values)| {
            count(values.len()).checked_mul(1 << level).and_then(|weight| total.checked_add(weight))
        });
        (1..=MOST_LEVELS).contains(&self.levels.len())
            && self.size >= 8
            && self.levels.iter().flatten().all(|value| !value.is_nan())
            && weights == Some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(values: impl Iterator<Item = f64>, size: u16) -> QuantileSketch {
        let mut sketch = QuantileSketch::new(size);
        values.for_each(|value| sketch.add(value));
        sketch
    }

    #[test]
    fn small_tables_are_exact_and_answers_are_values_that_were_seen() {
        let small = sketch((1..=6).map(f64::from), 64);
        assert_eq!(small.quantile(0.5), Some(3.0));
        assert_eq!((small.quantile(0.0), small.quantile(1.0)), (Some(1.0), Some(6.0)));
        assert_eq!(small.buckets(&[1.0, 3.0, 6.0]), [2, 4]);
        assert_eq!(QuantileSketch::new(8).quantile(0.5), None);
    }

    #[test]
    fn ranks_are_within_the_error_of_a_million_values() {
        let size = QuantileSketch::size_for(0.01);
        let large = sketch((0..1_000_000u64).map(|value| from_count(value * 7_919 % 1_000_000)), size);
        assert_eq!(large.count, 1_000_000);
        assert!(large.levels.iter().map(Vec::len).sum::<usize>() < 4 * usize::from(size));
        for quantile in [0.01, 0.25, 0.5, 0.75, 0.99] {
            let found = large.quantile(quantile).unwrap() / 1e6;
            assert!((found - quantile).abs() < 0.01, "{quantile}: {found}");
        }
    }

    proptest! {
        #[test]
        fn merged_parts_keep_count_extent_and_ranks(values in prop::collection::vec(-1e6..1e6f64, 1..3000), cut in 0usize..3000) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = sketch(left.iter().copied(), 200);
            merged.merge(&sketch(right.iter().copied(), 200));
            prop_assert!(merged.is_sound());
            prop_assert_eq!(merged.count, count(values.len()));
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(merged.extent(), Some((sorted[0], sorted[sorted.len() - 1])));
            let median = merged.quantile(0.5).unwrap();
            let rank = from_count(count(sorted.partition_point(|value| *value <= median))) / from_count(count(sorted.len()));
            prop_assert!((rank - 0.5).abs() <= 0.06 + 1.0 / from_count(count(sorted.len())), "{}", rank);
        }
    }
}
