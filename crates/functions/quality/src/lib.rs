//! The quality function: a sealed version is read once, hashed again on the way, and judged by its dataset's ruleset.
//! The signed verdict's arrival wakes `pseudonymize`.

mod config;
mod error;
mod evaluate;
mod failing;
mod hand_over;
mod inputs;
mod judge;
mod keep;
mod listing;
mod metrics;
mod monitor;
mod past;
mod references;
mod ruleset;
mod sql;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sluice_aws::Aws;
use sluice_common::ObjectVersion;
use sluice_common::port::{Clock, Deadline, QualityRuns, RulesetSource, SystemClock, TableCatalog};
use sluice_common::runner::{Done, Runner};
use sluice_evidence::Stage as StageName;
use sluice_evidence::predicate::QualityResult;
use sluice_stage::context::Ports;
use sluice_stage::{About, Context, Frame, OnStatement, Work};

pub use config::FunctionConfig;
pub use error::{JudgeError, TableProblem};
pub use sluice_stage::StageConfig as Config;
pub use sql::{Sql, SqlEngines};

use judge::Judged;
use ruleset::Rulesets;

/// Judges the versions whose seals events name.
pub struct QualityFunction {
    frame: Frame,
    rulesets: Rulesets,
    tables: Arc<dyn TableCatalog>,
    sql: Sql,
    runs: Option<Arc<dyn QualityRuns>>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for QualityFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QualityFunction").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// The function on AWS. Rulesets that need an SQL engine are handed on to the function that has one, if it is deployed.
pub fn connect(config: FunctionConfig, aws: &Aws) -> Runner<OnStatement<QualityFunction>> {
    let sql = config.sql_queue_url.map_or(Sql::Refused, |url| Sql::HandedOn(Arc::new(aws.queue(url))));
    connect_with("quality", config.stage, aws, sql)
}

/// The same under another name, with another answer to rulesets that need an SQL engine.
pub fn connect_with(name: &'static str, config: Config, aws: &Aws, sql: Sql) -> Runner<OnStatement<QualityFunction>> {
    let (signer, metrics) = (aws.signer(&config.signing.key_arn), aws.metrics(&config.metrics_namespace));
    let ports = Ports::new(&Arc::new(aws.objects()), Arc::new(signer), Arc::new(metrics));
    let namespace = config.metrics_namespace.clone();
    let glue = Arc::new(aws.catalog());
    let function = QualityFunction::new(config, ports, Arc::clone(&glue) as _, Arc::clone(&glue) as _);
    let function = function.with_sql(sql).with_runs(glue);
    Runner::new(name, OnStatement(function), Arc::new(SystemClock), namespace)
}

impl QualityFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, glue: Arc<dyn RulesetSource>, tables: Arc<dyn TableCatalog>) -> Self {
        let rulesets = Rulesets { reader: Arc::clone(&ports.reader), glue, bucket: config.evidence_bucket.clone() };
        Self {
            frame: Frame::new(StageName::Quality, config, ports),
            rulesets,
            tables,
            sql: Sql::default(),
            runs: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// The same, with runs of AWS Glue Data Quality for objects that do not fit into its time.
    #[must_use]
    pub fn with_runs(mut self, runs: Arc<dyn QualityRuns>) -> Self {
        self.runs = Some(runs);
        self
    }

    /// The same with another clock, to which deadlines are compared.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same with another answer to rulesets that need an SQL engine.
    #[must_use]
    pub fn with_sql(mut self, sql: Sql) -> Self {
        self.sql = sql;
        self
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

    async fn work(&self, at: &ObjectVersion, about: &mut About, deadline: Deadline) -> Result<Done, JudgeError> {
        let Some(judged) = self.judge(at, about, deadline).await? else {
            return Ok(Done::new("handed_on", 0));
        };
        metrics::publish(self.frame.ports().metrics.as_ref(), &judged).await;
        let stated = judged.verdict.kept().statement().predicate();
        Ok(Done::new(outcome(&judged), stated.bytes).with_rows(stated.rows.unwrap_or_default()))
    }
}
