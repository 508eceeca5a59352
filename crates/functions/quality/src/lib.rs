//! The quality function: a sealed version is read once, hashed again on the way, and judged by its dataset's ruleset.
//! The signed verdict's arrival wakes `pseudonymize`.

mod error;
mod judge;
mod metrics;
mod ruleset;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::ObjectVersion;
use sluice_common::port::{Deadline, RulesetSource, SystemClock};
use sluice_common::runner::{Done, Runner};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::QualityResult;
use sluice_stage::context::Ports;
use sluice_stage::{About, Context, Frame, OnStatement, Work};

pub use error::JudgeError;
pub use sluice_stage::StageConfig as Config;

use judge::Judged;
use ruleset::Rulesets;

/// Judges the versions whose seals events name.
pub struct QualityFunction {
    frame: Frame,
    rulesets: Rulesets,
}

impl fmt::Debug for QualityFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QualityFunction").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> Runner<OnStatement<QualityFunction>> {
    let (signer, metrics) = (aws.signer(&config.signing_key_arn), aws.metrics(&config.metrics_namespace));
    let ports = Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics));
    let namespace = config.metrics_namespace.clone();
    let function = QualityFunction::new(config, ports, Arc::new(aws.catalog()));
    Runner::new("quality", OnStatement(function), Arc::new(SystemClock), namespace)
}

impl QualityFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, glue: Arc<dyn RulesetSource>) -> Self {
        let rulesets = Rulesets { reader: Arc::clone(&ports.reader), glue, bucket: config.evidence_bucket.clone() };
        Self { frame: Frame::new(StageName::Quality, config, ports), rulesets }
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
impl Work for QualityFunction {
    type Error = JudgeError;

    fn context(&self) -> &Context {
        &self.frame.context
    }

    async fn work(&self, at: &ObjectVersion, about: &mut About, _deadline: Deadline) -> Result<Done, JudgeError> {
        let judged = self.judge(at, about).await?;
        metrics::publish(self.frame.ports().metrics.as_ref(), &judged).await;
        let stated = judged.verdict.kept().statement().predicate();
        Ok(Done::new(outcome(&judged), stated.bytes).with_rows(stated.rows.unwrap_or_default()))
    }
}
