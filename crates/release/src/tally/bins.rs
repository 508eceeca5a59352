use std::collections::HashMap;

use arrow_array::{Float64Array, StringArray};
use sluice_common::policy::NumberBounds;
use sluice_common::privacy_loss::PrivacyLoss;

use super::steps::{drawn_in, to_f64};
use crate::answer::{Bin, Estimate, Holds, Interval};
use crate::error::ReleaseError;
use crate::mechanism::{ALPHA, Noise, disturb};

/// Rows by what they hold. Every bin is told, empty or not: which bins there are must not depend on the data.
#[derive(Debug)]
pub(crate) struct Bins {
    kind: Kind,
    /// The last one is for everything else.
    counts: Vec<i128>,
    most_rows: i64,
}

#[derive(Debug)]
enum Kind {
    Values { values: Vec<String>, places: HashMap<String, usize> },
    Numbers { bounds: NumberBounds, edges: Vec<f64> },
}

impl Bins {
    pub(crate) fn of_values(values: &[String], most_rows: i64) -> Self {
        let places = values.iter().cloned().zip(0..).collect();
        let counts = vec![0; values.len().saturating_add(1)];
        Self { kind: Kind::Values { values: values.to_vec(), places }, counts, most_rows }
    }

    pub(crate) fn of_numbers(bounds: NumberBounds, bins: u32, most_rows: i64) -> Self {
        let width = (bounds.max - bounds.min) / f64::from(bins);
        let edges: Vec<f64> = (1..bins).map(|edge| bounds.min + width * f64::from(edge)).collect();
        let counts = vec![0; edges.len().saturating_add(2)];
        Self { kind: Kind::Numbers { bounds, edges }, counts, most_rows }
    }

    pub(super) const fn is_of_numbers(&self) -> bool {
        matches!(self.kind, Kind::Numbers { .. })
    }

    pub(super) fn push_numbers(&mut self, numbers: &Float64Array) {
        let Kind::Numbers { edges, .. } = &self.kind else { return };
        for number in numbers {
            let bin =
                number.filter(|number| !number.is_nan()).map(|number| edges.partition_point(|edge| *edge <= number));
            count(&mut self.counts, bin);
        }
    }

    pub(super) fn push_texts(&mut self, texts: &StringArray) {
        let Kind::Values { places, .. } = &self.kind else { return };
        for text in texts {
            count(&mut self.counts, text.and_then(|text| places.get(text).copied()));
        }
    }

    pub(super) fn release(self, loss: PrivacyLoss) -> Result<(Vec<Noise>, Estimate), ReleaseError> {
        let counts = self.counts.iter().copied().map(drawn_in).collect();
        // A row lies in one bin, so all of a person's rows move the counts by no more than there are of them.
        let noisy = disturb(&counts, self.most_rows, loss, ALPHA)?;
        let bins = self.kind.labels().into_iter().zip(&noisy.values).map(|(holds, count)| {
            let estimate = to_f64(*count);
            Bin { holds, estimate, interval: Interval::around(estimate, noisy.accuracy) }
        });
        Ok((vec![noisy.noise], Estimate::Bins(bins.collect())))
    }
}

impl Kind {
    fn labels(self) -> Vec<Holds> {
        let mut labels: Vec<Holds> = match self {
            Self::Values { values, .. } => values.into_iter().map(Holds::Value).collect(),
            Self::Numbers { bounds, edges } => {
                let lows = std::iter::once(bounds.min).chain(edges.iter().copied());
                let highs = edges.iter().copied().chain(std::iter::once(bounds.max));
                lows.zip(highs).map(|(low, high)| Holds::From(low, high)).collect()
            }
        };
        labels.push(Holds::Other);
        labels
    }
}

fn count(counts: &mut [i128], bin: Option<usize>) {
    let other = counts.len().saturating_sub(1);
    if let Some(count) = counts.get_mut(bin.unwrap_or(other)) {
        *count = count.saturating_add(1);
    }
}
