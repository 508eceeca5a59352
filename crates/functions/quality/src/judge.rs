//! From a seal to a verdict.

use std::sync::Arc;

use bytes::Bytes;
use sluice_common::port::{ObjectBody, ObjectFacts, StoreError, UserMetadata};
use sluice_common::{ObjectKey, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{PolicyRef, Quality, QualityResult, RuleCounts, RulesetRef, Seal};
use sluice_evidence::{EvidenceError, Kept, Recorded, ResourceDescriptor};
use sluice_quality::report::{GlueContext, glue_json};
use sluice_quality::{EvaluationOptions, NoHistory, Outcome, Report, check};
use sluice_report::html::{self, Page};
use sluice_stage::input::{HashedReader, receive};
use sluice_stage::{About, FrameError, table};

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::ruleset::LoadedRuleset;

/// Name and version of the engine, as verdicts name it.
pub(crate) const ENGINE: &str = concat!("sluice-quality/", env!("CARGO_PKG_VERSION"));

/// A verdict and what it says beyond the statement.
pub(crate) struct Judged {
    pub(crate) verdict: Recorded<Quality>,
    pub(crate) report: Option<Report>,
}

impl QualityFunction {
    /// Judges the version behind a seal. `about` is filled in on the way, so that a failure can say what is known.
    pub(crate) async fn judge(&self, seal_at: &ObjectVersion, about: &mut About) -> Result<Judged, JudgeError> {
        let seal = self.frame.arrived::<Seal>(seal_at).await?;
        let (object, sealed_sha256) = (seal.version(), seal.sha256().ok_or(FrameError::DigestChanged)?);
        about.version = object.clone();
        about.sha256 = Some(sealed_sha256);
        about.predecessor = Some(seal.link());
        self.frame.check_raw(&object)?;
        let loaded = self.frame.current_policy().await?;
        let dataset = loaded.policy.dataset_for(&object.key);
        let policy = loaded.reference(dataset);
        about.policy = Some(policy.clone());
        let Some(dataset) = dataset else {
            return self.stop(&seal, sealed_sha256, policy).await;
        };
        let ruleset = Arc::new(self.rulesets.load(&dataset.quality.ruleset).await?);
        let options = table::read_options(&dataset.format);
        let ObjectBody { facts, stream } = self.frame.ports().reader.get(&object).await?;
        let arrived_micros = facts.last_modified.as_microsecond();
        let (input, receiving) = receive(stream);
        let judging = Arc::clone(&ruleset);
        let evaluated = tokio::task::spawn_blocking(move || evaluate(input, &options, &judging, arrived_micros)).await;
        // The digest is judged before the table: bytes that are not the sealed ones prove nothing about the upload.
        let received = receiving.finish().await?;
        if received.sha256 != sealed_sha256 {
            about.note_bytes_found(received.sha256);
            return Err(FrameError::DigestChanged.into());
        }
        let report = evaluated.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))?;
        let context = GlueContext {
            subject: format!("{}#{sealed_sha256}", object.uri()),
            ruleset_name: ruleset.name.clone(),
            evaluation_context: Some(dataset.name.clone()),
            table: dataset.catalog.as_ref().map(|table| (table.database.clone(), table.table.clone())),
        };
        let report_sha256 = self.keep_report(&object, &glue_json(&report, &context)).await?;
        self.keep_page(&object, sealed_sha256, &dataset.name, &report, &report_sha256).await?;
        let predicate = verdict(&report, &ruleset, policy, &facts, report_sha256, &seal);
        let verdict = self.frame.record(vec![ResourceDescriptor::object(&object, sealed_sha256)], predicate).await?;
        Ok(Judged { verdict, report: Some(report) })
    }

    /// Nothing of the policy matches: sealed, then stopped, and said so.
    async fn stop(&self, seal: &Kept<Seal>, sha256: Sha256Digest, policy: PolicyRef) -> Result<Judged, JudgeError> {
        let predicate = Quality {
            result: QualityResult::Stopped,
            ruleset: None,
            policy,
            engine: ENGINE.to_owned(),
            counts: RuleCounts::default(),
            report_sha256: None,
            rows: None,
            bytes: 0, // none were read
            predecessor: seal.link(),
        };
        let verdict = self.frame.record(vec![ResourceDescriptor::object(&seal.version(), sha256)], predicate).await?;
        Ok(Judged { verdict, report: None })
    }

    /// Keeps the report under its own digest, so that the same report again is the same object.
    async fn keep_report(
        &self,
        object: &ObjectVersion,
        report: &serde_json::Value,
    ) -> Result<Sha256Digest, FrameError> {
        let bytes = report.to_string().into_bytes();
        let sha256 = Sha256Digest::of(&bytes);
        self.keep(report_key(object, "quality", &sha256, "json"), bytes).await?;
        Ok(sha256)
    }

    /// Keeps the report once more, as a page for people, named after the report it shows. It holds no cell: nothing of
    /// the table beyond what the report says.
    async fn keep_page(
        &self,
        object: &ObjectVersion,
        sealed_sha256: Sha256Digest,
        dataset: &str,
        report: &Report,
        report_sha256: &Sha256Digest,
    ) -> Result<(), FrameError> {
        let facts = vec![
            ("Object", object.uri()),
            ("SHA-256", sealed_sha256.to_hex()),
            ("Report's SHA-256", report_sha256.to_hex()),
        ];
        let page = html::page(&Page { subject: dataset, facts, report: Some(report), ..Page::default() });
        self.keep(report_key(object, "page", report_sha256, "html"), page.into_bytes()).await
    }

    async fn keep(&self, key: ObjectKey, bytes: Vec<u8>) -> Result<(), FrameError> {
        let path = ObjectPath { bucket: self.frame.context.evidence_bucket().clone(), key };
        match self.frame.ports().writer.put_new(&path, Bytes::from(bytes), &UserMetadata::new()).await {
            Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(EvidenceError::Store(error).into()),
        }
    }
}

/// `report/quality/<id[0:2]>/<id>/<sha256>.json` and `report/page/<id[0:2]>/<id>/<sha256>.html`
fn report_key(object: &ObjectVersion, kind: &str, sha256: &Sha256Digest, suffix: &str) -> ObjectKey {
    let id = object.id().to_string();
    let head: String = id.chars().take(2).collect();
    #[expect(clippy::expect_used, reason = "about 150 ASCII characters: never empty, never beyond 1,024")]
    ObjectKey::new(format!("report/{kind}/{head}/{id}/{sha256}.{suffix}")).expect("a report's key fits")
}

/// Runs on a thread of its own: the engine reads synchronously.
fn evaluate(
    input: HashedReader,
    options: &sluice_tabular::ReadOptions,
    ruleset: &LoadedRuleset,
    arrived_micros: i64,
) -> Result<Report, JudgeError> {
    let reader = table::open(input, options)?;
    // "Now" is when the version arrived: a verdict must not depend on the hour of judging.
    let options = EvaluationOptions::at(arrived_micros);
    Ok(check(reader, &ruleset.ruleset, &options, &NoHistory)?)
}

fn verdict(
    report: &Report,
    ruleset: &LoadedRuleset,
    policy: PolicyRef,
    facts: &ObjectFacts,
    report_sha256: Sha256Digest,
    seal: &Kept<Seal>,
) -> Quality {
    Quality {
        result: if report.passed() { QualityResult::Passed } else { QualityResult::Failed },
        ruleset: Some(RulesetRef { digest: ruleset.digest }),
        policy,
        engine: ENGINE.to_owned(),
        counts: RuleCounts {
            passed: report.count_of(Outcome::Passed),
            failed: report.count_of(Outcome::Failed),
            errors: report.count_of(Outcome::Error),
        },
        report_sha256: Some(report_sha256),
        rows: Some(report.rows),
        bytes: facts.size_bytes,
        predecessor: seal.link(),
    }
}
