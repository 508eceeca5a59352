//! What may be told.

use serde::{Deserialize, Serialize};
use sluice_common::privacy_loss::PrivacyLoss;

use crate::mechanism::Noise;
use crate::request::Ask;

/// All answers to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// What all answers together cost.
    pub cost: PrivacyLoss,
    /// The answers in the order of the questions. Intervals hold with 95 % confidence each.
    pub released: Vec<Released>,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Released {
    /// The query's name.
    pub name: String,
    /// The question.
    pub ask: Ask,
    /// What it cost.
    pub cost: PrivacyLoss,
    /// The noise; for a mean that of the sum and that of the count.
    pub noise: Vec<Noise>,
    /// The answer.
    pub result: Estimate,
}

/// An answer's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Estimate {
    /// A number.
    Number {
        /// The estimate.
        estimate: f64,
        /// Where the true one lies.
        interval: Interval,
    },
    /// Counts of rows.
    Bins(Vec<Bin>),
    /// A quantile.
    Quantile {
        /// The estimate: one of 1,000 values at equal distances between the policy's bounds.
        estimate: f64,
        /// With 95 % confidence no other of these values has a rank nearer to the one asked for by more than so many rows.
        rank_error_rows: f64,
    },
}

/// Where a true value lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Not below.
    pub low: f64,
    /// Not above.
    pub high: f64,
}

/// A bin of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// What falls into it.
    pub holds: Holds,
    /// How many rows.
    pub estimate: f64,
    /// Where the true number lies.
    pub interval: Interval,
}

/// What falls into a bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Holds {
    /// A category.
    Value(String),
    /// Numbers from the first, up to the second; the outer bins also hold what lies beyond the bounds.
    From(f64, f64),
    /// Whatever else: other values, none, or no number.
    Other,
}

impl Interval {
    /// An estimate, give or take.
    pub(crate) fn around(estimate: f64, accuracy: f64) -> Self {
        Self { low: estimate - accuracy, high: estimate + accuracy }
    }
}
