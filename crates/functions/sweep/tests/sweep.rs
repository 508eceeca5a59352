//! The function over a lake in memory whose buckets are as the template makes them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what is not as it expects"
)]

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;
use sluice_common::ObjectVersion;
use sluice_common::config::Environment;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{
    Clock as _, Deadline, EncryptionSetting, LockSetting, Notification, RetentionMode, UserMetadata,
};
use sluice_evidence::{Archive, Ledger, TrustedKeys};
use sluice_integrity::seal::{SealPorts, seal};
use sluice_stage::context::Ports;
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{MemoryKms, MemoryMetrics, MemoryQueue, MemoryS3, SettableClock};
use sweep::{Answer, Config, PolicyState, Queues, SweepFunction, SweepFunctionError};

const QUEUE_ARN: &str = "arn:aws:sqs:eu-central-1:111122223333:seal";
const POLICY: &str = r#"
version: 1
datasets:
  - name: orders
    match: ["orders/**"]
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy: { columns: { id: { transform: keep } } }
"#;

struct Lake {
    s3: MemoryS3,
    kms: MemoryKms,
    clock: SettableClock,
    seal_queue: MemoryQueue,
    metrics: MemoryMetrics,
}

impl Lake {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        let lock = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(30) };
        s3.create_locked_bucket(&bucket("lake-raw"), lock).unwrap();
        s3.create_locked_bucket(&bucket("lake-evidence"), lock).unwrap();
        s3.create_versioned_bucket(&bucket("lake-curated")).unwrap();
        let to = |target: &str, events: &[&str]| Notification {
            target: target.to_owned(),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            prefix: None,
            suffix: None,
        };
        let wirings = [
            ("lake-raw", Some(to(QUEUE_ARN, &["s3:ObjectCreated:*"]))),
            ("lake-evidence", Some(to("eventbridge", &[]))),
            ("lake-curated", None),
        ];
        for (name, wiring) in wirings {
            s3.force_posture(&bucket(name), |posture| {
                posture.policy = Some(tls_only(name));
                posture.notifications.extend(wiring);
                let kms = EncryptionSetting { algorithm: "aws:kms".to_owned(), kms_key: None, bucket_key: true };
                posture.encryption = Some(kms);
            });
        }
        let lake = Self {
            s3,
            kms: MemoryKms::new("statements"),
            clock,
            seal_queue: MemoryQueue::new(),
            metrics: MemoryMetrics::new(),
        };
        lake.s3.put(&path("lake-evidence", "policy/pipeline.yaml"), POLICY).unwrap();
        lake
    }

    fn upload(&self, key: &str) -> ObjectVersion {
        self.s3.put(&path("lake-raw", key), "id\n1\n").unwrap()
    }

    async fn seal(&self, at: &ObjectVersion) {
        let s3 = Arc::new(self.s3.clone());
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        let archive = Archive::new(bucket("lake-evidence"), s3.clone(), s3.clone(), keys);
        let ledger = Ledger::new(archive, s3, Arc::new(self.kms.clone()));
        let s3 = &self.s3;
        let ports = SealPorts { objects: s3, locks: s3, buckets: s3, ledger: &ledger, clock: &self.clock };
        let wish = RetentionSpec { mode: RetentionMode::Governance, days: 30 };
        seal(ports, at, Some(wish), &UserMetadata::new()).await.unwrap();
    }

    fn function(&self) -> SweepFunction {
        let s3 = Arc::new(self.s3.clone());
        let ports = Ports {
            reader: s3.clone(),
            writer: s3.clone(),
            versions: s3.clone(),
            signer: Arc::new(self.kms.clone()),
            metrics: Arc::new(self.metrics.clone()),
        };
        let queues = Queues { seal: Arc::new(self.seal_queue.clone()), quality: None, pseudonymize: None };
        SweepFunction::new(config(), ports, s3.clone(), s3, queues, Arc::new(self.clock.clone()))
    }

    async fn try_sweep(&self, payload: serde_json::Value) -> Result<Answer, SweepFunctionError> {
        let deadline = Deadline::at(self.clock.now() + SignedDuration::from_mins(15));
        self.function().sweep(&payload, deadline).await
    }

    async fn sweep(&self, mode: &str) -> Answer {
        self.try_sweep(json!({"mode": mode})).await.unwrap()
    }
}

/// Exactly the variables of `infra/template.yaml`.
fn config() -> Config {
    let environment = Environment::from_pairs([
        ("SLUICE_RAW_BUCKET", "lake-raw"),
        ("SLUICE_RAW_KEY_PREFIX", ""),
        ("SLUICE_CURATED_BUCKET", "lake-curated"),
        ("SLUICE_EVIDENCE_BUCKET", "lake-evidence"),
        ("SLUICE_SIGNING_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/statements"),
        ("SLUICE_POLICY_KEY", "policy/pipeline.yaml"),
        ("SLUICE_DEFAULT_RETENTION_MODE", "GOVERNANCE"),
        ("SLUICE_DEFAULT_RETENTION_DAYS", "30"),
        ("SLUICE_EVIDENCE_RETENTION_DAYS", "30"),
        ("SLUICE_SEAL_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/seal"),
        ("SLUICE_SEAL_QUEUE_ARN", QUEUE_ARN),
        ("SLUICE_METRICS_NAMESPACE", "Sluice"),
    ]);
    Config::read(&environment).unwrap()
}

fn tls_only(name: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "DenyPlainHttp", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }]})
    .to_string()
}

#[tokio::test]
async fn a_lake_in_order_gives_a_signed_account_without_findings() {
    let lake = Lake::new();
    lake.seal(&lake.upload("orders/1.csv")).await;
    lake.clock.advance(SignedDuration::from_mins(20));
    for mode in ["fast", "deep"] {
        let answer = lake.sweep(mode).await;
        assert_eq!((answer.findings, answer.unreadable, answer.complete), (0, 0, true), "{answer:?}");
        assert_eq!((answer.versions_seen, answer.re_enqueued), (1, 0));
        assert!(answer.statement.starts_with("s3://lake-evidence/att/sweep/"), "{}", answer.statement);
        assert!(matches!(answer.policy, PolicyState::Sha256(_)));
        assert_eq!(answer.next, None);
    }
}

#[tokio::test]
async fn a_missing_seal_is_asked_for_again_and_at_last_found() {
    let lake = Lake::new();
    let at = lake.upload("orders/1.csv");
    lake.clock.advance(SignedDuration::from_mins(20));
    let late = lake.sweep("fast").await;
    assert_eq!((late.findings, late.re_enqueued), (0, 1));
    assert!(lake.seal_queue.drain()[0].contains(at.version_id.as_str()));
    lake.clock.advance(SignedDuration::from_hours(7));
    let missing = lake.sweep("fast").await;
    assert_eq!(missing.findings_by_rule, [("seal_missing".to_owned(), 1)].into());
    assert!(missing.reported[0].statement_key.starts_with("att/finding/"));
    // Once it is sealed, nothing but the verdict is missing.
    lake.seal(&at).await;
    assert_eq!(lake.sweep("fast").await.findings_by_rule, [("quality_missing".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_silent_change_shows_in_a_deep_sweep_only() {
    let lake = Lake::new();
    let at = lake.upload("orders/1.csv");
    lake.seal(&at).await;
    assert!(lake.s3.tamper_byte(&at, 0));
    assert_eq!(lake.sweep("fast").await.findings, 0);
    assert_eq!(lake.sweep("deep").await.findings_by_rule, [("digest_mismatch".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_setting_that_drifted_is_a_finding() {
    let lake = Lake::new();
    lake.s3.force_posture(&bucket("lake-raw"), |posture| posture.notifications.clear());
    lake.s3.force_posture(&bucket("lake-evidence"), |posture| {
        posture.object_lock =
            Some(LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(29) });
    });
    let rules = lake.sweep("fast").await.findings_by_rule;
    assert_eq!(rules, [("bucket_event_wiring".to_owned(), 1), ("bucket_object_lock".to_owned(), 1)].into());
}

#[tokio::test]
async fn what_the_deadline_cut_off_goes_on_from_the_answer() {
    let lake = Lake::new();
    for number in 0..5 {
        lake.seal(&lake.upload(&format!("orders/{number}.csv"))).await;
    }
    lake.s3.set_page_size(1);
    let (mut payload, mut seen, mut parts) = (json!({"mode": "fast"}), 0, 0);
    loop {
        let answer = lake.function().sweep(&payload, Deadline::at(lake.clock.now())).await.unwrap();
        (seen, parts) = (seen + answer.versions_seen, parts + 1);
        assert!(parts < 100, "the sweep makes no progress");
        let Some(next) = answer.next else {
            assert!(answer.complete);
            break;
        };
        payload = json!({"mode": "fast", "cursor": next});
    }
    assert!(parts > 1);
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn a_policy_that_cannot_be_used_is_told_and_stops_no_sweep() {
    let lake = Lake::new();
    lake.s3.put(&path("lake-evidence", "policy/pipeline.yaml"), "version: 7").unwrap();
    let answer = lake.sweep("fast").await;
    assert_eq!(answer.policy, PolicyState::Problem("policy_refused"));
    assert!(answer.complete);
}

#[tokio::test]
async fn another_payload_is_refused() {
    let lake = Lake::new();
    let error = lake.try_sweep(json!({"mode": "fast", "secret": "hunter2"})).await.unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn an_unknown_variable_is_a_mistake() {
    let problems = Config::read(&Environment::from_pairs([("SLUICE_RAW_BUKET", "lake-raw")])).unwrap_err();
    assert!(problems.to_string().contains("did you mean SLUICE_RAW_BUCKET?"), "{problems}");
}
