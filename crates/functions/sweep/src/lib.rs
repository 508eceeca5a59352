//! The sweep function: everything that was signed is compared with what is there, on a schedule. What is merely late is
//! sent through its queue again, what is damaged becomes a signed finding, and that it looked is signed too.
//!
//! A sweep that does not fit into one invocation goes on by itself: the arrival of an account that names a next part wakes
//! the function again, as statements wake every stage.

mod answer;
mod config;
mod continuation;
mod desired;
mod error;
mod request;
mod schedule;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use sluice_aws::Aws;
use sluice_common::port::{
    BucketInspector, Clock, Deadline, KeyInspector, ObjectLock, Queue, SystemClock, TrailInspector, VersionLister,
};
use sluice_common::runner::Runner;
use sluice_common::{BucketName, ObjectPath, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::{Coverage, InventoryRef, Sweep};
use sluice_integrity::sweep::{Desired, SweepPorts, SweepReport, SweepRequest, sweep};
use sluice_inventory::Inventory;
use sluice_stage::context::Ports;
use sluice_stage::{Context, OnStatement, PolicySource, lambda};

pub use answer::{Answer, PolicyState, Reported, Verdict};
pub use config::Config;
pub use continuation::Continuation;
pub use error::{RequestError, SweepFunctionError};

use schedule::{Past, Turn};

/// Where what is late is sent again.
#[derive(Clone)]
pub struct Queues {
    /// To seal.
    pub seal: Arc<dyn Queue>,
    /// To quality.
    pub quality: Option<Arc<dyn Queue>>,
    /// To pseudonymize.
    pub pseudonymize: Option<Arc<dyn Queue>>,
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queues")
    }
}

/// What knows the settings of keys and trails.
#[derive(Clone)]
pub struct Inspectors {
    /// Of KMS keys.
    pub keys: Arc<dyn KeyInspector>,
    /// Of the trail.
    pub trails: Arc<dyn TrailInspector>,
}

impl fmt::Debug for Inspectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspectors")
    }
}

/// Sweeps when asked.
pub struct SweepFunction {
    context: Context,
    policy: PolicySource,
    desired: Desired,
    locks: Arc<dyn ObjectLock>,
    buckets: Arc<dyn BucketInspector>,
    inspectors: Inspectors,
    queues: Queues,
    clock: Arc<dyn Clock>,
    metrics_namespace: String,
}

impl fmt::Debug for SweepFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SweepFunction").field("desired", &self.desired).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> SweepFunction {
    let objects = Arc::new(aws.objects());
    let (signer, metrics) = (aws.signer(&config.signing.key_arn), aws.metrics(&config.metrics_namespace));
    let ports = Ports::new(&objects, Arc::new(signer), Arc::new(metrics));
    let queue = |url: &String| Arc::new(aws.queue(url)) as Arc<dyn Queue>;
    let queues = Queues {
        seal: queue(&config.seal_queue_url),
        quality: config.quality_queue_url.as_ref().map(queue),
        pseudonymize: config.pseudonymize_queue_url.as_ref().map(queue),
    };
    let inspectors = Inspectors { keys: Arc::new(aws.key_inspector()), trails: Arc::new(aws.trail_keys()) };
    SweepFunction::new(config, ports, Arc::clone(&objects) as _, objects, inspectors, queues, Arc::new(SystemClock))
}

/// Serves invocations until the sandbox ends: schedules and people name a mode, everything else is an account that arrived.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: SweepFunction) -> Result<(), lambda_runtime::Error> {
    let namespace = function.metrics_namespace.clone();
    let runner = Runner::new("sweep", OnStatement(Continuation(function)), Arc::new(SystemClock), namespace);
    let runner = &runner;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        if !continuation::is_one(&event.payload) {
            return on_request(&runner.stage().0.0, &event).await;
        }
        lambda::invoke(runner, &event).await
    }))
    .await
}

async fn on_request(function: &SweepFunction, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let work = Box::pin(function.sweep(&event.payload, lambda::deadline(event)));
    lambda::answer("sweep", &event.context.request_id, work).await
}

/// How an account names an inventory.
fn reference(inventory: &Inventory) -> InventoryRef {
    InventoryRef { manifest: inventory.manifest().uri(), sha256: inventory.manifest_sha256(), as_of: inventory.as_of() }
}

/// Where an inventory is sorted: on Lambda the function's ephemeral storage.
fn temporary() -> PathBuf {
    std::env::temp_dir()
}

impl SweepFunction {
    /// The function on any ports.
    pub fn new(
        config: Config,
        ports: Ports,
        locks: Arc<dyn ObjectLock>,
        buckets: Arc<dyn BucketInspector>,
        inspectors: Inspectors,
        queues: Queues,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let desired = desired::desired(&config);
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(StageName::Sweep, config.evidence_bucket, ports).trusting(config.signing.retired),
            desired,
            locks,
            buckets,
            inspectors,
            queues,
            clock,
            metrics_namespace: config.metrics_namespace,
        }
    }

    /// Sweeps until everything was looked at or the deadline is near.
    ///
    /// # Errors
    /// When the payload asks for nothing that can be done, or no account could be signed.
    pub async fn sweep(&self, payload: &Value, deadline: Deadline) -> Result<Answer, SweepFunctionError> {
        let mut asked = request::read(payload, self.clock.now(), deadline)?;
        let policy = PolicyState::of(self.policy.current().await);
        let inventory = match &asked.inventory {
            None => None,
            Some(path) => {
                let opened =
                    Inventory::open(self.context.ports.reader.as_ref(), path, self.raw(), &temporary()).await?;
                asked.request.inventory = Some(reference(&opened));
                Some(opened)
            }
        };
        let request = if asked.is_scheduled {
            match self.past().await?.turn(asked.request, asked.shares).await? {
                Turn::Sweep(request) => *request,
                Turn::UnderWay(account) => {
                    tracing::info!("an earlier sweep is under way");
                    return Ok(Answer::under_way(account.kept, policy));
                }
            }
        } else {
            asked.request
        };
        Ok(Answer::of(self.run(&request, inventory).await?, policy))
    }

    fn raw(&self) -> &BucketName {
        &self.desired.raw.bucket
    }

    /// The inventory of a sweep that goes on, unless it was just opened.
    async fn inventory(
        &self,
        request: &SweepRequest,
        opened: Option<Inventory>,
    ) -> Result<Option<Inventory>, SweepFunctionError> {
        let Some(wanted) = &request.inventory else { return Ok(None) };
        if let Some(opened) = opened.filter(|opened| reference(opened) == *wanted) {
            return Ok(Some(opened));
        }
        let at = ObjectVersion::from_uri(&wanted.manifest).map_err(|_no_version| SweepFunctionError::OtherInventory)?;
        let reader = self.context.ports.reader.as_ref();
        let again = Inventory::open_version(reader, at, self.raw(), &temporary()).await?;
        if reference(&again) == *wanted { Ok(Some(again)) } else { Err(SweepFunctionError::OtherInventory) }
    }

    async fn run(
        &self,
        request: &SweepRequest,
        inventory: Option<Inventory>,
    ) -> Result<SweepReport, SweepFunctionError> {
        let inventory = self.inventory(request, inventory).await?;
        let ports = SweepPorts {
            objects: self.context.ports.reader.as_ref(),
            versions: self.context.ports.versions.as_ref(),
            raw_versions: inventory.as_ref().map(|inventory| inventory as &dyn VersionLister),
            locks: self.locks.as_ref(),
            buckets: self.buckets.as_ref(),
            keys: Some(self.inspectors.keys.as_ref()),
            trails: Some(self.inspectors.trails.as_ref()),
            ledger: self.context.ledger().await?,
            seal_queue: self.queues.seal.as_ref(),
            quality_queue: self.queues.quality.as_deref(),
            pseudonymize_queue: self.queues.pseudonymize.as_deref(),
            metrics: self.context.ports.metrics.as_ref(),
            clock: self.clock.as_ref(),
        };
        let known = self.past().await?.known(&self.desired.digest()).await?;
        let request = &SweepRequest {
            settings: known.settings,
            other_settings: known.other_settings,
            log_head: known.log_head,
            desired_before: known.desired,
            verified_before: known.verified_before,
            ..request.clone()
        };
        let report = Box::pin(sweep(ports, &self.desired, request)).await?;
        let Sweep { coverage, findings, unreadable, .. } = report.statement.statement().predicate();
        let Coverage { versions_seen, re_enqueued, complete, .. } = *coverage;
        tracing::info!(versions_seen, findings, unreadable, re_enqueued, complete, "swept");
        if !complete {
            tracing::warn!("the deadline came first: the account's arrival wakes the next part");
        }
        Ok(report)
    }

    async fn past(&self) -> Result<Past<'_>, SweepFunctionError> {
        Ok(Past {
            archive: self.context.ledger().await?.archive(),
            versions: self.context.ports.versions.as_ref(),
            raw: &self.desired.raw.bucket,
            now: self.clock.now(),
        })
    }
}
