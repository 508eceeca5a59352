//! Runs of Data Quality: `StartDataQualityRulesetEvaluationRun` and what became of them.

use async_trait::async_trait;
use aws_sdk_glue::operation::get_data_quality_ruleset_evaluation_run::GetDataQualityRulesetEvaluationRunOutput;
use aws_sdk_glue::types::{DataQualityRuleResult, DataQualityRuleResultStatus, DataSource, GlueTable, TaskStatusType};
use sluice_common::port::{
    CatalogError, QualityRunRequest, QualityRunResult, QualityRunRule, QualityRunStatus, QualityRuns,
};

use super::GlueCatalog;
use crate::error::Failure;

const START: &str = "StartDataQualityRulesetEvaluationRun";
const STATUS: &str = "GetDataQualityRulesetEvaluationRun";
const RESULT: &str = "GetDataQualityResult";
/// A run that lasts longer is stopped by Glue (minutes). Its own default is 2,880.
const TIMEOUT_MINUTES: i32 = 240;

#[async_trait]
impl QualityRuns for GlueCatalog {
    async fn start(&self, request: &QualityRunRequest) -> Result<String, CatalogError> {
        self.keep_ruleset(request).await?;
        let table = GlueTable::builder().database_name(&request.database).table_name(&request.table).build();
        let table = table.map_err(|_missing_field| incomplete(START))?;
        let answer = self
            .client
            .start_data_quality_ruleset_evaluation_run()
            .data_source(DataSource::builder().glue_table(table).build())
            .role(&request.role_arn)
            .number_of_workers(i32::from(request.workers))
            .timeout(TIMEOUT_MINUTES)
            .client_token(&request.token)
            .ruleset_names(&request.ruleset_name)
            .send()
            .await
            .map_err(|error| Failure::from(error).catalog(START, &request.table))?;
        answer.run_id.ok_or_else(|| incomplete(START))
    }

    async fn status(&self, run_id: &str) -> Result<QualityRunStatus, CatalogError> {
        let call = self.client.get_data_quality_ruleset_evaluation_run().run_id(run_id);
        let run = call.send().await.map_err(|error| Failure::from(error).catalog(STATUS, run_id))?;
        status_of(run)
    }

    async fn result(&self, result_id: &str) -> Result<QualityRunResult, CatalogError> {
        let call = self.client.get_data_quality_result().result_id(result_id);
        let result = call.send().await.map_err(|error| Failure::from(error).catalog(RESULT, result_id))?;
        let rules = result.rule_results.ok_or_else(|| incomplete(RESULT))?;
        Ok(QualityRunResult { rules: rules.into_iter().map(rule).collect() })
    }
}

impl GlueCatalog {
    /// Keeps a ruleset under its name, which changes with its text: one that is there already is this one.
    async fn keep_ruleset(&self, request: &QualityRunRequest) -> Result<(), CatalogError> {
        let operation = "CreateDataQualityRuleset";
        let call = self.client.create_data_quality_ruleset().name(&request.ruleset_name).ruleset(&request.ruleset);
        match call.send().await.map_err(Failure::from) {
            Ok(_created) => Ok(()),
            Err(failure) if failure.code == "AlreadyExistsException" => Ok(()),
            Err(failure) => Err(failure.catalog(operation, &request.ruleset_name)),
        }
    }
}

fn status_of(run: GetDataQualityRulesetEvaluationRunOutput) -> Result<QualityRunStatus, CatalogError> {
    Ok(match run.status {
        Some(TaskStatusType::Succeeded) => {
            QualityRunStatus::Succeeded { result_ids: run.result_ids.unwrap_or_default() }
        }
        Some(TaskStatusType::Failed) => QualityRunStatus::Ended { status: "FAILED" },
        Some(TaskStatusType::Stopped) => QualityRunStatus::Ended { status: "STOPPED" },
        Some(TaskStatusType::Timeout) => QualityRunStatus::Ended { status: "TIMEOUT" },
        Some(TaskStatusType::Starting | TaskStatusType::Running | TaskStatusType::Stopping) => {
            QualityRunStatus::Running
        }
        // A word that this release does not know says nothing about the data.
        _ => return Err(incomplete(STATUS)),
    })
}

/// `Description` holds the rule, `Name` its number. A status that is neither pass nor fail is no judgement.
fn rule(result: DataQualityRuleResult) -> QualityRunRule {
    QualityRunRule {
        rule: result.description.or(result.name).unwrap_or_default(),
        holds: match result.result {
            Some(DataQualityRuleResultStatus::Pass) => Some(true),
            Some(DataQualityRuleResultStatus::Fail) => Some(false),
            _ => None,
        },
        message: result.evaluation_message,
        metrics: result.evaluated_metrics.unwrap_or_default().into_iter().collect(),
    }
}

fn incomplete(operation: &'static str) -> CatalogError {
    CatalogError::Other { operation, code: "IncompleteAnswer".to_owned(), source: None }
}
