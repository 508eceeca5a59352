//! Glue: curated tables and their statistics in the Data Catalog, tables that rules look up, rulesets of Data Quality.

mod catalog;
mod column_statistics;
mod quality_run;
#[cfg(test)]
mod quality_run_tests;
mod ruleset;
mod statistics;
#[cfg(test)]
mod statistics_tests;
mod storage;
#[cfg(test)]
mod storage_tests;
mod table;
#[cfg(test)]
mod tests;

/// The Glue Data Catalog of the account, and its rulesets.
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    client: aws_sdk_glue::Client,
}

impl GlueCatalog {
    pub(crate) fn new(client: aws_sdk_glue::Client) -> Self {
        Self { client }
    }
}
