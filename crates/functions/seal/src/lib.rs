//! The seal function: every version that lands in the raw bucket is hashed once, compared with the checksums that S3
//! holds, locked, and stated for ever. The statement's arrival wakes `quality`.

mod config;
mod error;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::event::{EventFacts, Item};
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{BucketInspector, Clock, Deadline, ObjectLock, SystemClock, UserMetadata};
use sluice_common::runner::{Done, Runner, Stage};
use sluice_common::{Disposition, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_integrity::seal::{SealPorts, Sealed, seal};
use sluice_stage::context::Ports;
use sluice_stage::failure::settle;
use sluice_stage::{About, Failure, Frame, StageError};

pub use config::Config;
pub use error::SealFunctionError;

/// Seals what events name.
pub struct SealFunction {
    frame: Frame,
    default_retention: RetentionSpec,
    locks: Arc<dyn ObjectLock>,
    buckets: Arc<dyn BucketInspector>,
    clock: Arc<dyn Clock>,
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
    let (signer, metrics) = (aws.signer(&stage.signing_key_arn), aws.metrics(&stage.metrics_namespace));
    let ports = Ports::new(&objects, Arc::new(signer), Arc::new(metrics));
    let namespace = stage.metrics_namespace.clone();
    let function = SealFunction::new(config, ports, Arc::clone(&objects) as _, objects, Arc::new(SystemClock));
    Runner::new("seal", function, Arc::new(SystemClock), namespace)
}

impl SealFunction {
    /// The function on any ports.
    pub fn new(
        config: Config,
        ports: Ports,
        locks: Arc<dyn ObjectLock>,
        buckets: Arc<dyn BucketInspector>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            frame: Frame::new(StageName::Seal, config.stage, ports),
            default_retention: config.default_retention,
            locks,
            buckets,
            clock,
        }
    }

    async fn run(&self, at: &ObjectVersion, event: &EventFacts) -> Result<Sealed, SealFunctionError> {
        self.frame.check_raw(at)?;
        let policy = self.frame.current_policy().await?;
        let of_dataset = policy.policy.dataset_for(&at.key).and_then(|dataset| dataset.integrity.retention);
        let ports = SealPorts {
            objects: self.frame.ports().reader.as_ref(),
            locks: self.locks.as_ref(),
            buckets: self.buckets.as_ref(),
            ledger: self.frame.ledger().await?,
            clock: self.clock.as_ref(),
        };
        let wish = of_dataset.unwrap_or(self.default_retention);
        Ok(seal(ports, at, Some(wish), &delivery(event)).await?)
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

    async fn handle(&self, item: &Item, _deadline: Deadline) -> Result<Done, Self::Error> {
        // A bucket's notification cannot leave a prefix out. The verdict that names these rows is their statement.
        if item.object.bucket == *self.frame.raw_bucket() && item.object.key.is_quarantined_rows() {
            return Ok(Done::new("rows_set_aside", 0));
        }
        match self.run(&item.object, &item.event).await {
            Ok(sealed) => {
                let outcome = if sealed.is_new { "sealed" } else { "already_sealed" };
                Ok(Done::new(outcome, sealed.size_bytes))
            }
            Err(error) => Err(Failure::new(About::named_by_event(&item.object), error).into()),
        }
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.frame.context, error).await
    }
}
