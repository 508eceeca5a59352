//! Findings are signed as they are found; the account of an audit names them all.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sluice_audit::access::Judgement;
use sluice_audit::signing::SignUse;
use sluice_audit::trail::TrailFinding;
use sluice_common::port::{Metric, MetricUnit, Metrics, UserMetadata};
use sluice_common::{BucketName, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Finding, FindingEvidence, Severity};
use sluice_evidence::{EvidenceError, Ledger, ResourceDescriptor, Statement};

use crate::signing::ReconciledHour;

/// Signs and counts.
pub(crate) struct Findings<'a> {
    ledger: &'a Ledger,
    keys: Sha256,
    pub(crate) total: u64,
    pub(crate) by_rule: BTreeMap<String, u64>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, keys: Sha256::new(), total: 0, by_rule: BTreeMap::new() }
    }

    /// Something is wrong with the trail.
    pub(crate) async fn trail(
        &mut self,
        finding: &TrailFinding,
        trail: &str,
        version: Option<ObjectVersion>,
    ) -> Result<(), EvidenceError> {
        let code = finding.code;
        let at = finding.time.map(|time| format!(" ({time})")).unwrap_or_default();
        let detail = format!("{}{at}", code.meaning());
        // What is gone is known by its name alone.
        let uri = finding.at.as_ref().map_or_else(|| trail.to_owned(), ToString::to_string);
        let subject = version.as_ref().map_or_else(
            || ResourceDescriptor::named(uri.clone(), Sha256Digest::of(uri.as_bytes())),
            ResourceDescriptor::unread_object,
        );
        let uri = version.as_ref().map_or(uri, ObjectVersion::uri);
        let evidence = vec![FindingEvidence { uri, sha256: None }];
        self.sign(code.as_str(), code.severity(), detail, evidence, subject).await
    }

    /// A record breaks a rule. The subject is the event, so that the same one in another file is the same finding.
    pub(crate) async fn access(&mut self, judgement: &Judgement) -> Result<(), EvidenceError> {
        let Judgement { rule, severity, event_id, time, operation, principal_kind, principal_sha256 } = judgement;
        let event_id = event_id.as_deref().unwrap_or("without an id");
        let time = time.as_deref().unwrap_or("unknown time");
        let detail = format!(
            "{time} {operation} by a principal of kind {principal_kind} whose ARN has SHA-256 {principal_sha256}: look up \
             the event {event_id} in the trail"
        );
        let subject = ResourceDescriptor::named(
            format!("cloudtrail:event/{event_id}"),
            Sha256Digest::of(format!("{event_id}\n{time}\n{operation}").as_bytes()),
        );
        self.sign(rule, *severity, detail, Vec::new(), subject).await
    }

    /// A signature without a statement, or a statement without a signature.
    pub(crate) async fn signing(&mut self, hour: &ReconciledHour, evidence: &BucketName) -> Result<(), EvidenceError> {
        let event = |one: &SignUse| {
            let text = format!("{}\n{}\nkms:Sign", one.event_id, one.time);
            let digest = Sha256Digest::of(text.as_bytes());
            ResourceDescriptor::named(format!("cloudtrail:event/{}", one.event_id), digest)
        };
        let by = |one: &SignUse| {
            format!("by a principal whose ARN has SHA-256 {}: request {}", one.principal_sha256, one.request_id)
        };
        for one in &hour.found.without_statement {
            let detail = format!("the statement key signed what nobody kept, at {}, {}", one.time, by(one));
            self.sign("SIGN_WITHOUT_STATEMENT", Severity::Critical, detail, Vec::new(), event(one)).await?;
        }
        for one in &hour.found.retried {
            let detail =
                format!("a signature was not kept and was made again, as after a crash, at {}, {}", one.time, by(one));
            self.sign("SIGN_RETRIED", Severity::Low, detail, Vec::new(), event(one)).await?;
        }
        for one in hour.found.without_use.iter().filter(|_| hour.is_recorded) {
            let uri = format!("s3://{evidence}/{}", one.key);
            let request = one.request_id.as_deref().unwrap_or_default();
            let detail = format!(
                "CloudTrail knows no use of the statement key by the request {request} that is said to have signed it"
            );
            let subject = ResourceDescriptor::named(uri.clone(), Sha256Digest::of(uri.as_bytes()));
            let seen = vec![FindingEvidence { uri, sha256: None }];
            self.sign("STATEMENT_WITHOUT_SIGN", Severity::Critical, detail, seen, subject).await?;
        }
        Ok(())
    }

    async fn sign(
        &mut self,
        rule: &str,
        severity: Severity,
        detail: String,
        evidence: Vec<FindingEvidence>,
        subject: ResourceDescriptor,
    ) -> Result<(), EvidenceError> {
        let finding = Finding { rule: rule.to_owned(), severity, detail, evidence };
        let statement = Statement::new(vec![subject], finding)?;
        let recorded = self.ledger.record_once_more(&statement, &UserMetadata::new()).await?;
        let key = recorded.kept().key().to_string();
        tracing::warn!(rule, severity = severity.as_str(), statement = key, "finding");
        self.keys.update(key.as_bytes());
        self.keys.update(b"\n");
        self.total = self.total.saturating_add(1);
        let count: &mut u64 = self.by_rule.entry(rule.to_owned()).or_default();
        *count = count.saturating_add(1);
        Ok(())
    }

    /// SHA-256 over the keys of the statements.
    pub(crate) fn digest(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(self.keys.clone().finalize().into())
    }

    /// Publishes the counts. What is signed stands whether or not this succeeds.
    pub(crate) async fn count(&self, metrics: &dyn Metrics) {
        if self.total == 0 {
            return;
        }
        let value = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let metric =
            |count, dimensions| Metric { name: "Findings", value: value(count), unit: MetricUnit::Count, dimensions };
        let by_rule = self.by_rule.iter().map(|(rule, count)| metric(*count, vec![("Rule", rule.clone())]));
        let all: Vec<_> = std::iter::once(metric(self.total, Vec::new())).chain(by_rule).collect();
        if let Err(error) = metrics.put(&all).await {
            tracing::warn!(%error, "the audit's metrics were not published");
        }
    }
}
