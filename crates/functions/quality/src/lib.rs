//! The quality function: a sealed version is read once, hashed again on the way, and judged by its dataset's ruleset.
//! The signed verdict's arrival wakes `pseudonymize`.

mod config;
mod error;
mod judge;
mod metrics;
mod ruleset;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::event::{Item, UnversionedItem};
use sluice_common::port::{Deadline, RulesetSource, SystemClock};
use sluice_common::runner::{Done, Runner, Stage};
use sluice_common::{BucketName, Disposition, ObjectPath, ObjectVersion};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::QualityResult;
use sluice_stage::arrival::resolve;
use sluice_stage::context::Ports;
use sluice_stage::failure::{settle, settle_unresolved};
use sluice_stage::{About, Context, Failure, PolicySource, StageError};

pub use config::Config;
pub use error::JudgeError;

use judge::Judged;
use ruleset::Rulesets;

/// Judges the versions whose seals events name.
pub struct QualityFunction {
    context: Context,
    policy: PolicySource,
    raw_bucket: BucketName,
    rulesets: Rulesets,
}

impl fmt::Debug for QualityFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QualityFunction").field("raw_bucket", &self.raw_bucket).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<QualityFunction> {
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: objects,
        signer: Arc::new(aws.signer(&config.signing_key_arn)),
        metrics: Arc::new(aws.metrics(&config.metrics_namespace)),
    };
    let namespace = config.metrics_namespace.clone();
    let function = QualityFunction::new(config, ports, Arc::new(aws.catalog()));
    Runner::new("quality", function, Arc::new(SystemClock), namespace)
}

impl QualityFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, glue: Arc<dyn RulesetSource>) -> Self {
        let policy_path = ObjectPath { bucket: config.evidence_bucket.clone(), key: config.policy_key };
        let rulesets = Rulesets { reader: Arc::clone(&ports.reader), glue, bucket: config.evidence_bucket.clone() };
        Self {
            policy: PolicySource::new(Arc::clone(&ports.reader), policy_path),
            context: Context::new(StageName::Quality, config.evidence_bucket, ports),
            raw_bucket: config.raw_bucket,
            rulesets,
        }
    }
}

/// The word in logs and answers.
fn outcome(judged: &Judged) -> &'static str {
    match judged.verdict.kept().statement().predicate().result {
        QualityResult::Passed => "passed",
        QualityResult::Failed => "failed",
        QualityResult::Stopped => "no_dataset",
    }
}

#[async_trait]
impl Stage for QualityFunction {
    type Error = StageError<JudgeError>;

    async fn handle(&self, item: &Item, _deadline: Deadline) -> Result<Done, Self::Error> {
        let mut about = About::named_by_event(&item.object);
        match self.judge(&item.object, &mut about).await {
            Ok(judged) => {
                metrics::publish(self.context.ports.metrics.as_ref(), &judged).await;
                let stated = judged.verdict.kept().statement().predicate();
                Ok(Done::new(outcome(&judged), stated.bytes).with_rows(stated.rows.unwrap_or_default()))
            }
            Err(error) => Err(Failure::new(about, error).into()),
        }
    }

    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Self::Error> {
        resolve(&self.context, path).await
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.context, error).await
    }

    async fn settle_unversioned(&self, _item: &UnversionedItem, error: &Self::Error) -> Result<bool, Self::Error> {
        settle_unresolved(&self.context, error).await
    }
}
