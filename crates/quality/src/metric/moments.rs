//! Count, sum, mean, variance, least and greatest number of a column.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use super::extent::{Sum, extent, sum_of};
use crate::frame::{Numbers, both, chosen};
use crate::value::{count, from_count};

/// First and second moments. Blocks are measured in two passes over values that are in cache, and merged by the formula
/// of T. F. Chan, G. H. Golub and R. J. `LeVeque` (1979), which stays exact where sums of squares cancel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    /// Cells that were neither NULL nor a number.
    pub(crate) rejected: u64,
    sum: Sum,
    mean: f64,
    squares: f64,
    least: f64,
    greatest: f64,
}

impl Moments {
    pub(crate) fn update(&mut self, numbers: &Numbers, filter: Option<&BooleanBuffer>) {
        let rows = both(filter, numbers.valid.as_ref());
        let mut scratch = Vec::new();
        let mut block = Self::of(chosen(&numbers.values, rows.as_ref(), &mut scratch));
        block.rejected = numbers.rejected;
        self.merge(&block);
    }

    /// The moments of some numbers.
    pub(crate) fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let found = extent(values);
        let mean = found.sum / from_count(count(values.len()));
        let mut sum = Sum::default();
        sum.add(found.sum);
        Self {
            count: count(values.len()),
            rejected: 0,
            sum,
            mean,
            squares: sum_of(values, |value| (value - mean) * (value - mean)),
            least: found.least,
            greatest: found.greatest,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.rejected = self.rejected.saturating_add(other.rejected);
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = Self { rejected: self.rejected, ..*other };
            return;
        }
        let (ours, theirs) = (from_count(self.count), from_count(other.count));
        let distance = other.mean - self.mean;
        self.squares += other.squares + distance * distance * (ours * theirs / (ours + theirs));
        self.mean += distance * (theirs / (ours + theirs));
        self.sum.merge(&other.sum);
        self.count = self.count.saturating_add(other.count);
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    pub(crate) fn sum(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.value())
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / from_count(self.count))
    }

    /// The variance of the population.
    pub(crate) fn variance(&self) -> Option<f64> {
        (self.count > 0).then(|| self.squares / from_count(self.count))
    }

    /// The standard deviation of the population.
    pub(crate) fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    pub(crate) fn least(&self) -> Option<f64> {
        (self.count > 0).then_some(self.least)
    }

    pub(crate) fn greatest(&self) -> Option<f64> {
        (self.count > 0).then_some(self.greatest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
    }

    proptest! {
        #[test]
        fn however_rows_are_split_the_moments_are_the_same(values in prop::collection::vec(-1e6..1e6f64, 1..200), cut in 0usize..200) {
            let whole = Moments::of(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = Moments::of(left);
            merged.merge(&Moments::of(right));
            prop_assert_eq!(merged.count, whole.count);
            prop_assert_eq!(merged.least(), whole.least());
            prop_assert_eq!(merged.greatest(), whole.greatest());
            prop_assert!(close(merged.sum().unwrap(), whole.sum().unwrap()));
            prop_assert!(close(merged.variance().unwrap(), whole.variance().unwrap()));
        }
    }

    #[test]
    fn a_large_offset_does_not_swallow_the_variance() {
        let values: Vec<f64> = [4.0, 7.0, 13.0, 16.0].iter().map(|value| value + 1e9).collect();
        assert_eq!(Moments::of(&values).variance(), Some(22.5));
    }

    #[test]
    fn nothing_has_no_moments() {
        assert_eq!(Moments::default().mean(), None);
        assert_eq!(Moments::default().least(), None);
    }
}
