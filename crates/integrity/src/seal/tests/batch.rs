//! What is too large goes to S3 Batch Operations and is sealed by the report.

use super::*;
use crate::seal::handover::{HandedOver, HandoverPorts, hand_over};
use crate::seal::report::{TaskOutcome, seal_from_report};

const BATCH: &str = "lake-batch";

impl World {
    fn with_batch() -> (Self, MemoryBatch) {
        let world = Self::new();
        world.s3.create_versioned_bucket(&bucket(BATCH)).unwrap();
        let batch = MemoryBatch::new(world.s3.clone());
        (world, batch)
    }

    async fn hand_over(
        &self,
        batch: &MemoryBatch,
        at: &ObjectVersion,
        plan: FaultPlan,
    ) -> Result<HandedOver, SealError> {
        let ledger = self.ledger(plan.clone()).await;
        let s3 = Faulty::new(self.s3.clone(), plan.clone());
        let seal = SealPorts { objects: &s3, locks: &s3, buckets: &s3, ledger: &ledger, clock: &self.clock };
        let jobs = Faulty::new(batch.clone(), plan);
        let bucket = bucket(BATCH);
        let ports = HandoverPorts { seal, jobs: &jobs, writer: &s3, bucket: &bucket };
        hand_over(ports, at, &look(seal, at).await?).await
    }

    async fn seal_reported(&self, index: &ObjectVersion, plan: FaultPlan) -> Result<Vec<TaskOutcome>, SealError> {
        let ledger = self.ledger(plan.clone()).await;
        let s3 = Faulty::new(self.s3.clone(), plan);
        let ports = SealPorts { objects: &s3, locks: &s3, buckets: &s3, ledger: &ledger, clock: &self.clock };
        seal_from_report(ports, index, &|_version| Some(MONTH), &UserMetadata::new()).await
    }

    /// The one outcome of a report of one version.
    async fn seal_one(&self, index: &ObjectVersion) -> Result<Sealed, SealError> {
        let mut outcomes = self.seal_reported(index, FaultPlan::new()).await?;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0).result
    }
}

#[tokio::test]
async fn a_version_that_was_handed_over_is_sealed_by_its_report() {
    let (world, batch) = World::with_batch();
    let at = world.s3.put(&path(RAW, "inbox/very large,+ %20.csv"), "id\n1\n").unwrap();
    assert_eq!(world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap(), HandedOver::Now);
    assert_eq!(world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap(), HandedOver::Before);
    assert_eq!(batch.job_ids().len(), 1);
    let [index] = batch.run().try_into().unwrap();
    let sealed = world.seal_one(&index).await.unwrap();
    assert_eq!(sealed.sha256, Sha256Digest::of(b"id\n1\n"));
    assert_eq!((sealed.checksums, sealed.lock), (ChecksumVerdict::NotComparable, LockChange::Set));
    let by = sealed.statement.hashed_by.clone().unwrap();
    assert_eq!(by.job_id, batch.job_ids()[0]);
    assert!(by.report.name.contains("/results/"), "{}", by.report.name);
    assert!(!sealed.statement.checks.size, "we received no byte and do not say so");
    assert_eq!(sealed.statement.checksums.crc64nvme, None);
    // Again, by the report and by the bytes: the same digest stands, and nothing is written.
    assert!(!world.seal_one(&index).await.unwrap().is_new);
    assert!(!world.seal(&at, Some(MONTH)).await.unwrap().is_new);
    assert_eq!(world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap(), HandedOver::AlreadySealed);
}

#[tokio::test]
async fn a_report_that_contradicts_a_seal_is_an_alarm() {
    let (world, batch) = World::with_batch();
    let at = world.upload(b"abc");
    world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap();
    world.seal(&at, Some(MONTH)).await.unwrap();
    world.s3.tamper_byte(&at, 0);
    let [index] = batch.run().try_into().unwrap();
    let error = world.seal_one(&index).await.unwrap_err();
    // The entity tag is of the bytes, and the fake computes it of what is there.
    assert_eq!((error.reason(), error.disposition()), ("report_of_another", Disposition::Alarm));
}

#[tokio::test]
async fn wherever_handing_over_dies_a_retry_leaves_one_job_and_one_statement() {
    let plan = FaultPlan::new();
    let (world, batch) = World::with_batch();
    let at = world.upload(b"abc");
    world.hand_over(&batch, &at, plan.clone()).await.unwrap();
    assert!(plan.total_calls() >= 8);
    for call in 1..=plan.total_calls() {
        for lost in [false, true] {
            let (world, batch) = World::with_batch();
            let at = world.upload(b"abc");
            world.statements();
            let operation = ["put_new", "create_job", "sign"][call as usize % 3];
            let plan = if lost {
                FaultPlan::new().on(operation, 1, Fault::LoseAnswer)
            } else {
                FaultPlan::new().dies_at(call)
            };
            let error = world.hand_over(&batch, &at, plan).await.unwrap_err();
            assert_eq!(error.disposition(), Disposition::Retry, "call {call}: {error}");
            world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap();
            assert_eq!((batch.job_ids().len(), world.statements()), (1, 1), "call {call}");
        }
    }
}

#[tokio::test]
async fn a_report_that_nobody_asked_for_seals_nothing() {
    let (world, batch) = World::with_batch();
    let at = world.upload(b"abc");
    world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap();
    let [index] = batch.run().try_into().unwrap();
    world.statements();
    // The same report under another job's name.
    let other = World::new();
    other.s3.create_versioned_bucket(&bucket(BATCH)).unwrap();
    let stranger = other.upload(b"abc");
    let manifest = crate::seal::handover::manifest(&stranger).unwrap();
    let line = format!("{},failed,200,PermanentFailure,\"x\"\n", manifest.trim_end());
    let md5 = hex::encode(<md5::Md5 as md5::Digest>::digest(line.as_bytes()));
    let document = format!(
        r#"{{"Format":"Report_CSV_20180820","Results":[{{"Bucket":"{BATCH}","MD5Checksum":"{md5}","Key":"reports/job-x/results/a.csv"}}]}}"#
    );
    other.s3.put(&path(BATCH, "reports/job-x/results/a.csv"), line).unwrap();
    let unasked = other.s3.put(&path(BATCH, "reports/job-x/manifest.json"), document).unwrap();
    assert_eq!(other.seal_one(&unasked).await.unwrap_err().reason(), "report_unasked");
    // Files of results that are not beside the index, or not what it says.
    let index_bytes = world.s3.stored_bytes(&index).unwrap();
    let text = String::from_utf8(index_bytes.to_vec()).unwrap();
    let elsewhere = text.replace("/results/", "/../results/");
    let changed = text.replace("\"MD5Checksum\":\"", "\"MD5Checksum\":\"0");
    for broken in [elsewhere, changed, text.replace("20180820", "20990101"), "{}".to_owned()] {
        let at = world.s3.put(&index.path(), broken).unwrap();
        let error = world.seal_reported(&at, FaultPlan::new()).await.unwrap_err();
        assert_eq!(error.reason(), "report_malformed");
    }
    assert_eq!(world.statements(), 0);
}

#[tokio::test]
async fn a_version_that_the_job_could_not_read_is_said_to_be_so() {
    let (world, batch) = World::with_batch();
    let at = world.upload(b"abc");
    world.hand_over(&batch, &at, FaultPlan::new()).await.unwrap();
    world.s3.force_delete(&at);
    let [index] = batch.run().try_into().unwrap();
    let error = world.seal_one(&index).await.unwrap_err();
    assert_eq!((error.reason(), error.disposition()), ("checksum_job_failed", Disposition::Quarantine));
}
