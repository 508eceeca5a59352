//! Objects that do not fit into the time left: AWS Glue Data Quality judges them by the same rules.
//!
//! A run is started once for an object, a policy and a ruleset: its token is derived from them, and the first attempt writes
//! down the run's name under `report/handover/<id>/<run>.json`, a key that is written once. While the run lasts, the message
//! is given back to its queue, whose next delivery is the next look at it; a message that was delivered too often lies in the
//! dead-letter queue, and goes on where it stopped when it is redriven. Glue reads a table of its catalogue, not the sealed
//! version: the verdict says that nobody compared what it read with the seal.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_common::policy::HandOverSpec;
use sluice_common::port::{
    Deadline, ObjectFacts, QualityRunRequest, QualityRunResult, QualityRunRule, QualityRunStatus, QualityRuns,
    StoreError,
};
use sluice_common::{ObjectPath, Sha256Digest};
use sluice_evidence::layout::RunId;
use sluice_evidence::predicate::{ExternalRead, PolicyRef, Quality, RulesetRef, Seal};
use sluice_evidence::{EvidenceError, Kept, ResourceDescriptor};
use sluice_quality::{Outcome, Report, RuleOutcome};
use sluice_stage::policy::read_capped;

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::inputs::Subject;
use crate::judge::{Judged, verdict};
use crate::keep::report_key;
use crate::ruleset::LoadedRuleset;

/// The engine, as verdicts name it.
const ENGINE: &str = "aws-glue-data-quality";
const VERSION: u32 = 1;
const MAX_RECORD_BYTES: u64 = 4 << 10;
const MIB: u64 = 1 << 20;
/// Of the time left, what is kept for everything but reading the object.
const KEPT_SHARE: u32 = 5;

/// Which run judges an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    version: u32,
    run_id: String,
    source: String,
}

/// An object that may be handed over.
pub(crate) struct Candidate<'a> {
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) seal: &'a Kept<Seal>,
    pub(crate) sha256: Sha256Digest,
    pub(crate) policy: &'a PolicyRef,
    pub(crate) ruleset: &'a LoadedRuleset,
    pub(crate) facts: &'a ObjectFacts,
}

impl Candidate<'_> {
    fn ruleset_ref(&self) -> RulesetRef {
        RulesetRef { digest: self.ruleset.digest }
    }

    fn run(&self) -> RunId {
        Quality::run(self.policy, Some(&self.ruleset_ref()), ENGINE, &self.seal.link())
    }

    fn request(&self, spec: &HandOverSpec) -> QualityRunRequest {
        let table = format!("{}.{}", spec.database, spec.table);
        let token = format!("{}{}{table}", self.subject.object.id(), self.run().as_str());
        QualityRunRequest {
            token: Sha256Digest::of(token.as_bytes()).to_hex(),
            ruleset_name: format!("sluice-{}", self.ruleset.digest.to_hex()),
            ruleset: self.ruleset.ruleset.to_string(),
            database: spec.database.clone(),
            table: spec.table.clone(),
            role_arn: spec.role_arn.clone(),
            workers: spec.workers,
        }
    }
}

impl QualityFunction {
    /// Judges an object by Glue when the policy allows that and the object was handed over, or has to be now; `None`: it is
    /// judged here.
    pub(crate) async fn hand_over(
        &self,
        object: &Candidate<'_>,
        deadline: Deadline,
    ) -> Result<Option<Judged>, JudgeError> {
        let (Some(spec), Some(runs)) = (&object.subject.dataset.quality.hand_over, &self.runs) else { return Ok(None) };
        let key = report_key(object.subject.object, "handover", &format!("{}.json", object.run().as_str()));
        let path = self.in_evidence(key);
        let record = match self.handed_over(&path).await? {
            Some(record) => record,
            None if self.fits(spec, object.facts.size_bytes, deadline) => return Ok(None),
            None => self.start(runs.as_ref(), spec, object, &path).await?,
        };
        let result = match runs.status(&record.run_id).await? {
            QualityRunStatus::Running => return Err(JudgeError::HandedOver),
            QualityRunStatus::Ended { status } => Err(status),
            QualityRunStatus::Succeeded { result_ids } => {
                let mut rules = Vec::new();
                for id in &result_ids {
                    rules.extend(runs.result(id).await?.rules);
                }
                Ok(QualityRunResult { rules })
            }
        };
        let wanted: Vec<String> = object.ruleset.ruleset.rules.iter().map(ToString::to_string).collect();
        self.conclude(object, record, mapped(&wanted, result)).await.map(Some)
    }

    /// Whether an object can be judged here, by the throughput that the policy states.
    fn fits(&self, spec: &HandOverSpec, size_bytes: u64, deadline: Deadline) -> bool {
        let left = deadline.left(self.clock.now());
        let usable = left.saturating_sub(left / KEPT_SHARE);
        size_bytes <= u64::from(spec.mib_per_second).saturating_mul(MIB).saturating_mul(usable.as_secs())
    }

    async fn handed_over(&self, path: &ObjectPath) -> Result<Option<Record>, JudgeError> {
        let Some(at) = self.only_version(path).await? else { return Ok(None) };
        let bytes = read_capped(self.frame.ports().reader.as_ref(), &at, MAX_RECORD_BYTES).await;
        let bytes = bytes.map_err(EvidenceError::Store)?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|_damaged| JudgeError::InputsDamaged)?;
        if record.version == VERSION { Ok(Some(record)) } else { Err(JudgeError::InputsDamaged) }
    }

    /// Starts the run and writes down its name. An attempt whose answer was lost started the same run: its token is the same.
    async fn start(
        &self,
        runs: &dyn QualityRuns,
        spec: &HandOverSpec,
        object: &Candidate<'_>,
        path: &ObjectPath,
    ) -> Result<Record, JudgeError> {
        let run_id = runs.start(&object.request(spec)).await?;
        let record = Record { version: VERSION, run_id, source: format!("glue:{}.{}", spec.database, spec.table) };
        let bytes = serde_json::to_vec(&record).map_err(|_unencodable| JudgeError::InputsDamaged)?;
        self.keep_first(path.key.clone(), bytes).await?;
        self.handed_over(path)
            .await?
            .ok_or_else(|| EvidenceError::Store(StoreError::Conflict { operation: "PutObject" }).into())
    }

    async fn conclude(&self, object: &Candidate<'_>, record: Record, report: Report) -> Result<Judged, JudgeError> {
        let report = Arc::new(report);
        let Candidate { subject, sha256, .. } = *object;
        let name = object.ruleset.name.clone();
        let report_sha256 = self.keep_report(subject, &report, name, sha256).await?;
        self.keep_page(subject, sha256, &report, &report_sha256, &[]).await?;
        let predicate = Quality {
            engine: ENGINE.to_owned(),
            report_sha256: Some(report_sha256),
            external: Some(ExternalRead { source: record.source, run_id: record.run_id, digest_verified: false }),
            rows: None,
            bytes: 0, // none were read here
            ..verdict(&report, object.ruleset_ref(), object.policy.clone(), object.facts, object.seal)
        };
        let subject = vec![ResourceDescriptor::object(subject.object, sha256)];
        let verdict = self.frame.record(subject, predicate).await?;
        Ok(Judged { verdict, report: Some(report) })
    }
}

/// Glue's outcomes as ours, one for each rule of the ruleset. A rule that Glue says nothing of is an error, as all of them are
/// when the run ended without a result: nothing is known about the data then.
fn mapped(wanted: &[String], result: Result<QualityRunResult, &'static str>) -> Report {
    let told = match &result {
        Ok(_) => "AWS Glue Data Quality gave no outcome for this rule".to_owned(),
        Err(status) => format!("the run of AWS Glue Data Quality ended as {status}; see its log in Glue"),
    };
    let mut found = result.map(|result| result.rules).unwrap_or_default().into_iter();
    let mut rules: Vec<RuleOutcome> = wanted.iter().map(|rule| outcome(rule, found.next(), &told)).collect();
    // Outcomes of rules that nobody asked for: then the others cannot be trusted to be in order, either.
    if found.next().is_some() {
        rules = wanted.iter().map(|rule| outcome(rule, None, "AWS Glue Data Quality judged another ruleset")).collect();
    }
    Report { rules, analyzers: Vec::new(), rows: 0, row_results: None }
}

fn outcome(rule: &str, found: Option<QualityRunRule>, missing: &str) -> RuleOutcome {
    let (outcome, message, metrics) = match found {
        None => (Outcome::Error, Some(missing.to_owned()), BTreeMap::new()),
        Some(found) => {
            let outcome = match found.holds {
                Some(true) => Outcome::Passed,
                Some(false) => Outcome::Failed,
                None => Outcome::Error,
            };
            (outcome, found.message, found.metrics)
        }
    };
    RuleOutcome {
        rule: rule.to_owned(),
        outcome,
        message,
        metrics,
        evaluated_rule: None,
        labels: BTreeMap::new(),
        first_failing_rows: Vec::new(),
        failing_rows: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(holds: Option<bool>) -> QualityRunRule {
        QualityRunRule { rule: "r".to_owned(), holds, message: None, metrics: BTreeMap::new() }
    }

    fn outcomes(result: Result<Vec<QualityRunRule>, &'static str>) -> Vec<Outcome> {
        let wanted = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let report = mapped(&wanted, result.map(|rules| QualityRunResult { rules }));
        assert_eq!(report.rules.len(), 3);
        report.rules.iter().map(|rule| rule.outcome).collect()
    }

    #[test]
    fn every_rule_has_an_outcome_and_only_glue_s_pass_passes() {
        use Outcome::{Error, Failed, Passed};
        assert_eq!(outcomes(Ok(vec![rule(Some(true)), rule(Some(false)), rule(None)])), [Passed, Failed, Error]);
        assert_eq!(outcomes(Ok(vec![rule(Some(true))])), [Passed, Error, Error]);
        assert_eq!(outcomes(Ok(vec![rule(Some(true)); 4])), [Error, Error, Error]);
        assert_eq!(outcomes(Ok(vec![])), [Error, Error, Error]);
        assert_eq!(outcomes(Err("TIMEOUT")), [Error, Error, Error]);
    }
}
