//! The seal function on ports in memory: tasks of S3 Batch Operations, and versions that are too large for one invocation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what does not fit must stop it")]

use std::sync::Arc;

use jiff::SignedDuration;
use seal::{Config, HandoverConfig, SealFunction};
use serde_json::{Value, json};
use sluice_common::ObjectVersion;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{ChecksumJobs, Clock as _, Deadline, LockSetting, RetentionMode};
use sluice_common::runner::Runner;
use sluice_evidence::predicate::Seal;
use sluice_evidence::{Archive, RunId, Stage, StatementKey, SubjectId, TrustedKeys, Verified};
use sluice_stage::context::Ports;
use sluice_stage::{Signing, StageConfig};
use sluice_testkit::names::{bucket, key, path};
use sluice_testkit::{Fault, FaultPlan, Faulty, MemoryBatch, MemoryKms, MemoryMetrics, MemoryS3, SettableClock};

const POLICY: &str = r#"version: 1
datasets:
  - name: orders
    match: "orders/*.csv"
    format: { type: csv }
    quality: { ruleset: 'Rules = [ RowCount > 0 ]' }
    privacy: { domain: customers, columns: { id: { transform: keep } } }
"#;

struct Lake {
    s3: MemoryS3,
    kms: MemoryKms,
    batch: MemoryBatch,
    clock: SettableClock,
}

impl Lake {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        let no_default = LockSetting { default_mode: None, default_days: None };
        s3.create_locked_bucket(&bucket("lake-raw"), no_default).unwrap();
        s3.create_locked_bucket(&bucket("lake-evidence"), no_default).unwrap();
        s3.create_versioned_bucket(&bucket("lake-batch")).unwrap();
        s3.put(&path("lake-evidence", "policy/pipeline.yaml"), POLICY).unwrap();
        let batch = MemoryBatch::new(s3.clone());
        Self { s3, kms: MemoryKms::new("statements"), batch, clock }
    }

    fn upload(&self, name: &str, body: &'static str) -> ObjectVersion {
        self.s3.put(&path("lake-raw", name), body).unwrap()
    }

    fn runner(&self, plan: &FaultPlan) -> Runner<SealFunction> {
        let objects = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let signer = Arc::new(self.kms.clone());
        let ports = Ports::new(&Arc::new(self.s3.clone()), signer, Arc::new(MemoryMetrics::new()));
        let jobs: Arc<dyn ChecksumJobs> = Arc::new(Faulty::new(self.batch.clone(), plan.clone()));
        let clock = Arc::new(self.clock.clone());
        let function = SealFunction::new(config(), ports, objects, clock.clone(), Some(jobs));
        Runner::new("seal", function, clock, "Sluice")
    }

    async fn answer(&self, payload: &Value, plan: &FaultPlan, left: SignedDuration) -> Value {
        let deadline = Deadline::at(self.clock.now() + left);
        self.runner(plan).answer(payload, deadline).await.0.unwrap()
    }

    async fn sealed(&self, at: &ObjectVersion) -> Option<Verified<Seal>> {
        let s3 = Arc::new(self.s3.clone());
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        let archive = Archive::new(bucket("lake-evidence"), s3.clone(), s3, keys);
        let key = StatementKey { stage: Stage::Seal, subject: SubjectId::from(at), run: RunId::only() };
        archive.find::<Seal>(&key).await.unwrap().map(|kept| (*kept).clone())
    }

    fn statements(&self, stage: &str) -> usize {
        let keys = self.s3.live_keys(&bucket("lake-evidence"));
        keys.iter().filter(|key| key.starts_with(&format!("att/{stage}/"))).count()
    }
}

/// One MiB a second, and nothing is too small to be handed over.
fn config() -> Config {
    Config {
        stage: StageConfig {
            raw_bucket: bucket("lake-raw"),
            evidence_bucket: bucket("lake-evidence"),
            signing: Signing::by("arn:aws:kms:eu-central-1:111122223333:key/statements"),
            policy_key: key("policy/pipeline.yaml"),
            metrics_namespace: "Sluice".to_owned(),
        },
        default_retention: RetentionSpec { mode: RetentionMode::Governance, days: 30 },
        handover: Some(HandoverConfig {
            bucket: bucket("lake-batch"),
            role_arn: "arn:aws:iam::111122223333:role/batch".to_owned(),
            mib_per_second: 1,
            at_least_mib: 0,
        }),
    }
}

/// The documented invocation of S3 Batch Operations with tasks of ours.
fn invocation(tasks: &[(&str, &str, Option<&str>)]) -> Value {
    let text = include_str!("../../../../events/seal/s3-batch-operations-2.0.json");
    let mut told: Value = serde_json::from_str(text).unwrap();
    let task = |(id, key, version): &(&str, &str, Option<&str>)| json!({"taskId": id, "s3Key": key, "s3VersionId": version, "s3Bucket": "lake-raw"});
    told["tasks"] = tasks.iter().map(task).collect();
    told
}

#[tokio::test]
async fn tasks_of_batch_operations_are_answered_in_its_schema() {
    let lake = Lake::new();
    let good = lake.upload("a b+c.csv", "id\n1\n");
    let bad = lake.upload("bad.csv", "id\n2\n");
    lake.s3.tamper_byte(&bad, 0);
    let told = invocation(&[
        ("good", "a+b%2Bc.csv", Some(good.version_id.as_str())),
        ("damaged", "bad.csv", Some(bad.version_id.as_str())),
        ("unversioned", "a+b%2Bc.csv", None),
        ("again", "a%20b%2Bc.csv", Some(good.version_id.as_str())),
    ]);
    let answer = lake.answer(&told, &FaultPlan::new(), SignedDuration::from_mins(15)).await;
    assert_eq!(
        answer,
        json!({
            "invocationSchemaVersion": "2.0",
            "treatMissingKeysAs": "TemporaryFailure",
            "invocationId": told["invocationId"],
            "results": [
                {"taskId": "good", "resultCode": "Succeeded", "resultString": "sealed"},
                {"taskId": "damaged", "resultCode": "PermanentFailure", "resultString": "checksum_mismatch"},
                {"taskId": "unversioned", "resultCode": "PermanentFailure", "resultString": "unversioned"},
                {"taskId": "again", "resultCode": "Succeeded", "resultString": "already_sealed"},
            ],
        })
    );
    let throttled = FaultPlan::new().always("head", Fault::Throttle);
    let answer = lake.answer(&told, &throttled, SignedDuration::from_mins(15)).await;
    assert_eq!(answer["results"][0]["resultCode"], "TemporaryFailure");
    assert_eq!(answer["results"][0]["resultString"], "throttled");
}

/// A notification of S3 about an object of the bucket of reports.
fn notification(at: &ObjectVersion) -> Value {
    let text = include_str!("../../../../events/seal/sqs-batch-report.json");
    let mut told: Value = serde_json::from_str(text).unwrap();
    let mut body: Value = serde_json::from_str(told["Records"][0]["body"].as_str().unwrap()).unwrap();
    body["Records"][0]["s3"]["bucket"]["name"] = json!(at.bucket.as_str());
    body["Records"][0]["s3"]["object"]["key"] = json!(at.key.as_str());
    body["Records"][0]["s3"]["object"]["versionId"] = json!(at.version_id.as_str());
    told["Records"][0]["body"] = json!(body.to_string());
    told
}

#[tokio::test]
async fn what_does_not_fit_into_the_time_left_is_handed_over_and_sealed_by_the_report() {
    let lake = Lake::new();
    let body: &'static str = "x".repeat(40 << 20).leak();
    let at = lake.upload("large.csv", body);
    let told = invocation(&[("task", "large.csv", Some(at.version_id.as_str()))]);
    let (half_a_minute, plan) = (SignedDuration::from_secs(30), FaultPlan::new());
    let result = |answer: Value| answer["results"][0]["resultString"].clone();
    assert_eq!(result(lake.answer(&told, &plan, half_a_minute).await), "handed_over");
    assert_eq!(result(lake.answer(&told, &plan, half_a_minute).await), "already_handed_over");
    assert_eq!((lake.statements("handover"), lake.statements("seal")), (1, 0));
    let [index] = lake.batch.run().try_into().unwrap();
    let answer = lake.answer(&notification(&index), &plan, half_a_minute).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    let seal = lake.sealed(&at).await.unwrap();
    assert_eq!(seal.sha256(), Some(sluice_common::Sha256Digest::of(body.as_bytes())));
    assert!(seal.hashed_by.is_some());
    // With time enough nothing is handed over, and what was sealed by the report stands.
    assert_eq!(result(lake.answer(&told, &plan, SignedDuration::from_mins(15)).await), "already_sealed");
}

#[tokio::test]
async fn a_job_that_cannot_be_started_leaves_the_version_for_later() {
    let lake = Lake::new();
    let at = lake.upload("large.csv", "x".repeat(40 << 20).leak());
    let told = invocation(&[("task", "large.csv", Some(at.version_id.as_str()))]);
    for fault in [Fault::Fail, Fault::LoseAnswer, Fault::Throttle, Fault::Deny] {
        let plan = FaultPlan::new().on("create_job", 1, fault);
        let answer = lake.answer(&told, &plan, SignedDuration::from_secs(30)).await;
        assert_eq!(answer["results"][0]["resultCode"], "TemporaryFailure", "{fault:?}");
        assert_eq!(lake.statements("handover"), 0);
    }
    lake.answer(&told, &FaultPlan::new(), SignedDuration::from_secs(30)).await;
    assert_eq!((lake.statements("handover"), lake.batch.job_ids().len()), (1, 1));
}

#[tokio::test]
async fn a_report_of_a_job_that_failed_is_a_quarantine_of_the_version() {
    let lake = Lake::new();
    let at = lake.upload("large.csv", "x".repeat(40 << 20).leak());
    let told = invocation(&[("task", "large.csv", Some(at.version_id.as_str()))]);
    lake.answer(&told, &FaultPlan::new(), SignedDuration::from_secs(30)).await;
    lake.s3.force_delete(&at);
    let [index] = lake.batch.run().try_into().unwrap();
    let answer = lake.answer(&notification(&index), &FaultPlan::new(), SignedDuration::from_secs(30)).await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!((lake.statements("quarantine"), lake.statements("seal")), (1, 0));
}
