use arrow_array::Float64Array;
use sluice_common::policy::NumberBounds;
use sluice_common::privacy_loss::PrivacyLoss;

use super::steps::{drawn_in, steps, to_f64};
use crate::answer::{Estimate, Interval};
use crate::error::ReleaseError;
use crate::mechanism::{ALPHA, Noise, disturb};

/// The sum of a column, in steps.
#[derive(Debug)]
pub(crate) struct Sum {
    bounds: NumberBounds,
    steps: i128,
    most_rows: i64,
}

impl Sum {
    pub(crate) const fn new(bounds: NumberBounds, most_rows: i64) -> Self {
        Self { bounds, steps: 0, most_rows }
    }

    pub(super) fn push(&mut self, numbers: &Float64Array) {
        for number in numbers.iter().flatten().filter(|number| !number.is_nan()) {
            self.steps = self.steps.saturating_add(steps(number, self.bounds).into());
        }
    }

    pub(super) fn release(self, loss: PrivacyLoss) -> Result<(Vec<Noise>, Estimate), ReleaseError> {
        let Self { bounds, .. } = self;
        let most = steps(bounds.min, bounds).saturating_abs().max(steps(bounds.max, bounds).saturating_abs());
        let noisy = disturb(&vec![drawn_in(self.steps)], most.saturating_mul(self.most_rows), loss, ALPHA)?;
        let estimate = noisy.values.first().copied().map_or(0.0, to_f64) * bounds.step;
        let interval = Interval::around(estimate, noisy.accuracy * bounds.step);
        Ok((vec![noisy.noise.times(bounds.step)], Estimate::Number { estimate, interval }))
    }
}
