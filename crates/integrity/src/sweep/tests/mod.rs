//! Sweeps over a lake in memory.

mod buckets;
mod engine;
mod log;
mod model;
mod objects;
mod recalled;
mod settings;

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{KeyPosture, LockSetting, Notification, RetentionMode, TrailPosture, UserMetadata};
use sluice_common::{ObjectPath, ObjectVersion};
use sluice_evidence::predicate::{
    ConfigRef, FailingRows, Input, Outcome, PolicyRef, Pseudonymize, PseudonymizeStats, Quality, QualityResult,
    Quarantine, QuarantinedRows, RuleCounts, Seal,
};
use sluice_evidence::{Archive, Predecessor, Predicate, TrustedKeys};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{
    FaultPlan, Faulty, MemoryKms, MemoryMetrics, MemoryQueue, MemoryS3, MemorySettings, SettableClock,
};

use super::*;
use crate::seal::{SealPorts, seal};

const RAW: &str = "lake-raw";
const EVIDENCE: &str = "lake-evidence";
const CURATED: &str = "lake-curated";
const QUEUE_ARN: &str = "arn:aws:sqs:eu-central-1:111122223333:seal";
const WISH: RetentionSpec = RetentionSpec { mode: RetentionMode::Governance, days: 30 };
const DEFAULT_LOCK: LockSetting = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(1) };

const KEY_ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/data";
const TRAIL_ARN: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/lake";

fn good_key() -> KeyPosture {
    let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}]});
    KeyPosture { state: "Enabled".to_owned(), is_rotated: Some(true), policy: policy.to_string() }
}

fn good_trail() -> TrailPosture {
    TrailPosture {
        is_logging: true,
        validates_log_files: true,
        is_multi_region: true,
        records_management: true,
        records_objects: vec![format!("arn:aws:s3:::{RAW}/")],
    }
}

/// A lake in which everything is as desired.
struct Lake {
    s3: MemoryS3,
    kms: MemoryKms,
    clock: SettableClock,
    metrics: MemoryMetrics,
    settings: MemorySettings,
    seal_queue: MemoryQueue,
    quality_queue: MemoryQueue,
    pseudonymize_queue: MemoryQueue,
    desired: Desired,
}

impl Lake {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        s3.create_locked_bucket(&bucket(RAW), DEFAULT_LOCK).unwrap();
        s3.create_locked_bucket(&bucket(EVIDENCE), DEFAULT_LOCK).unwrap();
        s3.create_versioned_bucket(&bucket(CURATED)).unwrap();
        let to_queue = Notification {
            target: QUEUE_ARN.to_owned(),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            prefix: None,
            suffix: None,
        };
        let to_bus = Notification { target: "eventbridge".to_owned(), events: Vec::new(), prefix: None, suffix: None };
        for (name, notification) in [(RAW, Some(&to_queue)), (EVIDENCE, Some(&to_bus)), (CURATED, None)] {
            s3.force_posture(&bucket(name), |posture| {
                posture.policy = Some(tls_only_policy(name));
                posture.notifications.extend(notification.cloned());
            });
        }
        let locked = |name, notification| DesiredBucket {
            object_lock: Some(DEFAULT_LOCK),
            notifications: vec![notification],
            ..DesiredBucket::new(bucket(name))
        };
        let desired = Desired {
            raw: locked(RAW, to_queue),
            evidence: locked(EVIDENCE, to_bus),
            others: vec![DesiredBucket::new(bucket(CURATED))],
            curated: Some(bucket(CURATED)),
            keys: vec![DesiredKey { arn: KEY_ARN.to_owned(), rotated: true }],
            trail: Some(DesiredTrail { arn: TRAIL_ARN.to_owned(), multi_region: true, objects_of: vec![bucket(RAW)] }),
            raw_prefix: "inbox/".to_owned(),
            raw_excluded: vec!["inbox/quarantine/".to_owned()],
        };
        let kms = MemoryKms::new("statements");
        let (metrics, seal_queue, quality_queue, pseudonymize_queue) =
            (MemoryMetrics::new(), MemoryQueue::new(), MemoryQueue::new(), MemoryQueue::new());
        let settings = MemorySettings::new();
        settings.set_key(KEY_ARN, good_key());
        settings.set_trail(TRAIL_ARN, good_trail());
        Self { s3, kms, clock, metrics, settings, seal_queue, quality_queue, pseudonymize_queue, desired }
    }

    fn upload(&self, key: &str, body: &'static str) -> ObjectVersion {
        self.s3.put(&path(RAW, key), body).unwrap()
    }

    async fn ledger(&self, plan: FaultPlan) -> Ledger {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan));
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        let archive = Archive::new(bucket(EVIDENCE), s3.clone(), s3.clone(), keys);
        Ledger::new(archive, s3, Arc::new(self.kms.clone()))
    }

    async fn seal(&self, at: &ObjectVersion) -> Kept<Seal> {
        let ledger = self.ledger(FaultPlan::new()).await;
        let s3 = &self.s3;
        let ports = SealPorts { objects: s3, locks: s3, buckets: s3, ledger: &ledger, clock: &self.clock };
        seal(ports, at, Some(WISH), &UserMetadata::new()).await.unwrap().statement
    }

    async fn record<P: Predicate>(&self, subject: ResourceDescriptor, predicate: P) -> Kept<P> {
        let statement = Statement::new(vec![subject], predicate).unwrap();
        self.ledger(FaultPlan::new()).await.record(&statement, &UserMetadata::new()).await.unwrap().into_kept()
    }

    async fn judge(&self, sealed: &Kept<Seal>, result: QualityResult) -> Kept<Quality> {
        self.judge_with(sealed, result, None).await
    }

    async fn judge_with(
        &self,
        sealed: &Kept<Seal>,
        result: QualityResult,
        failing_rows: Option<FailingRows>,
    ) -> Kept<Quality> {
        let subject = ResourceDescriptor::object(&sealed.version(), sealed.sha256().unwrap());
        let predicate = Quality {
            result,
            ruleset: None,
            policy: PolicyRef { version_id: None, digest: Sha256Digest::of(b"policy"), dataset: None },
            engine: "test".to_owned(),
            counts: RuleCounts::default(),
            report_sha256: None,
            inputs_sha256: None,
            state_sha256: None,
            failing_rows,
            external: None,
            rows: None,
            bytes: 1,
            predecessor: sealed.link(),
        };
        self.record(subject, predicate).await
    }

    fn pseudonymize(sealed: &Kept<Seal>, outcome: Outcome, predecessor: Predecessor) -> Pseudonymize {
        Pseudonymize {
            outcome,
            inputs: vec![Input { uri: sealed.version().uri(), sha256: sealed.sha256().unwrap() }],
            policy: PolicyRef { version_id: None, digest: Sha256Digest::of(b"policy"), dataset: None },
            config: ConfigRef { digest: Sha256Digest::of(b"config") },
            engine: "test".to_owned(),
            keys: Vec::new(),
            format_preserving: Vec::new(),
            stats: PseudonymizeStats::default(),
            dropped: None,
            text_detection: None,
            predecessor,
        }
    }

    /// Where a version is published.
    fn curated_path(at: &ObjectVersion) -> ObjectPath {
        let id: String = at.id().to_string().chars().take(32).collect();
        path(CURATED, &format!("orders/dt=2026-01-01/{id}-0123456789abcdef.csv"))
    }

    /// A version that went all the way. Returns it and its curated object.
    async fn publish(&self, key: &str, body: &'static str) -> (ObjectVersion, ObjectVersion) {
        let at = self.upload(key, body);
        let sealed = self.seal(&at).await;
        let verdict = self.judge(&sealed, QualityResult::Passed).await;
        let curated = self.s3.put(&Self::curated_path(&at), "tokens").unwrap();
        let subject = ResourceDescriptor::object(&curated, Sha256Digest::of(b"tokens"));
        self.record(subject, Self::pseudonymize(&sealed, Outcome::Published, verdict.link())).await;
        (at, curated)
    }

    fn request(&self) -> SweepRequest {
        SweepRequest { deep: Deep::All, ..SweepRequest::new(self.clock.now()) }
    }

    async fn try_sweep(&self, request: &SweepRequest, plan: FaultPlan) -> Result<SweepReport, SweepError> {
        self.try_sweep_over(self.ledger(FaultPlan::new()).await, request, plan).await
    }

    async fn try_sweep_over(
        &self,
        ledger: Ledger,
        request: &SweepRequest,
        plan: FaultPlan,
    ) -> Result<SweepReport, SweepError> {
        let faulty = Faulty::new(self.s3.clone(), plan);
        let ports = SweepPorts {
            objects: &faulty,
            versions: &faulty,
            raw_versions: None,
            locks: &faulty,
            buckets: &faulty,
            keys: Some(&self.settings),
            trails: Some(&self.settings),
            ledger: &ledger,
            seal_queue: &self.seal_queue,
            quality_queue: Some(&self.quality_queue),
            pseudonymize_queue: Some(&self.pseudonymize_queue),
            metrics: &self.metrics,
            clock: &self.clock,
        };
        sweep(ports, &self.desired, request).await
    }

    async fn sweep(&self) -> SweepReport {
        self.try_sweep(&self.request(), FaultPlan::new()).await.unwrap()
    }

    /// The rules that a sweep finds broken, in order of their names.
    async fn rules(&self) -> Vec<Rule> {
        let mut rules: Vec<_> = self.sweep().await.findings.iter().map(|found| found.rule).collect();
        rules.sort_unstable();
        rules
    }

    fn hours_later(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }
}

fn tls_only_policy(name: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }]})
    .to_string()
}

fn at(key: &str) -> ObjectPath {
    path(RAW, key)
}
