//! The catalog function: tells Glue what the curated tables hold, on a schedule.
//!
//! `pseudonymize` keeps what it measured of each object that it published. This function lists the objects that are there
//! now, merges what was kept of them, and sets the statistics of the table's columns and its parameters, where the policy
//! asks for it (`catalog: { statistics: counts | ranges }`). It reads no data, signs nothing, and no statement waits for it:
//! when Glue is down, the tables are told later.
//!
//! A schedule rather than each publication: the statistics of a table rest on all its objects, so an update by object would
//! cost as the square of their number, and writers would contend for the table.

mod answer;
mod config;
mod error;
mod parameters;
mod refresh;
mod verdict;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::Value;
use sluice_aws::Aws;
use sluice_common::policy::{CatalogSpec, CatalogStatistics, Dataset};
use sluice_common::port::{Clock, Deadline, SystemClock, TableStatistics};
use sluice_common::telemetry::{Counting, Tally};
use sluice_common::{Dispose as _, ObjectPath};
use sluice_evidence::Stage as StageName;
use sluice_stage::context::Ports;
use sluice_stage::{Context, PolicySource, lambda};

pub use answer::{Answer, Refreshed, State};
pub use config::Config;
pub use error::CatalogFunctionError;
pub use parameters::DIGEST;

/// Kept to write the answer.
const RESERVED_FOR_ANSWER: Duration = Duration::from_secs(2);

/// Brings the catalog up to date when asked.
pub struct CatalogFunction {
    config: Config,
    policy: PolicySource,
    context: Context,
    catalog: Arc<dyn TableStatistics>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for CatalogFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogFunction").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The payload: nothing, a dataset, or that a schedule asks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    dataset: Option<String>,
    #[serde(default, rename = "scheduled")]
    _scheduled: bool,
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> CatalogFunction {
    let (signer, metrics) = (aws.signer(&config.signing.key_arn), aws.metrics(&config.metrics_namespace));
    let ports = Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics));
    CatalogFunction::new(config, ports, Arc::new(aws.catalog()), Arc::new(SystemClock))
}

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: CatalogFunction) -> Result<(), lambda_runtime::Error> {
    let function = &function;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let request_id = event.context.request_id.as_str();
        let work = Box::pin(function.serve(&event.payload, request_id, lambda::deadline(&event)));
        lambda::answer("catalog", request_id, work).await
    }))
    .await
}

impl CatalogFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, catalog: Arc<dyn TableStatistics>, clock: Arc<dyn Clock>) -> Self {
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key.clone() };
        let policy = PolicySource::new(Arc::clone(&ports.reader), policy_path);
        // It makes no statement of its own: it reads those of the stage that published.
        let context = Context::new(StageName::Pseudonymize, config.evidence_bucket.clone(), ports)
            .trusting(config.signing.retired.clone());
        Self { config, policy, context, catalog, clock }
    }

    /// Handles an invocation and writes its counters.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn serve(
        &self,
        payload: &Value,
        request_id: &str,
        deadline: Deadline,
    ) -> Result<Answer, CatalogFunctionError> {
        let counting = Counting::begin(self.clock.as_ref(), &self.config.metrics_namespace, "catalog", request_id);
        let mut tally = Tally::default();
        let answer = self.answer(payload, deadline, &mut tally).await;
        counting.end(&tally);
        answer
    }

    /// Brings the tables up to date, one after the other. A table that fails does not keep the others from it.
    ///
    /// # Errors
    /// The first failure, after every table was tried.
    pub async fn answer(
        &self,
        payload: &Value,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Result<Answer, CatalogFunctionError> {
        let asked: Asked = if payload.is_null() { Asked::default() } else { Asked::deserialize(payload)? };
        let loaded = self.policy.current().await?;
        let wanted = |dataset: &&Dataset| asked.dataset.as_ref().is_none_or(|name| *name == dataset.name);
        let datasets = loaded.policy.datasets.iter().filter(wanted).filter_map(|dataset| {
            let spec = dataset.catalog.as_ref().filter(|spec| spec.statistics != CatalogStatistics::None)?;
            Some((dataset, spec))
        });
        let datasets: Vec<(&Dataset, &CatalogSpec)> = datasets.collect();
        if datasets.is_empty() && asked.dataset.is_some() {
            return Err(CatalogFunctionError::NoDataset);
        }
        let (mut tables, mut failed) = (Vec::with_capacity(datasets.len()), None);
        for (dataset, spec) in datasets {
            let left = deadline.left(self.clock.now()).saturating_sub(RESERVED_FOR_ANSWER);
            let refreshed = tokio::time::timeout(left, Box::pin(self.refresh(dataset, spec))).await;
            match refreshed.unwrap_or(Err(CatalogFunctionError::OutOfTime)) {
                Ok(refreshed) => {
                    tally.processed = tally.processed.saturating_add(u64::from(refreshed.state == State::Updated));
                    tracing::info!(dataset = dataset.name, state = ?refreshed.state, objects = refreshed.objects, "told");
                    tables.push(refreshed);
                }
                Err(error) => {
                    tally.retries = tally.retries.saturating_add(1);
                    tracing::error!(dataset = dataset.name, reason = error.reason(), %error, "a table was not told");
                    failed.get_or_insert(error);
                }
            }
        }
        failed.map_or(Ok(Answer { tables }), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_events_are_understood() {
        let asked = |event: &str| Asked::deserialize(&serde_json::from_str::<Value>(event).unwrap()).unwrap().dataset;
        assert_eq!(asked(include_str!("../../../../events/catalog/schedule.json")), None);
        assert_eq!(asked(include_str!("../../../../events/catalog/dataset.json")).as_deref(), Some("orders"));
    }
}
