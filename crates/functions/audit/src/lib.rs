//! The audit function: CloudTrail's files are validated as they arrive, their records are judged by the access policy, and on
//! a schedule the newest hours are looked for: what was deleted sends no event.
//!
//! | what wakes it | what it does |
//! |---|---|
//! | a digest | validates its hour: chain, signatures, log files, files that nobody lists; puts the uses of the statement key beside the log's leaves |
//! | a log file | judges its records |
//! | `{"mode": "tail", "asOf": …}` | validates the last day: nothing that should be there is missing |
//!
//! Each leaves a signed account, and a signed finding for everything that is wrong.

mod config;
mod error;
mod findings;
mod keys;
mod signing;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_audit::access::{AccessPolicy, Judge, for_each_record};
use sluice_audit::trail::{
    ChainId, DigestKey, FileAt, LogScope, Scope, TrailBucket, TrailFileKind, TrailId, TrailReport, day_prefixes,
    read_file, validate,
};
use sluice_aws::Aws;
use sluice_common::event::Item;
use sluice_common::port::{Deadline, SystemClock, TrailKeys, UserMetadata};
use sluice_common::runner::{Done, Runner, Stage};
use sluice_common::{BucketName, Disposition, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Audit, AuditCounts, AuditKind, AuditRange, AuditSigning};
use sluice_evidence::{EvidenceError, ResourceDescriptor, Stage as StageName, Statement};
use sluice_stage::context::Ports;
use sluice_stage::failure::settle;
use sluice_stage::{About, Context, Failure, Signing, StageError, lambda};

pub use config::{Config, InlinePolicy, KeysFrom, Regions, TrailArn};
pub use error::AuditError;

use findings::Findings;
use keys::KeyRing;
use signing::{ReconciledHour, Signings};

/// A digest is validated together with this much of the trail before it, for the link and for late log files.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(2);

/// How far back the schedule looks.
const TAIL: SignedDuration = SignedDuration::from_hours(26);

/// Findings of one log file that are signed one by one; the account counts all.
const MAX_SIGNED: usize = 1000;

/// Audits what arrives.
pub struct AuditFunction {
    context: Context,
    trail_bucket: BucketName,
    evidence_bucket: BucketName,
    trail_key_prefix: String,
    trail: TrailArn,
    regions: Regions,
    access_policy: AccessPolicy,
    keys: KeyRing,
    metrics_namespace: String,
    signing: Signing,
}

impl fmt::Debug for AuditFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditFunction").field("trail_bucket", &self.trail_bucket).finish_non_exhaustive()
    }
}

/// The function on AWS.
pub fn connect(config: Config, aws: &Aws) -> AuditFunction {
    let objects = Arc::new(aws.objects());
    let ports = Ports {
        reader: Arc::clone(&objects) as _,
        writer: Arc::clone(&objects) as _,
        versions: objects,
        signer: Arc::new(aws.signer(&config.signing.key_arn)),
        metrics: Arc::new(aws.metrics(&config.metrics_namespace)),
    };
    AuditFunction::new(config, ports, Arc::new(aws.trail_keys()))
}

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve(function: AuditFunction) -> Result<(), lambda_runtime::Error> {
    let namespace = function.metrics_namespace.clone();
    let runner = Runner::new("audit", function, Arc::new(SystemClock), namespace);
    let runner = &runner;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        if event.payload.get("mode").is_some() {
            return on_schedule(runner.stage(), &event).await;
        }
        lambda::invoke(runner, &event).await
    }))
    .await
}

async fn on_schedule(function: &AuditFunction, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    lambda::answer("audit", &event.context.request_id, function.tail(&event.payload)).await
}

/// What a schedule asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    mode: Mode,
    as_of: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    Tail,
}

/// What a schedule is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// URIs of the signed accounts, one a region.
    pub statements: Vec<String>,
    /// Findings in all.
    pub findings: u64,
}

impl AuditFunction {
    /// The function on any ports.
    pub fn new(config: Config, ports: Ports, trail_keys: Arc<dyn TrailKeys>) -> Self {
        let reader = Arc::clone(&ports.reader);
        Self {
            keys: KeyRing::new(config.keys, trail_keys, reader, config.evidence_bucket.clone()),
            context: Context::new(StageName::Audit, config.evidence_bucket.clone(), ports)
                .trusting(config.signing.retired.clone()),
            evidence_bucket: config.evidence_bucket,
            trail_bucket: config.trail_bucket,
            trail_key_prefix: config.trail_key_prefix,
            trail: config.trail,
            regions: config.regions,
            access_policy: config.access_policy.0,
            metrics_namespace: config.metrics_namespace,
            signing: config.signing,
        }
    }

    /// Looks for the newest hours of the trail.
    ///
    /// # Errors
    /// When the payload asks for nothing that can be done, the trail cannot be read, or no account could be signed.
    pub async fn tail(&self, payload: &Value) -> Result<Answer, AuditError> {
        let Request { mode: Mode::Tail, as_of } =
            Request::deserialize(payload).map_err(|_details_quote_the_payload| AuditError::NotARequest)?;
        let from = as_of.checked_sub(TAIL).unwrap_or(as_of);
        let mut answer = Answer { statements: Vec::new(), findings: 0 };
        for region in &self.regions.0 {
            let account = self.trail.id.account.clone();
            let logs = LogScope { organization: None, account, region: region.clone() };
            let scope = Scope { trail: Some(self.trail.id.clone()), from, to: as_of, as_of };
            let name = format!("{}/{region}", self.trail.arn);
            let subject = ResourceDescriptor::named(name.clone(), Sha256Digest::of(name.as_bytes()));
            let (statement, findings, unknown) =
                self.validate(None, &self.trail_key_prefix, &logs, &scope, &name, subject).await?;
            if unknown > 0 {
                return Err(AuditError::Unknown { count: unknown });
            }
            answer.statements.push(statement);
            answer.findings = answer.findings.saturating_add(findings);
        }
        Ok(answer)
    }

    async fn run(&self, at: &ObjectVersion) -> Result<Done, AuditError> {
        if at.bucket != self.trail_bucket {
            return Err(AuditError::ForeignBucket);
        }
        match TrailFileKind::of(&FileAt::new(at.bucket.as_str(), at.key.as_str())) {
            TrailFileKind::Digest(key) => self.digest(at, &key).await,
            TrailFileKind::Log(_) => self.log(at).await,
            TrailFileKind::Other => Ok(Done::new("not_a_trail_file", 0)),
        }
    }

    async fn digest(&self, at: &ObjectVersion, key: &DigestKey) -> Result<Done, AuditError> {
        let file = read_file(self.context.ports.reader.as_ref(), at).await?;
        let bytes = file.body.len() as u64;
        let ChainId { scope: logs, trail, home_region, .. } = &key.chain;
        let id = TrailId { account: logs.account.clone(), home_region: home_region.clone(), name: trail.clone() };
        let from = key.end.checked_sub(LOOK_BACK).unwrap_or(key.end);
        // By its own end, not by the clock: a redelivery states the same.
        let scope = Scope { trail: Some(id), from, to: key.end, as_of: key.end };
        let name = format!("{}/{}", trail, logs.region);
        let subject = ResourceDescriptor::object(at, Sha256Digest::of(&file.body));
        let prefix = key.place.prefix.as_str();
        let (_, _, unknown) = self.validate(Some(key), prefix, logs, &scope, &name, subject).await?;
        if unknown > 0 { Err(AuditError::Unknown { count: unknown }) } else { Ok(Done::new("digest_audited", bytes)) }
    }

    /// Validates, signs each finding, signs the account: its URI, the number of findings, and of what is unknown. An
    /// account of which something is unknown is not signed: the next attempt may know.
    async fn validate(
        &self,
        arrived: Option<&DigestKey>,
        key_prefix: &str,
        logs: &LogScope,
        scope: &Scope,
        name: &str,
        subject: ResourceDescriptor,
    ) -> Result<(String, u64, u64), AuditError> {
        let ports = &self.context.ports;
        let prefixes = day_prefixes(key_prefix, logs, scope.from, scope.to);
        let source = TrailBucket::new(ports.reader.as_ref(), ports.versions.as_ref(), &self.trail_bucket, prefixes);
        let keys = self.keys.keys(scope.from, scope.to).await?;
        let report = validate(&source, &keys, scope).await?;
        let ledger = self.context.ledger().await?;
        let mut findings = Findings::new(ledger);
        for finding in &report.findings {
            let version = finding.at.as_ref().and_then(|at| source.version(at));
            findings.trail(finding, name, version).await?;
        }
        let hour = match arrived {
            Some(digest) => self.signings().of(digest).await?,
            None => None,
        };
        if let Some(hour) = &hour {
            findings.signing(hour, &self.evidence_bucket).await?;
        }
        let unknown = count(report.unreadable.len()).saturating_add(count(report.unverified.len()));
        findings.count(ports.metrics.as_ref()).await;
        if unknown > 0 {
            return Ok((String::new(), findings.total, unknown));
        }
        let kind = if arrived.is_some() { AuditKind::Digest } else { AuditKind::Tail };
        let mut account = account(kind, &report, logs, scope, &findings);
        account.signing = hour.as_ref().map(signing_counts);
        let statement = Statement::new(vec![subject], account).map_err(EvidenceError::from)?;
        let kept = ledger.record(&statement, &UserMetadata::new()).await?.into_kept();
        Ok((kept.at().uri(), findings.total, 0))
    }

    fn signings(&self) -> Signings<'_> {
        Signings {
            ports: &self.context.ports,
            trail_bucket: &self.trail_bucket,
            evidence_bucket: &self.evidence_bucket,
            keys: &self.signing,
            policy: &self.access_policy,
        }
    }

    /// Judges the records of a log file.
    async fn log(&self, at: &ObjectVersion) -> Result<Done, AuditError> {
        let file = read_file(self.context.ports.reader.as_ref(), at).await?;
        let mut judge = Judge::new(&self.access_policy);
        let mut broken = Vec::new();
        let mut unsigned: u64 = 0;
        let events = for_each_record(&file.body, |record| {
            if let Some(judgement) = judge.judge(record) {
                if broken.len() < MAX_SIGNED {
                    broken.push(judgement);
                } else {
                    unsigned = unsigned.saturating_add(1);
                }
            }
        })?;
        let ledger = self.context.ledger().await?;
        let mut findings = Findings::new(ledger);
        for judgement in &broken {
            findings.access(judgement).await?;
        }
        findings.total = findings.total.saturating_add(unsigned);
        let account = Audit {
            kind: AuditKind::Log,
            range: None,
            digests: AuditCounts::default(),
            logs: AuditCounts::default(),
            uncovered: 0,
            pending: 0,
            unknown: 0,
            events,
            signing: None,
            access_policy: Some(self.access_policy.digest()),
            findings: findings.total,
            findings_by_rule: findings.by_rule.clone(),
            findings_digest: findings.digest(),
        };
        let subject = ResourceDescriptor::object(at, Sha256Digest::of(&file.body));
        let statement = Statement::new(vec![subject], account).map_err(EvidenceError::from)?;
        ledger.record(&statement, &UserMetadata::new()).await?;
        findings.count(self.context.ports.metrics.as_ref()).await;
        Ok(Done::new("log_audited", file.body.len() as u64).with_rows(events))
    }
}

fn signing_counts(hour: &ReconciledHour) -> AuditSigning {
    let ReconciledHour { window, found, is_recorded } = hour;
    AuditSigning {
        from: window.from,
        to: window.to,
        matched: found.matched,
        retried: count(found.retried.len()),
        without_statement: count(found.without_statement.len()),
        without_use: count(found.without_use.len()),
        without_id: found.without_id,
        is_recorded: *is_recorded,
    }
}

fn account(kind: AuditKind, report: &TrailReport, logs: &LogScope, scope: &Scope, findings: &Findings<'_>) -> Audit {
    Audit {
        kind,
        range: scope.trail.as_ref().map(|trail| AuditRange {
            trail: trail.name.clone(),
            region: logs.region.clone(),
            from: scope.from,
            to: scope.to,
        }),
        digests: AuditCounts { valid: report.digests_valid, invalid: report.digests_invalid },
        logs: AuditCounts { valid: report.logs_valid, invalid: report.logs_invalid },
        uncovered: count(report.uncovered.len()),
        pending: report.pending,
        unknown: 0,
        events: 0,
        signing: None,
        access_policy: None,
        findings: findings.total,
        findings_by_rule: findings.by_rule.clone(),
        findings_digest: findings.digest(),
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[async_trait]
impl Stage for AuditFunction {
    type Error = StageError<AuditError>;

    async fn handle(&self, item: &Item, _deadline: Deadline) -> Result<Done, Self::Error> {
        let done = Box::pin(self.run(&item.object)).await;
        done.map_err(|error| Failure::new(About::named_by_event(&item.object), error).into())
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.context, error).await
    }
}
