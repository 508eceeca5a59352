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
use sluice_common::{BucketName, Disposition, ObjectPath, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_integrity::seal::{SealPorts, Sealed, seal};
use sluice_stage::context::Ports;
use sluice_stage::failure::settle;
use sluice_stage::{About, Context, Failure, PolicySource, StageError};

pub use config::Config;
pub use error::SealFunctionError;

/// Seals what events name.
pub struct SealFunction {
    context: Context,
    policy: PolicySource,
    raw_bucket: BucketName,
    default_retention: RetentionSpec,
    locks: Arc<dyn ObjectLock>,
    buckets: Arc<dyn BucketInspector>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for SealFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealFunction").field("raw_bucket", &self.raw_bucket).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<SealFunction> {
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: Arc::clone(&objects) as _,
        signer: Arc::new(aws.signer(&config.signing_key_arn)),
        metrics: Arc::new(aws.metrics(&config.metrics_namespace)),
    };
    let namespace = config.metrics_namespace.clone();
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
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(StageName::Seal, config.evidence_bucket, ports),
            raw_bucket: config.raw_bucket,
            default_retention: config.default_retention,
            locks,
            buckets,
            clock,
        }
    }

    async fn run(&self, at: &ObjectVersion, event: &EventFacts) -> Result<Sealed, SealFunctionError> {
        if at.bucket != self.raw_bucket {
            return Err(SealFunctionError::ForeignBucket);
        }
        let policy = self.policy.current().await?;
        let of_dataset = policy.policy.dataset_for(&at.key).and_then(|dataset| dataset.integrity.retention);
        let ports = SealPorts {
            objects: self.context.ports.reader.as_ref(),
            locks: self.locks.as_ref(),
            buckets: self.buckets.as_ref(),
            ledger: self.context.ledger().await?,
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
        match self.run(&item.object, &item.event).await {
            Ok(sealed) => {
                let outcome = if sealed.is_new { "sealed" } else { "already_sealed" };
                Ok(Done::new(outcome, sealed.size_bytes))
            }
            Err(error) => Err(Failure::new(About::named_by_event(&item.object), error).into()),
        }
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.context, error).await
    }
}
