//! The function over an evidence bucket in memory, whose log somebody meddles with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what is not as it expects")]

use std::sync::Arc;

use jiff::SignedDuration;
use log_function::{Config, LogFunction, Ports};
use serde_json::{Value, json};
use sluice_common::config::Environment;
use sluice_common::port::{Clock as _, Deadline, LockSetting, MessageSigner as _, RetentionMode, UserMetadata};
use sluice_common::telemetry::Tally;
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Finding, Severity};
use sluice_evidence::{Archive, Kept, Ledger, ResourceDescriptor, Statement, TrustedKeys};
use sluice_log::layout::{checkpoint_key, intent_key};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{Fault, FaultPlan, Faulty, MemoryKms, MemoryMetrics, MemoryS3, SettableClock};
use sluice_tlog::{Checkpoint, Note, VerifierKey};

const EVIDENCE: &str = "lake-evidence";
const ANCHOR: &str = "lake-anchor";
const ORIGIN: &str = "lake/log";

struct Lake {
    s3: MemoryS3,
    kms: MemoryKms,
    checkpoints: MemoryKms,
    metrics: MemoryMetrics,
    clock: SettableClock,
}

impl Lake {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        let lock = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(30) };
        s3.create_locked_bucket(&bucket(EVIDENCE), lock).unwrap();
        s3.create_locked_bucket(&bucket(ANCHOR), lock).unwrap();
        let (kms, checkpoints) = (MemoryKms::new("statements"), MemoryKms::new("checkpoints"));
        Self { s3, kms, checkpoints, metrics: MemoryMetrics::new(), clock }
    }

    /// A sandbox that knows nothing yet.
    fn function(&self, plan: &FaultPlan) -> LogFunction {
        let environment = Environment::from_pairs([
            ("SLUICE_EVIDENCE_BUCKET", EVIDENCE),
            ("SLUICE_SIGNING_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/statements"),
            ("SLUICE_CHECKPOINT_KEY_ARN", "arn:aws:kms:eu-central-1:111122223333:key/checkpoints"),
            ("SLUICE_LOG_ORIGIN", ORIGIN),
            ("SLUICE_ANCHOR_BUCKET", ANCHOR),
        ]);
        let s3 = Arc::new(self.s3.clone());
        let ports = Ports {
            reader: s3.clone(),
            writer: s3.clone(),
            versions: s3,
            statement_signer: Arc::new(Faulty::new(self.kms.clone(), plan.clone())),
            checkpoint_signer: Arc::new(self.checkpoints.clone()),
            metrics: Arc::new(self.metrics.clone()),
        };
        LogFunction::new(Config::read(&environment).unwrap(), ports, Arc::new(self.clock.clone()))
    }

    async fn ledger(&self) -> Ledger {
        let s3 = Arc::new(self.s3.clone());
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        Ledger::new(Archive::new(bucket(EVIDENCE), s3.clone(), s3.clone(), keys), s3, Arc::new(self.kms.clone()))
    }

    /// A statement that is to be logged.
    async fn stated(&self, number: u32) -> ObjectVersion {
        let name = format!("s3://lake-raw/{number}");
        let subject = ResourceDescriptor::named(name.clone(), Sha256Digest::of(name.as_bytes()));
        let (rule, detail) = ("test".to_owned(), format!("number {number}"));
        let finding = Finding { rule, severity: Severity::Low, detail, evidence: Vec::new() };
        let statement = Statement::new(vec![subject], finding).unwrap();
        self.ledger().await.record(&statement, &UserMetadata::new()).await.unwrap().into_kept().at().clone()
    }

    async fn log(&self, statement: &ObjectVersion, plan: &FaultPlan) -> (Result<Value, String>, Tally) {
        let payload = json!({
            "bucket": statement.bucket.as_str(), "key": statement.key.as_str(), "versionId": statement.version_id.as_str(),
        });
        let deadline = Deadline::at(self.clock.now() + SignedDuration::from_mins(2));
        let mut tally = Tally::default();
        let answer = self.function(plan).answer(&payload, deadline, &mut tally).await;
        (answer.map_err(|error| error.to_string()), tally)
    }

    async fn logged(&self, statement: &ObjectVersion) -> Tally {
        let (answer, tally) = self.log(statement, &FaultPlan::new()).await;
        answer.unwrap();
        tally
    }

    /// Nothing could be appended; what was found, without the statements of [`Self::stated`].
    async fn refused(&self, statement: &ObjectVersion) -> Vec<(String, Kept<Finding>)> {
        let (answer, tally) = self.log(statement, &FaultPlan::new()).await;
        assert!(answer.is_err() && tally.alarms > 0, "{tally:?}");
        self.findings().await
    }

    async fn findings(&self) -> Vec<(String, Kept<Finding>)> {
        let keys = self.s3.live_keys(&bucket(EVIDENCE)).into_iter().filter(|key| key.starts_with("att/finding/"));
        let ledger = self.ledger().await;
        let mut found = Vec::new();
        for key in keys {
            let kept = ledger.archive().find::<Finding>(&key.parse().unwrap()).await.unwrap().unwrap();
            let rule = kept.statement().predicate().rule.clone();
            if rule != "test" {
                found.push((rule, kept));
            }
        }
        found
    }

    /// A checkpoint of any size and root, signed by the log's own key.
    async fn forked(&self, size: u64) -> String {
        let key = VerifierKey::from_spki_der(ORIGIN, &self.checkpoints.message_key().await.unwrap().0).unwrap();
        let text = Checkpoint::new(ORIGIN, size, &[7; 32]).to_text();
        Note::assemble(&text, &key, &self.checkpoints.sign_message(text.as_bytes()).await.unwrap().0)
    }

    fn plant(&self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) {
        self.s3.put(&path(bucket, key), body.into()).unwrap();
    }
}

fn only(found: &[(String, Kept<Finding>)]) -> (&str, Severity, &str, &str) {
    assert_eq!(found.len(), 1, "{:?}", found.iter().map(|(rule, _)| rule).collect::<Vec<_>>());
    let finding = found[0].1.statement().predicate();
    (found[0].0.as_str(), finding.severity, finding.evidence[0].uri.as_str(), finding.detail.as_str())
}

#[tokio::test]
async fn a_log_in_order_makes_no_statement() {
    let lake = Lake::new();
    for number in 0..3 {
        let tally = lake.logged(&lake.stated(number).await).await;
        assert_eq!((tally.processed, tally.alarms), (1, 0));
    }
    assert!(lake.findings().await.is_empty());
    assert!(lake.metrics.values().iter().all(|metric| metric.name != "Findings"));
}

#[tokio::test]
async fn a_checkpoint_that_nobody_signed_is_a_finding_and_one_statement_however_often_it_is_met() {
    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    lake.plant(EVIDENCE, &checkpoint_key(2), b"lake/log\n2\nnot a root\n".as_slice());
    let found = lake.refused(&lake.stated(1).await).await;
    let (rule, severity, uri, detail) = only(&found);
    assert_eq!((rule, severity), ("log_forged", Severity::Critical));
    assert_eq!(uri, format!("s3://{EVIDENCE}/{}", checkpoint_key(2)));
    assert!(detail.contains("no signed note"), "{detail}");
    let again = lake.refused(&lake.stated(2).await).await;
    assert_eq!(only(&again), only(&found));
    assert_eq!(
        lake.metrics.values().iter().filter(|one| one.name == "Findings" && one.dimensions.is_empty()).count(),
        2
    );
    // The finding itself waits too, and is no cause of another one.
    assert_eq!(lake.refused(found[0].1.at()).await.len(), 1);
}

#[tokio::test]
async fn a_fork_is_a_finding_in_the_log_and_in_the_anchor() {
    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    // The head's root is signed, and not the tree's.
    lake.plant(EVIDENCE, &checkpoint_key(2), lake.forked(2).await);
    let found = lake.refused(&lake.stated(1).await).await;
    assert_eq!(only(&found).0, "log_incomplete", "the tiles of the other tree are not there");

    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    lake.plant(ANCHOR, &checkpoint_key(2), lake.forked(2).await);
    let found = lake.refused(&lake.stated(1).await).await;
    let (rule, _, uri, detail) = only(&found);
    assert_eq!((rule, uri), ("log_forged", format!("s3://{EVIDENCE}/{}", checkpoint_key(1)).as_str()));
    assert!(detail.contains("cut short"), "{detail}");
}

#[tokio::test]
async fn another_root_in_the_anchor_is_said_of_the_anchor() {
    let lake = Lake::new();
    let (function, first, second) = (lake.function(&FaultPlan::new()), lake.stated(0).await, lake.stated(1).await);
    let deadline = Deadline::at(lake.clock.now() + SignedDuration::from_mins(2));
    let payload = |at: &ObjectVersion| json!({"bucket": at.bucket.as_str(), "key": at.key.as_str(), "versionId": at.version_id.as_str()});
    // A sandbox that knows the log does not look whether the anchor is ahead: it meets the other root when it writes there.
    function.answer(&payload(&first), deadline, &mut Tally::default()).await.unwrap();
    lake.plant(ANCHOR, &checkpoint_key(2), lake.forked(2).await);
    function.answer(&payload(&second), deadline, &mut Tally::default()).await.unwrap_err();
    let found = lake.findings().await;
    let (rule, severity, uri, detail) = only(&found);
    assert_eq!((rule, severity), ("log_forged", Severity::Critical));
    assert_eq!(uri, format!("s3://{ANCHOR}/{}", checkpoint_key(2)));
    assert!(detail.contains("the log has forked"), "{detail}");
}

#[tokio::test]
async fn a_log_that_is_cut_short_is_a_finding() {
    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    lake.s3.delete(&path(EVIDENCE, &checkpoint_key(1))).unwrap();
    let found = lake.refused(&lake.stated(1).await).await;
    let (rule, severity, uri, _) = only(&found);
    assert_eq!((rule, severity), ("log_rewritten", Severity::Critical));
    assert_eq!(uri, format!("s3://{EVIDENCE}/{}", checkpoint_key(1)));
    // More of the same is the same.
    lake.s3.delete(&path(EVIDENCE, &checkpoint_key(1))).unwrap();
    assert_eq!(only(&lake.refused(&lake.stated(2).await).await), only(&found));
}

#[tokio::test]
async fn an_intent_that_decides_nothing_is_a_finding_and_the_log_goes_on() {
    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    lake.plant(EVIDENCE, &intent_key(1, 0), b"{}".as_slice());
    let tally = lake.logged(&lake.stated(1).await).await;
    assert_eq!(tally.processed, 1);
    let found = lake.findings().await;
    let (rule, severity, uri, detail) = only(&found);
    assert_eq!((rule, severity), ("log_intent_void", Severity::High));
    assert_eq!(uri, format!("s3://{EVIDENCE}/{}", intent_key(1, 0)));
    assert!(detail.contains("does not read as an intent"), "{detail}");
    // The finding is a statement like any other.
    assert_eq!(lake.logged(found[0].1.at()).await.processed, 1);
    assert_eq!(lake.findings().await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_stated_is_an_alarm_all_the_same() {
    let lake = Lake::new();
    lake.logged(&lake.stated(0).await).await;
    lake.plant(EVIDENCE, &checkpoint_key(2), b"nonsense".as_slice());
    let statement = lake.stated(1).await;
    let (answer, tally) = lake.log(&statement, &FaultPlan::new().always("sign", Fault::Deny)).await;
    assert!(answer.is_err());
    assert!(tally.alarms >= 2, "the log's and the one of what was not signed: {tally:?}");
    assert!(lake.findings().await.is_empty());
    // Storage that fails is no finding.
    let lake = Lake::new();
    lake.checkpoints.set_disabled(true);
    let (answer, _) = lake.log(&lake.stated(0).await, &FaultPlan::new()).await;
    assert!(answer.is_err() && lake.findings().await.is_empty());
}
