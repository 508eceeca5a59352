//! `GetDataQualityRuleset`.

use async_trait::async_trait;
use sluice_common::port::{CatalogError, RulesetSource};

use super::GlueCatalog;
use crate::error::Failure;

#[async_trait]
impl RulesetSource for GlueCatalog {
    async fn ruleset(&self, name: &str) -> Result<String, CatalogError> {
        let operation = "GetDataQualityRuleset";
        let answer = self
            .client
            .get_data_quality_ruleset()
            .name(name)
            .send()
            .await
            .map_err(|error| Failure::from(error).catalog(operation, name))?;
        answer.ruleset.ok_or_else(|| CatalogError::Other {
            operation,
            code: "IncompleteAnswer".to_owned(),
            source: None,
        })
    }
}
