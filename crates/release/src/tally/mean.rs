use arrow_array::Float64Array;
use sluice_common::policy::NumberBounds;
use sluice_common::privacy_loss::PrivacyLoss;

use super::steps::{drawn_in, steps, to_f64, whole};
use crate::answer::{Estimate, Interval};
use crate::error::ReleaseError;
use crate::mechanism::{ALPHA, Noise, disturb};

/// A mean, as the sum of distances from the middle of the bounds and a count. From the middle one person moves the sum
/// least.
#[derive(Debug)]
pub(crate) struct Mean {
    bounds: NumberBounds,
    middle: i64,
    from_middle: i128,
    count: i128,
    most_rows: i64,
}

impl Mean {
    pub(crate) fn new(bounds: NumberBounds, most_rows: i64) -> Self {
        let middle = whole(f64::midpoint(bounds.min, bounds.max) / bounds.step);
        Self { bounds, middle, from_middle: 0, count: 0, most_rows }
    }

    pub(super) fn push(&mut self, numbers: &Float64Array) {
        for number in numbers.iter().flatten().filter(|number| !number.is_nan()) {
            let from_middle = steps(number, self.bounds).saturating_sub(self.middle);
            self.from_middle = self.from_middle.saturating_add(from_middle.into());
            self.count = self.count.saturating_add(1);
        }
    }

    pub(super) fn release(self, loss: PrivacyLoss) -> Result<(Vec<Noise>, Estimate), ReleaseError> {
        let Self { bounds, middle, .. } = self;
        let half = PrivacyLoss { epsilon: loss.epsilon.half(), delta: loss.delta.half() };
        let farthest = |bound| steps(bound, bounds).saturating_sub(middle).saturating_abs();
        let most = farthest(bounds.min).max(farthest(bounds.max)).saturating_mul(self.most_rows);
        // Both must hold for the mean's interval to hold.
        let sum = disturb(&vec![drawn_in(self.from_middle)], most, half, ALPHA / 2.0)?;
        let count = disturb(&vec![drawn_in(self.count)], self.most_rows, half, ALPHA / 2.0)?;
        let (total, rows) = (first(&sum.values), first(&count.values));
        let mean = |total: f64, rows: f64| {
            let steps = to_f64(middle) + total / rows.max(1.0);
            (steps * bounds.step).clamp(bounds.min, bounds.max)
        };
        let (few, many) = (rows - count.accuracy, rows + count.accuracy);
        let (least, most) = (total - sum.accuracy, total + sum.accuracy);
        let low = mean(least, if least < 0.0 { few } else { many });
        let high = mean(most, if most < 0.0 { many } else { few });
        let estimate = Estimate::Number { estimate: mean(total, rows), interval: Interval { low, high } };
        Ok((vec![sum.noise.times(bounds.step), count.noise], estimate))
    }
}

fn first(values: &[i64]) -> f64 {
    values.first().copied().map_or(0.0, to_f64)
}
