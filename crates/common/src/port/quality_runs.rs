use std::collections::BTreeMap;

use async_trait::async_trait;

use super::CatalogError;

/// A run of AWS Glue Data Quality that is to judge a table of the Glue Data Catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityRunRequest {
    /// The same token again is the same run (`ClientToken`).
    pub token: String,
    /// The name under which Glue keeps the ruleset. It must change with the text.
    pub ruleset_name: String,
    /// DQDL.
    pub ruleset: String,
    /// The Glue database.
    pub database: String,
    /// Its table.
    pub table: String,
    /// The role that Glue reads with.
    pub role_arn: String,
    /// `G.1X` workers, from 2.
    pub workers: u16,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QualityRunStatus {
    /// It starts, runs or is being stopped.
    Running,
    /// It ended with these results.
    Succeeded {
        /// One for each ruleset.
        result_ids: Vec<String>,
    },
    /// It ended without a result.
    Ended {
        /// `FAILED`, `STOPPED` or `TIMEOUT`.
        status: &'static str,
    },
}

/// What a run made of a ruleset: `GetDataQualityResult`.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityRunResult {
    /// Outcomes in the order of the ruleset.
    pub rules: Vec<QualityRunRule>,
}

/// What it made of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityRunRule {
    /// The rule as Glue prints it.
    pub rule: String,
    /// Whether it holds; `None`: it could not be judged.
    pub holds: Option<bool>,
    /// Glue's words.
    pub message: Option<String>,
    /// Metrics by name.
    pub metrics: BTreeMap<String, f64>,
}

/// Runs of AWS Glue Data Quality.
#[async_trait]
pub trait QualityRuns: Send + Sync {
    /// Starts a run and gives its id. The same request again gives the same run.
    async fn start(&self, request: &QualityRunRequest) -> Result<String, CatalogError>;

    /// How far a run is: `GetDataQualityRulesetEvaluationRun`.
    async fn status(&self, run_id: &str) -> Result<QualityRunStatus, CatalogError>;

    /// A result.
    async fn result(&self, result_id: &str) -> Result<QualityRunResult, CatalogError>;
}
