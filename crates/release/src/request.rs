//! What is asked. The bytes of a request are hostile until they were read here.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_common::privacy_loss::{Delta, Epsilon, PrivacyLoss};
use sluice_evidence::canonical;

use crate::error::ReleaseError;

/// The most questions of one request.
pub const MAX_QUERIES: usize = 100;
/// The largest request that is read, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 << 10;

const MAX_NAME_BYTES: usize = 64;

/// Questions that are answered together, or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Names the release for good: asked again, it gives the answers that were given, and costs nothing.
    pub id: String,
    /// The questions.
    pub queries: Vec<Query>,
}

/// One question and what its answer may cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Names the answer; unique in the request.
    pub name: String,
    /// The question.
    pub ask: Ask,
    /// ε of the answer, such as `"0.5"`.
    pub epsilon: Epsilon,
    /// δ of the answer. Set: Gaussian noise. Not set: Laplace noise.
    #[serde(default, skip_serializing_if = "Delta::is_zero")]
    pub delta: Delta,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// How many rows there are.
    Count,
    /// The sum of a column; what is no number adds nothing.
    Sum {
        /// The column.
        column: String,
    },
    /// The mean of a column's numbers.
    Mean {
        /// The column.
        column: String,
    },
    /// How many rows fall into which bin: the policy's categories, or bins of equal width between its bounds.
    Histogram {
        /// The column.
        column: String,
        /// For numbers: how many bins, 1 to 1,000. Default 10.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bins: Option<u32>,
    },
    /// A value below which a share of the column's numbers lies.
    Quantile {
        /// The column.
        column: String,
        /// The share, 0 to 1.
        probability: f64,
    },
}

impl Ask {
    /// The column that is asked about.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Count => None,
            Self::Sum { column }
            | Self::Mean { column }
            | Self::Histogram { column, .. }
            | Self::Quantile { column, .. } => Some(column),
        }
    }
}

impl Query {
    /// What its answer costs.
    pub const fn cost(&self) -> PrivacyLoss {
        PrivacyLoss { epsilon: self.epsilon, delta: self.delta }
    }
}

impl ReleaseRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// When it is too large, not JSON of this shape, or contradicts itself.
    pub fn parse(json: &[u8]) -> Result<Self, ReleaseError> {
        if json.len() > MAX_REQUEST_BYTES {
            return Err(ReleaseError::Request("is larger than 64 KiB"));
        }
        let request: Self = serde_json::from_slice(json).map_err(ReleaseError::Unreadable)?;
        if !is_name(&request.id) {
            return Err(ReleaseError::Request("needs an `id` of 1 to 64 of a-z, 0-9, '_' and '-'"));
        }
        if request.queries.is_empty() || request.queries.len() > MAX_QUERIES {
            return Err(ReleaseError::Request("needs 1 to 100 queries"));
        }
        let mut names = HashSet::new();
        for query in &request.queries {
            let refuse = |problem: &str| ReleaseError::Query { name: shown(&query.name), problem: problem.to_owned() };
            if !is_name(&query.name) {
                return Err(refuse("a name has 1 to 64 of a-z, 0-9, '_' and '-'"));
            }
            if !names.insert(query.name.as_str()) {
                return Err(refuse("the name stands twice"));
            }
            if query.epsilon.is_zero() {
                return Err(refuse("an answer costs something: set `epsilon` above 0"));
            }
            if !query.delta.is_below_one() {
                return Err(refuse("`delta` is a probability of failure: set it far below 1"));
            }
        }
        Ok(request)
    }

    /// SHA-256 of its canonical JSON: the same questions in other words are the same request.
    ///
    /// # Errors
    /// Never for a request that was parsed.
    pub fn sha256(&self) -> Result<Sha256Digest, ReleaseError> {
        let json = canonical::to_vec(self).map_err(|_never| ReleaseError::Request("has no canonical form"))?;
        Ok(Sha256Digest::of(&json))
    }

    /// What all answers together cost, by basic composition; `None` beyond what can be counted.
    pub fn cost(&self) -> Option<PrivacyLoss> {
        self.queries.iter().try_fold(PrivacyLoss::default(), |sum, query| sum.checked_add(query.cost()))
    }
}

fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(inner)
}

fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME_BYTES).flat_map(char::escape_default).collect()
}
