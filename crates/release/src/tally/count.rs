use sluice_common::privacy_loss::PrivacyLoss;

use super::steps::{drawn_in, to_f64};
use crate::answer::{Estimate, Interval};
use crate::error::ReleaseError;
use crate::mechanism::{ALPHA, Noise, disturb};

/// Rows.
#[derive(Debug)]
pub(crate) struct Count {
    rows: i128,
    /// Rows of one person.
    most_rows: i64,
}

impl Count {
    pub(crate) const fn new(most_rows: i64) -> Self {
        Self { rows: 0, most_rows }
    }

    pub(super) fn push(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(i128::try_from(rows).unwrap_or(i128::MAX));
    }

    pub(super) fn release(self, loss: PrivacyLoss) -> Result<(Vec<Noise>, Estimate), ReleaseError> {
        let noisy = disturb(&vec![drawn_in(self.rows)], self.most_rows, loss, ALPHA)?;
        let estimate = noisy.values.first().copied().map_or(0.0, to_f64);
        let interval = Interval::around(estimate, noisy.accuracy);
        Ok((vec![noisy.noise], Estimate::Number { estimate, interval }))
    }
}
