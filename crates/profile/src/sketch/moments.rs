//! Count, sum, mean and deviation of numbers.

use crate::number::from_count;

/// Moments up to the second, by Welford's recurrence; merged by the formula of Chan, Golub and `LeVeque` (1979).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) zeros: u64,
    pub(crate) negative: u64,
    mean: f64,
    second: f64,
    total: f64,
    lost: f64,
}

impl Moments {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        self.zeros += u64::from(value.abs() <= 0.0);
        self.negative += u64::from(value < 0.0);
        let away = value - self.mean;
        self.mean += away / from_count(self.count);
        self.second += away * (value - self.mean);
        self.add_to_sum(value);
    }

    /// Compensated (A. Neumaier, 1974).
    #[inline]
    fn add_to_sum(&mut self, value: f64) {
        let total = self.total + value;
        if total.is_finite() {
            self.lost += if self.total.abs() >= value.abs() {
                (self.total - total) + value
            } else {
                (value - total) + self.total
            };
        }
        self.total = total;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (ours, theirs) = (from_count(self.count), from_count(other.count));
        let away = other.mean - self.mean;
        self.mean += away * theirs / (ours + theirs);
        self.second += other.second + away * away * ours * theirs / (ours + theirs);
        self.count += other.count;
        self.zeros += other.zeros;
        self.negative += other.negative;
        self.add_to_sum(other.total);
        self.lost += other.lost;
    }

    pub(crate) fn sum(&self) -> f64 {
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum() / from_count(self.count.max(1))
    }

    /// Of the population, as Deequ has it.
    pub(crate) fn standard_deviation(&self) -> f64 {
        (self.second.max(0.0) / from_count(self.count.max(1))).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.add(*value);
        }
        moments
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(values in prop::collection::vec(-1e6..1e6f64, 1..200), cut in 0usize..200) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let whole = of(&values);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
            prop_assert_eq!(merged.count, whole.count);
            prop_assert!(close(merged.mean(), whole.mean()));
            prop_assert!(close(merged.standard_deviation(), whole.standard_deviation()));
        }
    }

    #[test]
    fn deviation_is_of_the_population() {
        let moments = of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert!((moments.standard_deviation() - 2.0).abs() < 1e-12);
        assert!((of(&[0.1; 10]).sum() - 1.0).abs() < 1e-15);
        assert_eq!((of(&[0.0, -0.0, -1.0]).zeros, of(&[0.0, -0.0, -1.0]).negative), (2, 1));
    }
}
