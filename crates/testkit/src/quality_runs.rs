use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::port::{
    CatalogError, QualityRunRequest, QualityRunResult, QualityRunRule, QualityRunStatus, QualityRuns,
};

use crate::locked;

/// AWS Glue Data Quality in memory. Runs last until the test ends them. Clones share the content.
#[derive(Debug, Clone, Default)]
pub struct MemoryQualityRuns(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    requests: Vec<QualityRunRequest>,
    end: Option<Result<Vec<QualityRunRule>, &'static str>>,
}

impl MemoryQualityRuns {
    /// Without runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// The runs that were started, in order.
    pub fn requests(&self) -> Vec<QualityRunRequest> {
        locked(&self.0).requests.clone()
    }

    /// Ends every run with these outcomes, whether each rule holds.
    pub fn succeed(&self, rules: impl IntoIterator<Item = (&'static str, Option<bool>)>) {
        let rule = |(rule, holds): (&str, _)| QualityRunRule {
            rule: rule.to_owned(),
            holds,
            message: None,
            metrics: BTreeMap::new(),
        };
        locked(&self.0).end = Some(Ok(rules.into_iter().map(rule).collect()));
    }

    /// Ends every run without a result: `FAILED`, `STOPPED` or `TIMEOUT`.
    pub fn end(&self, status: &'static str) {
        locked(&self.0).end = Some(Err(status));
    }
}

fn refused(operation: &'static str, code: &str) -> CatalogError {
    CatalogError::Other { operation, code: code.to_owned(), source: None }
}

#[async_trait]
impl QualityRuns for MemoryQualityRuns {
    async fn start(&self, request: &QualityRunRequest) -> Result<String, CatalogError> {
        let requests = &mut locked(&self.0).requests;
        let known = requests.iter().position(|known| known.token == request.token);
        let number = match known {
            Some(number) if requests.get(number) == Some(request) => number,
            Some(_) => {
                return Err(refused("StartDataQualityRulesetEvaluationRun", "IdempotentParameterMismatchException"));
            }
            None => {
                requests.push(request.clone());
                requests.len() - 1
            }
        };
        Ok(format!("dqrun-{number}"))
    }

    async fn status(&self, run_id: &str) -> Result<QualityRunStatus, CatalogError> {
        let content = locked(&self.0);
        let number: Option<usize> = run_id.strip_prefix("dqrun-").and_then(|number| number.parse().ok());
        if number.is_none_or(|number| number >= content.requests.len()) {
            let operation = "GetDataQualityRulesetEvaluationRun";
            return Err(CatalogError::NotFound { operation, what: run_id.to_owned() });
        }
        Ok(match &content.end {
            None => QualityRunStatus::Running,
            Some(Ok(_)) => QualityRunStatus::Succeeded { result_ids: vec![format!("dqresult-{run_id}")] },
            Some(Err(status)) => QualityRunStatus::Ended { status },
        })
    }

    async fn result(&self, result_id: &str) -> Result<QualityRunResult, CatalogError> {
        match &locked(&self.0).end {
            Some(Ok(rules)) if result_id.starts_with("dqresult-") => Ok(QualityRunResult { rules: rules.clone() }),
            _ => Err(CatalogError::NotFound { operation: "GetDataQualityResult", what: result_id.to_owned() }),
        }
    }
}
