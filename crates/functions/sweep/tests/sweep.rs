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
    Clock as _, Deadline, EncryptionSetting, LifecycleRule, LockSetting, Notification, RetentionMode, UserMetadata,
};
use sluice_common::runner::Runner;
use sluice_evidence::predicate::{Deep, Sweep};
use sluice_evidence::{Archive, Kept, Ledger, TrustedKeys};
use sluice_integrity::seal::{SealPorts, seal};
use sluice_integrity::sweep::subject;
use sluice_stage::OnStatement;
use sluice_stage::context::Ports;
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{MemoryKms, MemoryMetrics, MemoryQueue, MemoryS3, MemorySettings, SettableClock};
use sweep::{Answer, Config, Continuation, Inspectors, PolicyState, Queues, SweepFunction, SweepFunctionError};

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
    quality_queue: MemoryQueue,
    pseudonymize_queue: MemoryQueue,
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
                posture.lifecycle.push(LifecycleRule {
                    id: "abandoned-uploads".to_owned(),
                    is_enabled: true,
                    removes_versions: false,
                    aborts_uploads_after_days: Some(7),
                });
            });
        }
        let lake = Self {
            s3,
            kms: MemoryKms::new("statements"),
            clock,
            seal_queue: MemoryQueue::new(),
            quality_queue: MemoryQueue::new(),
            pseudonymize_queue: MemoryQueue::new(),
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
        let queues = Queues {
            seal: Arc::new(self.seal_queue.clone()),
            quality: Some(Arc::new(self.quality_queue.clone())),
            pseudonymize: Some(Arc::new(self.pseudonymize_queue.clone())),
        };
        let settings = Arc::new(MemorySettings::new());
        let inspectors = Inspectors { keys: settings.clone(), trails: settings };
        SweepFunction::new(config(), ports, s3.clone(), s3, inspectors, queues, Arc::new(self.clock.clone()))
    }

    async fn try_sweep(&self, payload: serde_json::Value) -> Result<Answer, SweepFunctionError> {
        let deadline = Deadline::at(self.clock.now() + SignedDuration::from_mins(15));
        self.function().sweep(&payload, deadline).await
    }

    /// A part that has no time for more than the least.
    async fn hurried(&self, payload: serde_json::Value) -> Answer {
        self.function().sweep(&payload, Deadline::at(self.clock.now())).await.unwrap()
    }

    /// The event that an account arrived. Returns what was done.
    async fn arrived(&self, account: &str) -> String {
        let runner =
            Runner::new("sweep", OnStatement(Continuation(self.function())), Arc::new(self.clock.clone()), "Sluice");
        let event = serde_json::to_value(ObjectVersion::from_uri(account).unwrap()).unwrap();
        let deadline = Deadline::at(self.clock.now() + SignedDuration::from_mins(15));
        runner.answer(&event, deadline).await.0.unwrap()["outcomes"][0].as_str().unwrap().to_owned()
    }

    /// URIs of the accounts, and what they say.
    async fn accounts(&self) -> Vec<Kept<Sweep>> {
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        let s3 = Arc::new(self.s3.clone());
        let archive = Archive::new(bucket("lake-evidence"), s3.clone(), s3, keys);
        let all = archive.list::<Sweep>(&subject(&bucket("lake-raw"))).await.unwrap();
        all.into_iter().map(Result::unwrap).collect()
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
        ("SLUICE_QUALITY_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/quality"),
        ("SLUICE_PSEUDONYMIZE_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/pseudonymize"),
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
        assert_eq!((answer.versions_seen, answer.re_enqueued), (1, 1), "the verdict is late, not missing");
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
async fn what_the_deadline_cut_off_goes_on_when_its_account_arrives() {
    let lake = Lake::new();
    for number in 0..5 {
        lake.seal(&lake.upload(&format!("orders/{number}.csv"))).await;
    }
    lake.s3.set_page_size(1);
    let first = lake.hurried(json!({"mode": "deep"})).await;
    assert!(!first.complete);
    lake.s3.set_page_size(1000);
    assert_eq!(lake.arrived(&first.statement).await, "went_on");
    let accounts = lake.accounts().await;
    assert_eq!(accounts.len(), 2);
    let last = accounts.iter().find(|account| account.predecessor.is_some()).unwrap();
    let (begun, link) = (accounts.iter().find(|account| account.next.is_some()).unwrap(), last.predecessor.clone());
    assert_eq!(link, Some(begun.link()));
    assert_eq!((last.as_of, last.deep, last.coverage.complete), (begun.as_of, Deep::All, true));
    assert_eq!(begun.coverage.versions_seen + last.coverage.versions_seen, 5);
    // The same event again, an hour later in another world, and that of the last part.
    lake.clock.advance(SignedDuration::from_hours(1));
    lake.upload("orders/6.csv");
    assert_eq!(lake.arrived(&first.statement).await, "went_on_already");
    assert_eq!(lake.arrived(&last.at().uri()).await, "ended");
    assert_eq!(lake.accounts().await.len(), 2);
}

#[tokio::test]
async fn two_attempts_at_a_part_leave_one_account() {
    let lake = Lake::new();
    for number in 0..5 {
        lake.seal(&lake.upload(&format!("orders/{number}.csv"))).await;
    }
    lake.s3.set_page_size(1);
    let first = lake.hurried(json!({"mode": "fast"})).await;
    let (one, other) = tokio::join!(lake.arrived(&first.statement), lake.arrived(&first.statement));
    assert!([one.as_str(), other.as_str()].contains(&"went_on"));
    assert_eq!(lake.accounts().await.len(), 2);
}

#[tokio::test]
async fn an_account_that_is_not_to_be_believed_wakes_nothing_but_an_alarm() {
    let lake = Lake::new();
    lake.seal(&lake.upload("orders/1.csv")).await;
    lake.seal(&lake.upload("orders/2.csv")).await;
    lake.s3.set_page_size(1);
    let first = lake.hurried(json!({"mode": "fast"})).await;
    let at = ObjectVersion::from_uri(&first.statement).unwrap();
    let again = lake.s3.put(&at.path(), lake.s3.stored_bytes(&at).unwrap()).unwrap();
    assert_eq!(lake.arrived(&again.uri()).await, "evidence_rewritten");
    let foreign = lake.s3.put(&path("lake-evidence", "att/sweep/x"), "{}").unwrap();
    assert_eq!(lake.arrived(&foreign.uri()).await, "not_evidence");
    assert!(lake.metrics.sum("Alarms") >= 2.0);
}

#[tokio::test]
async fn a_schedule_gives_way_to_a_sweep_that_is_under_way_and_takes_up_one_that_was_lost() {
    let lake = Lake::new();
    for number in 0..3 {
        lake.seal(&lake.upload(&format!("orders/{number}.csv"))).await;
    }
    lake.s3.set_page_size(1);
    let scheduled = json!({"mode": "fast", "scheduled": true});
    let first = lake.hurried(scheduled.clone()).await;
    assert!(!first.complete && !first.under_way);
    lake.s3.set_page_size(1000);
    lake.clock.advance(SignedDuration::from_mins(20));
    let second = lake.try_sweep(scheduled.clone()).await.unwrap();
    assert!(second.under_way);
    assert_eq!((second.statement, lake.accounts().await.len()), (first.statement.clone(), 1));
    lake.clock.advance(SignedDuration::from_mins(20));
    let third = lake.try_sweep(scheduled.clone()).await.unwrap();
    assert_eq!((third.under_way, third.complete, third.as_of), (false, true, first.as_of));
    assert_eq!(first.versions_seen + third.versions_seen, 3);
    lake.clock.advance(SignedDuration::from_mins(20));
    let fourth = lake.try_sweep(scheduled).await.unwrap();
    assert_eq!((fourth.complete, fourth.versions_seen), (true, 3));
}

#[tokio::test]
async fn scheduled_deep_sweeps_reach_every_byte_in_as_many_days() {
    let lake = Lake::new();
    for number in 0..12 {
        let at = lake.upload(&format!("orders/{number}.csv"));
        lake.seal(&at).await;
        assert!(lake.s3.tamper_byte(&at, 0));
    }
    let daily = json!({"mode": "deep", "scheduled": true, "withinDays": 4});
    let mut found = 0;
    for day in 0..4 {
        let answer = lake.try_sweep(daily.clone()).await.unwrap();
        found += answer.findings_by_rule.get("digest_mismatch").copied().unwrap_or_default();
        if day == 1 {
            // A retry of one schedule is one sweep; hourly ones come between; a day is left out.
            let asked_again = json!({"mode": "deep", "scheduled": true, "withinDays": 4, "asOf": answer.as_of});
            let again = lake.try_sweep(asked_again).await.unwrap();
            assert_eq!(again.findings_by_rule, answer.findings_by_rule);
            lake.clock.advance(SignedDuration::from_hours(24));
        }
        lake.clock.advance(SignedDuration::from_hours(1));
        lake.sweep("fast").await;
        lake.clock.advance(SignedDuration::from_hours(23));
    }
    assert_eq!(found, 12);
}

#[tokio::test]
async fn a_missing_verdict_is_asked_for_again() {
    let lake = Lake::new();
    lake.seal(&lake.upload("orders/1.csv")).await;
    lake.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(lake.sweep("fast").await.re_enqueued, 1);
    assert!(lake.quality_queue.drain()[0].contains("att/seal/"));
    assert!(lake.seal_queue.drain().is_empty() && lake.pseudonymize_queue.drain().is_empty());
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
