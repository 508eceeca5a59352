//! Skewness, kurtosis and zeros of a column.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use super::extent::sum_of;
use crate::frame::{Numbers, both, chosen};
use crate::value::{count, from_count, same};

/// Central moments up to the fourth, merged by the formulas of P. Pébay (Sandia report SAND2008-6212).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) count: u64,
    /// Values equal to zero.
    pub(crate) zeros: u64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Shape {
    pub(super) fn update(&mut self, numbers: &Numbers, filter: Option<&BooleanBuffer>) {
        let rows = both(filter, numbers.valid.as_ref());
        let mut scratch = Vec::new();
        self.merge(&Self::of(chosen(&numbers.values, rows.as_ref(), &mut scratch)));
    }

    fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = sum_of(values, |value| value) / from_count(count(values.len()));
        Self {
            count: count(values.len()),
            zeros: count(values.iter().filter(|value| same(**value, 0.0)).count()),
            mean,
            second: sum_of(values, |value| (value - mean).powi(2)),
            third: sum_of(values, |value| (value - mean).powi(3)),
            fourth: sum_of(values, |value| (value - mean).powi(4)),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (from_count(self.count), from_count(other.count));
        let total = a + b;
        let d = other.mean - self.mean;
        let fourth = self.fourth
            + other.fourth
            + d.powi(4) * a * b * (a * a - a * b + b * b) / total.powi(3)
            + 6.0 * d * d * (a * a * other.second + b * b * self.second) / (total * total)
            + 4.0 * d * (a * other.third - b * self.third) / total;
        let third = self.third
            + other.third
            + d.powi(3) * a * b * (a - b) / (total * total)
            + 3.0 * d * (a * other.second - b * self.second) / total;
        self.second += other.second + d * d * a * b / total;
        self.third = third;
        self.fourth = fourth;
        self.mean += d * b / total;
        self.count = self.count.saturating_add(other.count);
        self.zeros = self.zeros.saturating_add(other.zeros);
    }

    /// The skewness of the population; 0 when all values are equal.
    pub(crate) fn skewness(&self) -> Option<f64> {
        let count = from_count(self.count);
        (self.count > 0)
            .then(|| if self.second > 0.0 { count.sqrt() * self.third / self.second.powf(1.5) } else { 0.0 })
    }

    /// The excess kurtosis of the population; 0 when all values are equal.
    pub(crate) fn kurtosis(&self) -> Option<f64> {
        let count = from_count(self.count);
        (self.count > 0)
            .then(|| if self.second > 0.0 { count * self.fourth / (self.second * self.second) - 3.0 } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn however_rows_are_split_the_shape_is_the_same(values in prop::collection::vec(-1e3..1e3f64, 2..100), cut in 0usize..100) {
            let whole = Shape::of(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = Shape::of(left);
            merged.merge(&Shape::of(right));
            let close = |left: f64, right: f64| (left - right).abs() <= 1e-6 * left.abs().max(1.0);
            prop_assert!(close(merged.skewness().unwrap(), whole.skewness().unwrap()));
            prop_assert!(close(merged.kurtosis().unwrap(), whole.kurtosis().unwrap()));
        }
    }

    #[test]
    fn known_shapes() {
        let skewed = Shape::of(&[0.0, 0.0, 0.0, 1.0]);
        assert!((skewed.skewness().unwrap() - 1.154_700_538_379_251_7).abs() < 1e-12);
        assert_eq!(skewed.zeros, 3);
        assert_eq!(Shape::of(&[5.0; 4]).kurtosis(), Some(0.0));
    }
}
