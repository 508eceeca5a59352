//! How two columns vary together.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::frame::{Numbers, both, chosen};
use crate::value::{count, from_count};

/// Second moments of two columns over the rows where both have a number, merged as in [`super::Moments`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comoments {
    pub(crate) count: u64,
    means: (f64, f64),
    squares: (f64, f64),
    products: f64,
}

impl Comoments {
    pub(super) fn update(&mut self, left: &Numbers, right: &Numbers, filter: Option<&BooleanBuffer>) {
        let valid = both(left.valid.as_ref(), right.valid.as_ref());
        let rows = both(filter, valid.as_ref());
        let (mut left_scratch, mut right_scratch) = (Vec::new(), Vec::new());
        self.merge(&Self::of(
            chosen(&left.values, rows.as_ref(), &mut left_scratch),
            chosen(&right.values, rows.as_ref(), &mut right_scratch),
        ));
    }

    fn of(left: &[f64], right: &[f64]) -> Self {
        if left.is_empty() {
            return Self::default();
        }
        let rows = from_count(count(left.len()));
        let means = (left.iter().sum::<f64>() / rows, right.iter().sum::<f64>() / rows);
        let mut lanes = [[0.0; 4]; 3];
        let [left_squares, right_squares, products] = &mut lanes;
        for (left, right) in left.chunks(4).zip(right.chunks(4)) {
            let sums = left_squares.iter_mut().zip(right_squares.iter_mut()).zip(products.iter_mut());
            for ((left, right), ((left_square, right_square), product)) in left.iter().zip(right).zip(sums) {
                let (from_left, from_right) = (left - means.0, right - means.1);
                *left_square += from_left * from_left;
                *right_square += from_right * from_right;
                *product += from_left * from_right;
            }
        }
        let [left_squares, right_squares, products] = lanes.map(|lane| lane.iter().sum::<f64>());
        Self { count: count(left.len()), means, squares: (left_squares, right_squares), products }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (ours, theirs) = (from_count(self.count), from_count(other.count));
        let weight = ours * theirs / (ours + theirs);
        let distance = (other.means.0 - self.means.0, other.means.1 - self.means.1);
        self.squares.0 += other.squares.0 + distance.0 * distance.0 * weight;
        self.squares.1 += other.squares.1 + distance.1 * distance.1 * weight;
        self.products += other.products + distance.0 * distance.1 * weight;
        self.means.0 += distance.0 * (theirs / (ours + theirs));
        self.means.1 += distance.1 * (theirs / (ours + theirs));
        self.count = self.count.saturating_add(other.count);
    }

    /// Pearson's correlation; NaN when a column does not vary.
    pub(crate) fn correlation(&self) -> Option<f64> {
        (self.count > 0).then(|| self.products / (self.squares.0 * self.squares.1).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_correlate_perfectly_however_they_are_cut() {
        let left: Vec<f64> = (0..100).map(f64::from).collect();
        let right: Vec<f64> = left.iter().map(|value| 3.0 - 2.0 * value).collect();
        let mut merged = Comoments::of(&left[..37], &right[..37]);
        merged.merge(&Comoments::of(&left[37..], &right[37..]));
        assert!((merged.correlation().unwrap() + 1.0).abs() < 1e-12);
        assert!(Comoments::of(&[1.0, 2.0], &[0.0, 0.0]).correlation().unwrap().is_nan());
    }
}
