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
use sluice_common::port::{
    Clock, Deadline, ObjectReader, ObjectWriter, Signer, SystemClock, TableStatistics, VersionLister,
};
use sluice_common::telemetry::Tally;
use sluice_common::{Dispose as _, ObjectPath};
use sluice_evidence::{Archive, TrustedKeys};
use sluice_stage::{PolicySource, lambda};
use tokio::sync::OnceCell;

pub use answer::{Answer, Refreshed, State};
pub use config::Config;
pub use error::CatalogFunctionError;
pub use parameters::DIGEST;

/// Kept to write the answer.
const RESERVED_FOR_ANSWER: Duration = Duration::from_secs(2);

/// What the function needs from the outside, beside the catalog.
#[derive(Clone)]
pub struct Ports {
    /// Reads the policy, statements and what was measured.
    pub reader: Arc<dyn ObjectReader>,
    /// Keeps merged states.
    pub writer: Arc<dyn ObjectWriter>,
    /// Lists published objects and what was measured of them.
    pub versions: Arc<dyn VersionLister>,
    /// Tells the key that signs statements; it signs nothing here.
    pub signer: Arc<dyn Signer>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

/// Brings the catalog up to date when asked.
pub struct CatalogFunction {
    config: Config,
    policy: PolicySource,
    ports: Ports,
    catalog: Arc<dyn TableStatistics>,
    clock: Arc<dyn Clock>,
    archive: OnceCell<Archive>,
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
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: objects,
        signer: Arc::new(aws.signer(&config.signing.key_arn)),
    };
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
        Self { config, policy, ports, catalog, clock, archive: OnceCell::new() }
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
        let begun = self.clock.now();
        let mut tally = Tally::default();
        let answer = self.answer(payload, deadline, &mut tally).await;
        let ended = self.clock.now();
        let duration = Duration::try_from(ended.duration_since(begun)).unwrap_or(Duration::ZERO);
        if let Err(error) = tally.print(&self.config.metrics_namespace, "catalog", request_id, ended, duration) {
            tracing::warn!(%error, "counters were not written");
        }
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

    async fn archive(&self) -> Result<&Archive, CatalogFunctionError> {
        self.archive
            .get_or_try_init(|| async {
                let current = self.ports.signer.public_key().await?;
                let keys = TrustedKeys::from_spki_der([&current])?.with_retired(&self.config.signing.retired)?;
                let (bucket, reader) = (self.config.evidence_bucket.clone(), Arc::clone(&self.ports.reader));
                Ok(Archive::new(bucket, reader, Arc::clone(&self.ports.versions), keys))
            })
            .await
    }
}
