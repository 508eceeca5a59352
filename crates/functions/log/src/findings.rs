//! What shows that somebody meddles with the log, as signed findings: a fork, a log that was cut short, a checkpoint that nobody
//! signed, an intent that decides nothing.
//!
//! A finding is told by the rule that every finding is told by, and becomes a leaf once the log is mended. Its payload is a
//! pure function of what was seen, so a log that stays as it is gives one statement, however often it is met.

use sluice_common::port::{Metric, MetricUnit, Metrics, UserMetadata};
use sluice_common::{BucketName, Dispose as _, Sha256Digest};
use sluice_evidence::predicate::{Finding, FindingEvidence, Severity};
use sluice_evidence::{EvidenceError, Ledger, ResourceDescriptor, Statement};
use sluice_log::{LogError, VoidIntent};

/// The rule of [`VoidIntent`]; others have the names of their errors' reasons.
const VOID_INTENT: &str = "log_intent_void";

/// Something to state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    rule: &'static str,
    severity: Severity,
    detail: String,
    /// What it is about.
    uri: String,
}

impl Found {
    /// What an error of the log shows; nothing where it shows a fault of storage, of keys, or of ourselves.
    pub(crate) fn of_error(error: &LogError, evidence: &BucketName, anchor: Option<&BucketName>) -> Option<Self> {
        let found = |key: Option<&str>, severity, detail| {
            let uri = key.map_or_else(|| format!("s3://{evidence}"), |key| format!("s3://{evidence}/{key}"));
            Some(Self { rule: error.reason(), severity, detail, uri })
        };
        match error {
            LogError::AnchorDiffers(inner) => Self::of_error(inner, anchor.unwrap_or(evidence), None),
            // How many there are may grow, and would make another statement of the same thing.
            LogError::Rewritten { key, .. } => {
                let detail = format!(
                    "{key} has a second version or a delete marker: someone rewrites the log; nothing is appended before only \
                     its first version is left"
                );
                found(Some(key), Severity::Critical, detail)
            }
            LogError::Forged { key, .. } | LogError::Missing { key } => {
                found(Some(key), Severity::Critical, format!("{error}; nothing is appended before"))
            }
            LogError::Unversioned => found(None, Severity::Critical, error.to_string()),
            _ => None,
        }
    }

    /// What an intent that decides nothing shows: the log went on without it, and only our writers may write there.
    pub(crate) fn of_void(intent: &VoidIntent, evidence: &BucketName) -> Self {
        let VoidIntent { key, what } = intent;
        let detail = format!(
            "{key} decides nothing: {what}; the log went on without it; find out who else writes into the evidence bucket"
        );
        Self { rule: VOID_INTENT, severity: Severity::High, detail, uri: format!("s3://{evidence}/{key}") }
    }

    /// Signs it, unless it was signed before.
    pub(crate) async fn sign(self, ledger: &Ledger) -> Result<(), EvidenceError> {
        let Self { rule, severity, detail, uri } = self;
        let subject = ResourceDescriptor::named(uri.clone(), Sha256Digest::of(uri.as_bytes()));
        let evidence = vec![FindingEvidence { uri, sha256: None }];
        let finding = Finding { rule: rule.to_owned(), severity, detail, evidence };
        let statement = Statement::new(vec![subject], finding)?;
        let recorded = ledger.record_once_more(&statement, &UserMetadata::new()).await?;
        let (statement, is_new) = (recorded.kept().key().to_string(), recorded.is_new());
        tracing::warn!(rule, severity = severity.as_str(), statement, is_new, "finding");
        Ok(())
    }

    /// Publishes that it was met. What is signed stands whether or not this succeeds.
    pub(crate) async fn count(rules: &[&'static str], metrics: &dyn Metrics) {
        let metric = |dimensions| Metric { name: "Findings", value: 1.0, unit: MetricUnit::Count, dimensions };
        let each = rules.iter().flat_map(|rule| [metric(Vec::new()), metric(vec![("Rule", (*rule).to_owned())])]);
        if let Err(error) = metrics.put(&each.collect::<Vec<_>>()).await {
            tracing::warn!(%error, "the log's findings were not published as metrics");
        }
    }

    /// The stable name of what is wrong.
    pub(crate) const fn rule(&self) -> &'static str {
        self.rule
    }
}
