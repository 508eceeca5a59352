//! From a seal to a verdict.

use std::sync::Arc;

use sluice_common::policy::{Dataset, OnFail};
use sluice_common::port::{Deadline, ObjectBody, ObjectFacts};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{PolicyRef, Quality, QualityResult, RuleCounts, RulesetRef, Seal};
use sluice_evidence::{Kept, Recorded, ResourceDescriptor};
use sluice_quality::report::{GlueContext, glue_json};
use sluice_quality::{Asks, FileSource, HistoryRecord, Outcome, RecordedHistory, Report};
use sluice_report::history::Run;
use sluice_report::html::{self, Page};
use sluice_stage::input::receive;
use sluice_stage::{About, FrameError, table};

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::evaluate::Question;
use crate::hand_over::Candidate;
use crate::inputs::{Pinned, Subject};
use crate::keep::{report_key, state_key};
use crate::listing::PinnedFiles;

/// Name and version of the engine, as verdicts name it.
pub(crate) const ENGINE: &str = concat!("sluice-quality/", env!("CARGO_PKG_VERSION"));
/// Earlier runs that a page shows.
const RUNS_ON_PAGE: usize = 12;

/// A verdict and what it says beyond the statement.
pub(crate) struct Judged {
    pub(crate) verdict: Recorded<Quality>,
    pub(crate) report: Option<Arc<Report>>,
}

impl QualityFunction {
    /// Judges the version behind a seal; `None` when it was handed on to another function. `about` is filled in on the way,
    /// so that a failure can say what is known.
    pub(crate) async fn judge(
        &self,
        seal_at: &ObjectVersion,
        about: &mut About,
        deadline: Deadline,
    ) -> Result<Option<Judged>, JudgeError> {
        let seal = self.frame.arrived::<Seal>(seal_at).await?;
        let (object, sealed_sha256) = (seal.version(), seal.sha256().ok_or(FrameError::DigestChanged)?);
        about.version = object.clone();
        about.sha256 = Some(sealed_sha256);
        about.predecessor = Some(seal.link());
        self.frame.check_raw(&object)?;
        let loaded = self.frame.current_policy().await?;
        let dataset = loaded.policy.dataset_for(&object.key).filter(|_| !object.key.is_quarantined_rows());
        let policy = loaded.reference(dataset);
        about.policy = Some(policy.clone());
        let Some(dataset) = dataset else {
            return self.stop(&seal, sealed_sha256, policy).await.map(Some);
        };
        let ruleset = self.rulesets.load(&dataset.quality.ruleset).await?;
        let ruleset_ref = RulesetRef { digest: ruleset.digest };
        if self.hand_on(seal_at, &ruleset.ruleset).await? {
            return Ok(None);
        }
        let engine = self.engine_for(&ruleset.ruleset);
        let run = Quality::run(&policy, Some(&ruleset_ref), &engine, &seal.link());
        let ObjectBody { facts, stream } = self.frame.ports().reader.get(&object).await?;
        let subject = Subject {
            object: &object,
            arrived_micros: facts.last_modified.as_microsecond(),
            policy: &loaded.policy,
            dataset,
        };
        let candidate = Candidate {
            subject: &subject,
            seal: &seal,
            sha256: sealed_sha256,
            policy: &policy,
            ruleset: &ruleset,
            facts: &facts,
        };
        if let Some(judged) = self.hand_over(&candidate, deadline).await? {
            return Ok(Some(judged));
        }
        let (input, receiving) = receive(stream);
        let pinned = self.pin(&subject, &Asks::of(&ruleset.ruleset), &run).await?;
        let files = self.files(&pinned).await?;
        let references = self.fetch_references(&pinned.inputs.references, dataset).await?;
        let read = table::read_options(&dataset.format);
        let question = Question {
            sql: self.sql_work(&ruleset.ruleset, deadline),
            ruleset: Arc::new(ruleset.ruleset),
            read: read.clone(),
            arrived_micros: subject.arrived_micros,
            history: RecordedHistory::of(&pinned.records),
            files: files.clone().map(|files| files as Arc<dyn FileSource>),
            references,
            wants_rows: dataset.quality.on_fail == OnFail::DropRows,
            wants_state: dataset.quality.keep_state,
        };
        let evaluated = tokio::task::spawn_blocking(move || question.answer(input)).await;
        // The digest is judged before the table: bytes that are not the sealed ones prove nothing about the upload.
        let received = receiving.finish().await?;
        if received.sha256 != sealed_sha256 {
            about.note_bytes_found(received.sha256);
            return Err(FrameError::DigestChanged.into());
        }
        let answer = evaluated.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))?;
        if let Some(trouble) = files.and_then(|files| files.trouble()) {
            return Err(trouble);
        }
        let report = Arc::new(answer.report);
        let failing_rows = match dataset.quality.on_fail {
            OnFail::DropRows => self.set_aside(&subject, &run, &report, &read, sealed_sha256, about).await?,
            OnFail::Quarantine | OnFail::Publish => None,
        };
        let state_sha256 = match answer.state {
            Some(state) => {
                Some(self.keep_first(state_key(&dataset.name, &object, facts.last_modified, &run), state).await?)
            }
            None => None,
        };
        let report_sha256 = self.keep_report(&subject, &report, ruleset.name, sealed_sha256).await?;
        self.keep_page(&subject, sealed_sha256, &report, &report_sha256, &pinned.records).await?;
        if dataset.quality.model_monitor {
            self.keep_statistics(&subject, &run, &read, sealed_sha256, about).await?;
        }
        self.keep_metrics(&subject, &run, &report, sealed_sha256).await?;
        let predicate = Quality {
            report_sha256: Some(report_sha256),
            inputs_sha256: pinned.sha256,
            state_sha256,
            failing_rows,
            engine,
            ..verdict(&report, ruleset_ref, policy, &facts, &seal)
        };
        let verdict = self.frame.record(vec![ResourceDescriptor::object(&object, sealed_sha256)], predicate).await?;
        Ok(Some(Judged { verdict, report: Some(report) }))
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
            inputs_sha256: None,
            state_sha256: None,
            failing_rows: None,
            external: None,
            rows: None,
            bytes: 0, // none were read
            predecessor: seal.link(),
        };
        let verdict = self.frame.record(vec![ResourceDescriptor::object(&seal.version(), sha256)], predicate).await?;
        Ok(Judged { verdict, report: None })
    }

    /// The files that rules ask for; `None` when they ask for none.
    async fn files(&self, pinned: &Pinned) -> Result<Option<Arc<PinnedFiles>>, JudgeError> {
        let listings = &pinned.inputs.listings;
        if listings.is_empty() {
            return Ok(None);
        }
        let archive = self.frame.ledger().await?.archive().clone();
        Ok(Some(Arc::new(PinnedFiles::new(listings, Arc::clone(&self.frame.ports().reader), archive)?)))
    }

    /// Keeps the report under its own digest, so that the same report again is the same object.
    pub(crate) async fn keep_report(
        &self,
        subject: &Subject<'_>,
        report: &Report,
        ruleset_name: Option<String>,
        sealed_sha256: Sha256Digest,
    ) -> Result<Sha256Digest, FrameError> {
        let Dataset { name, catalog, .. } = subject.dataset;
        let context = GlueContext {
            subject: format!("{}#{sealed_sha256}", subject.object.uri()),
            ruleset_name,
            evaluation_context: Some(name.clone()),
            table: catalog.as_ref().map(|table| (table.database.clone(), table.table.clone())),
        };
        let bytes = glue_json(report, &context).to_string().into_bytes();
        let sha256 = Sha256Digest::of(&bytes);
        self.keep(report_key(subject.object, "quality", &format!("{sha256}.json")), bytes).await?;
        Ok(sha256)
    }

    /// Keeps the report once more, as a page for people, named after the report it shows. It holds no cell: nothing of
    /// the table beyond what the report says. Of the dataset's past it shows what was known when it was written.
    pub(crate) async fn keep_page(
        &self,
        subject: &Subject<'_>,
        sealed_sha256: Sha256Digest,
        report: &Report,
        report_sha256: &Sha256Digest,
        past: &[HistoryRecord],
    ) -> Result<(), FrameError> {
        let facts = vec![
            ("Object", subject.object.uri()),
            ("SHA-256", sealed_sha256.to_hex()),
            ("Report's SHA-256", report_sha256.to_hex()),
        ];
        let read = if past.is_empty() { self.records_for_page(subject, RUNS_ON_PAGE).await } else { Vec::new() };
        let newest = past.iter().chain(&read).take(RUNS_ON_PAGE);
        let mut history: Vec<Run> = newest.map(Run::of_record).collect();
        history.reverse();
        let page = Page { subject: &subject.dataset.name, facts, report: Some(report), history, ..Page::default() };
        let key = report_key(subject.object, "page", &format!("{report_sha256}.html"));
        self.keep(key, html::page(&page).into_bytes()).await
    }
}

pub(crate) fn verdict(
    report: &Report,
    ruleset: RulesetRef,
    policy: PolicyRef,
    facts: &ObjectFacts,
    seal: &Kept<Seal>,
) -> Quality {
    Quality {
        result: if report.passed() { QualityResult::Passed } else { QualityResult::Failed },
        ruleset: Some(ruleset),
        policy,
        engine: ENGINE.to_owned(),
        counts: RuleCounts {
            passed: report.count_of(Outcome::Passed),
            failed: report.count_of(Outcome::Failed),
            errors: report.count_of(Outcome::Error),
        },
        report_sha256: None,
        inputs_sha256: None,
        state_sha256: None,
        failing_rows: None,
        external: None,
        rows: Some(report.rows),
        bytes: facts.size_bytes,
        predecessor: seal.link(),
    }
}
