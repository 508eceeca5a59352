use serde::{Deserialize, Serialize};

/// How easily people are found again in what was written; in a statement that withholds, in what would have been. Figures
/// that are no counts are decimals with three digits after the point, so that the same table gives the same statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskFigures {
    /// Classes of rows that agree in all quasi-identifiers.
    pub classes: u64,
    /// Rows that are alone in their class.
    pub unique_rows: u64,
    /// The least rows of a class that the policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_k: Option<u64>,
    /// Rows in smaller classes.
    pub rows_below_min_k: u64,
    /// Of each sensitive column, in the policy's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diversity: Vec<DiversityFigures>,
    /// What was done about classes that were too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<RiskRemedy>,
}

/// How much a class tells of a sensitive value, at worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiversityFigures {
    /// The sensitive column, as the policy names it.
    pub column: String,
    /// Distinct l.
    pub distinct_l: u64,
    /// Entropy l.
    pub entropy_l: String,
    /// t; absent when the column has too many different values to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closeness_t: Option<String>,
}

/// What was done about classes that were too small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RiskRemedy {
    /// `suppressed`: their rows were left out. `generalized`: quasi-identifiers were made one step coarser.
    pub action: String,
    /// k before.
    pub k_before: u64,
    /// Rows left out.
    pub rows_suppressed: u64,
}
