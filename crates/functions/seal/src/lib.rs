//! The seal function: every version that lands in the raw bucket is hashed once, compared with the checksums that S3
//! holds, locked, and stated for ever. The statement's arrival wakes `quality`.
//!
//! A version that cannot be hashed in the time left is handed over to S3 Batch Operations, and sealed when the report of
//! that job arrives here.

mod config;
mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::event::{EventFacts, Item};
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{
    BucketInspector, ChecksumJobs, Clock, Deadline, ObjectLock, ParallelReader, SystemClock, UserMetadata,
};
use sluice_common::runner::{Done, Runner, Stage};
use sluice_common::{BucketName, Dispose as _, Disposition, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_integrity::seal::handover::{HandedOver, HandoverPorts, hand_over};
use sluice_integrity::seal::report::seal_from_report;
use sluice_integrity::seal::{ReadPlan, SealPorts, look, seal_seen};
use sluice_stage::context::Ports;
use sluice_stage::failure::settle;
use sluice_stage::{About, Failure, Frame, LoadedPolicy, StageError};

pub use config::{Config, HandoverConfig};
pub use error::SealFunctionError;

/// Seals what events name.
pub struct SealFunction {
    frame: Frame,
    default_retention: RetentionSpec,
    handover: Option<Handover>,
    objects: Arc<dyn ParallelReader>,
    locks: Arc<dyn ObjectLock>,
    buckets: Arc<dyn BucketInspector>,
    clock: Arc<dyn Clock>,
}

/// Who hashes what is too large.
struct Handover {
    bucket: BucketName,
    bytes_per_second: u64,
    at_least_bytes: u64,
    jobs: Arc<dyn ChecksumJobs>,
}

impl fmt::Debug for SealFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealFunction").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<SealFunction> {
    let objects = Arc::new(aws.objects());
    let stage = &config.stage;
    let (signer, metrics) = (aws.signer(&stage.signing.key_arn), aws.metrics(&stage.metrics_namespace));
    let ports = Ports::new(&objects, Arc::new(signer), Arc::new(metrics));
    let namespace = stage.metrics_namespace.clone();
    let jobs = config.handover.as_ref().map(|handover| {
        let jobs: Arc<dyn ChecksumJobs> = Arc::new(aws.checksum_jobs(&handover.role_arn));
        jobs
    });
    let function = SealFunction::new(config, ports, objects, Arc::new(SystemClock), jobs);
    Runner::new("seal", function, Arc::new(SystemClock), namespace)
}

impl SealFunction {
    /// The function on any ports; `objects` are raw objects with their locks and their bucket. Without `jobs` nothing is
    /// handed over.
    pub fn new<S>(
        config: Config,
        ports: Ports,
        objects: Arc<S>,
        clock: Arc<dyn Clock>,
        jobs: Option<Arc<dyn ChecksumJobs>>,
    ) -> Self
    where
        S: ParallelReader + ObjectLock + BucketInspector + 'static,
    {
        let handover = config.handover.zip(jobs).map(|(config, jobs)| Handover {
            bucket: config.bucket,
            bytes_per_second: u64::from(config.mib_per_second) << 20,
            at_least_bytes: u64::from(config.at_least_mib) << 20,
            jobs,
        });
        Self {
            frame: Frame::new(StageName::Seal, config.stage, ports),
            default_retention: config.default_retention,
            handover,
            objects: Arc::clone(&objects) as _,
            locks: Arc::clone(&objects) as _,
            buckets: objects,
            clock,
        }
    }

    async fn seal_ports(&self) -> Result<SealPorts<'_>, SealFunctionError> {
        Ok(SealPorts {
            objects: self.objects.as_ref(),
            locks: self.locks.as_ref(),
            buckets: self.buckets.as_ref(),
            ledger: self.frame.ledger().await?,
            clock: self.clock.as_ref(),
        })
    }

    fn wish(&self, policy: &LoadedPolicy, at: &ObjectVersion) -> RetentionSpec {
        let of_dataset = policy.policy.dataset_for(&at.key).and_then(|dataset| dataset.integrity.retention);
        of_dataset.unwrap_or(self.default_retention)
    }

    async fn run(&self, at: &ObjectVersion, event: &EventFacts, deadline: Deadline) -> Result<Done, SealFunctionError> {
        self.frame.check_raw(at)?;
        let policy = self.frame.current_policy().await?;
        let ports = self.seal_ports().await?;
        let facts = look(ports, at).await?;
        if let Some(handover) = &self.handover
            && !self.fits(handover, facts.size_bytes, deadline)
        {
            if facts.size_bytes < handover.at_least_bytes {
                return Err(SealFunctionError::NoTimeLeft);
            }
            let writer = self.frame.ports().writer.as_ref();
            let ports = HandoverPorts { seal: ports, jobs: handover.jobs.as_ref(), writer, bucket: &handover.bucket };
            let outcome = match hand_over(ports, at, &facts).await? {
                HandedOver::AlreadySealed => "already_sealed",
                HandedOver::Before => "already_handed_over",
                HandedOver::Now => "handed_over",
            };
            return Ok(Done::new(outcome, 0));
        }
        let (wish, plan) = (self.wish(&policy, at), ReadPlan::default());
        let sealed = seal_seen(ports, at, &facts, Some(wish), &delivery(event), plan).await?;
        Ok(Done::new(if sealed.is_new { "sealed" } else { "already_sealed" }, sealed.size_bytes))
    }

    fn fits(&self, handover: &Handover, size_bytes: u64, deadline: Deadline) -> bool {
        let left = deadline.left(self.clock.now()).as_secs();
        size_bytes <= left.saturating_mul(handover.bytes_per_second)
    }

    /// Seals what a report of S3 Batch Operations tells of. Of several versions all are tried; the failure of one that may yet
    /// succeed counts before that of one that will not.
    async fn run_report(&self, index: &ObjectVersion, event: &EventFacts) -> Result<Done, Failure<SealFunctionError>> {
        let about_index = |error| Failure::new(About::named_by_event(index), error);
        let policy = self.frame.current_policy().await.map_err(SealFunctionError::from).map_err(about_index)?;
        let ports = self.seal_ports().await.map_err(about_index)?;
        let wish = |at: &ObjectVersion| Some(self.wish(&policy, at));
        let outcomes = seal_from_report(ports, index, &wish, &delivery(event)).await;
        let mut failed: Option<Failure<SealFunctionError>> = None;
        let mut is_new = false;
        for outcome in outcomes.map_err(SealFunctionError::from).map_err(about_index)? {
            match outcome.result {
                Ok(sealed) => is_new |= sealed.is_new,
                Err(error) => {
                    let error = SealFunctionError::from(error);
                    let counts = error.disposition() == Disposition::Retry || failed.is_none();
                    if counts {
                        failed = Some(Failure::new(About::named_by_event(&outcome.version), error));
                    }
                }
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None => Ok(Done::new(if is_new { "sealed_from_report" } else { "already_sealed" }, 0)),
        }
    }

    fn is_report(&self, at: &ObjectVersion) -> bool {
        self.handover.as_ref().is_some_and(|handover| handover.bucket == at.bucket)
    }
}

/// What the event said, kept beside the statement and not in it: a redelivery may say otherwise.
fn delivery(event: &EventFacts) -> UserMetadata {
    let mut facts = UserMetadata::from([("event-source".to_owned(), event.source.as_str().to_owned())]);
    let mut add = |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_owned(), value)));
    add("event-time", event.time.map(|time| time.to_string()));
    add("event-sequencer", event.sequencer.as_ref().map(|sequencer| sequencer.as_str().to_owned()));
    add("event-principal-sha256", event.principal.as_ref().map(|principal| principal.sha256().to_hex()));
    facts
}

#[async_trait]
impl Stage for SealFunction {
    type Error = StageError<SealFunctionError>;

    async fn handle(&self, item: &Item, deadline: Deadline) -> Result<Done, Self::Error> {
        // A bucket's notification cannot leave a prefix out. The verdict that names these rows is their statement.
        if item.object.bucket == *self.frame.raw_bucket() && item.object.key.is_quarantined_rows() {
            return Ok(Done::new("rows_set_aside", 0));
        }
        if self.is_report(&item.object) {
            return Ok(self.run_report(&item.object, &item.event).await?);
        }
        let done = self.run(&item.object, &item.event, deadline).await;
        done.map_err(|error| Failure::new(About::named_by_event(&item.object), error).into())
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.frame.context, error).await
    }
}
