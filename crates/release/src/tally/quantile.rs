use arrow_array::Float64Array;
use sluice_common::policy::NumberBounds;
use sluice_common::privacy_loss::PrivacyLoss;

use super::steps::whole;
use crate::answer::Estimate;
use crate::error::ReleaseError;
use crate::mechanism::{ALPHA, Noise, nearly_least};

/// Values between the bounds, both included, of which one is the answer.
const CANDIDATES: u32 = 1_001;
/// A probability is a whole number of these.
const PARTS: u64 = 10_000;
/// Counts of rows are cut here so that a score fits: far more rows than S3 holds.
const MOST_ROWS: u64 = u64::MAX / PARTS;

/// How many rows lie below and above each candidate. A candidate's score is how far it is from the quantile, in rows times
/// [`PARTS`] (Smith 2011), as in `OpenDP`'s `make_quantile_score_candidates`, but without holding the column in memory.
#[derive(Debug)]
pub(crate) struct Quantile {
    candidates: Vec<f64>,
    /// Numbers that lie in `[candidate i - 1, candidate i)`.
    right_open: Vec<u64>,
    /// Numbers that lie in `(candidate i - 1, candidate i]`.
    left_open: Vec<u64>,
    numerator: u64,
    most_rows: u64,
}

impl Quantile {
    pub(crate) fn new(bounds: NumberBounds, probability: f64, most_rows: i64) -> Self {
        let width = (bounds.max - bounds.min) / f64::from(CANDIDATES - 1);
        let mut candidates: Vec<f64> = (0..CANDIDATES).map(|index| bounds.min + width * f64::from(index)).collect();
        candidates.dedup();
        let empty = vec![0; candidates.len().saturating_add(1)];
        Self {
            right_open: empty.clone(),
            left_open: empty,
            candidates,
            numerator: u64::try_from(whole(probability * 10_000.0)).unwrap_or(0).min(PARTS),
            most_rows: most_rows.unsigned_abs(),
        }
    }

    pub(super) fn push(&mut self, numbers: &Float64Array) {
        for number in numbers.iter().flatten().filter(|number| !number.is_nan()) {
            let below = self.candidates.partition_point(|candidate| *candidate < number);
            let not_above = self.candidates.partition_point(|candidate| *candidate <= number);
            count(&mut self.left_open, below);
            count(&mut self.right_open, not_above);
        }
    }

    pub(super) fn release(self, loss: PrivacyLoss) -> Result<(Vec<Noise>, Estimate), ReleaseError> {
        let scores = self.scores();
        // A row more moves one of the two counts of each candidate by one.
        let sensitivity = self.most_rows.saturating_mul(self.numerator.max(PARTS.saturating_sub(self.numerator)));
        let (chosen, scale) = nearly_least(&scores, sensitivity, loss.epsilon)?;
        let estimate = self.candidates.get(chosen).copied().unwrap_or(f64::NAN);
        // Permute-and-flip is never worse than the exponential mechanism, whose tail this is (McSherry and Talwar 2007).
        let tail = f64::from(CANDIDATES).ln() - ALPHA.ln();
        let rows = |scores: f64| scores / 10_000.0;
        let noise = Noise::PermuteAndFlip { scale: rows(scale) };
        Ok((vec![noise], Estimate::Quantile { estimate, rank_error_rows: rows(scale * tail) }))
    }

    fn scores(&self) -> Vec<u64> {
        let all: u64 = self.left_open.iter().fold(0, |sum, count| sum.saturating_add(*count));
        let (mut below, mut not_above) = (0_u64, 0_u64);
        let counted = self.right_open.iter().zip(&self.left_open).take(self.candidates.len());
        counted
            .map(|(right_open, left_open)| {
                below = below.saturating_add(*right_open);
                not_above = not_above.saturating_add(*left_open);
                let above = all.saturating_sub(not_above);
                let share = PARTS.saturating_sub(self.numerator);
                let ideal = share.saturating_mul(below.min(MOST_ROWS));
                ideal.abs_diff(self.numerator.saturating_mul(above.min(MOST_ROWS)))
            })
            .collect()
    }
}

fn count(counts: &mut [u64], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count = count.saturating_add(1);
    }
}
