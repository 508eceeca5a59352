mod batch;
mod ranges;

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use sluice_common::digest::ChecksumAlgorithm;
use sluice_common::port::{
    LegalHold, LockSetting, ObjectBody, ObjectPart, ObjectReader, RangeReader, Retention, RetentionMode, StoreError,
};
use sluice_common::{Dispose as _, Disposition, ObjectPath};
use sluice_evidence::{Archive, EvidenceError, TrustedKeys};
use sluice_testkit::names::{bucket, path};
use sluice_testkit::{Distant, Fault, FaultPlan, Faulty, MemoryBatch, MemoryKms, MemoryS3, PutOptions, SettableClock};

use super::*;

const RAW: &str = "lake-raw";
const EVIDENCE: &str = "lake-evidence";
const GOVERNANCE: RetentionMode = RetentionMode::Governance;
const MONTH: RetentionSpec = RetentionSpec { mode: GOVERNANCE, days: 30 };

struct World {
    s3: MemoryS3,
    kms: MemoryKms,
    clock: SettableClock,
}

impl World {
    fn new() -> Self {
        let clock = SettableClock::default();
        let s3 = MemoryS3::new(clock.clone());
        let no_default = LockSetting { default_mode: None, default_days: None };
        s3.create_locked_bucket(&bucket(RAW), no_default).unwrap();
        s3.create_locked_bucket(&bucket(EVIDENCE), no_default).unwrap();
        s3.drain_created();
        Self { s3, kms: MemoryKms::new("statements"), clock }
    }

    fn upload(&self, body: &'static [u8]) -> ObjectVersion {
        self.s3.put(&path(RAW, "inbox/a.csv"), body).unwrap()
    }

    async fn seal_with(
        &self,
        at: &ObjectVersion,
        wish: Option<RetentionSpec>,
        plan: FaultPlan,
    ) -> Result<Sealed, SealError> {
        let ledger = self.ledger(plan.clone()).await;
        let s3 = Faulty::new(self.s3.clone(), plan);
        let ports = SealPorts { objects: &s3, locks: &s3, buckets: &s3, ledger: &ledger, clock: &self.clock };
        seal(ports, at, wish, &UserMetadata::new()).await
    }

    /// The ledger, its bucket and its signer failing as planned.
    async fn ledger(&self, plan: FaultPlan) -> Ledger {
        let s3 = Arc::new(Faulty::new(self.s3.clone(), plan.clone()));
        let keys = TrustedKeys::of_signer(&self.kms).await.unwrap();
        let archive = Archive::new(bucket(EVIDENCE), s3.clone(), s3.clone(), keys);
        Ledger::new(archive, s3, Arc::new(Faulty::new(self.kms.clone(), plan)))
    }

    async fn seal(&self, at: &ObjectVersion, wish: Option<RetentionSpec>) -> Result<Sealed, SealError> {
        self.seal_with(at, wish, FaultPlan::new()).await
    }

    fn statements(&self) -> usize {
        self.s3.drain_created().iter().filter(|one| one.bucket.as_str() == EVIDENCE).count()
    }

    async fn retention(&self, at: &ObjectVersion) -> Option<Retention> {
        self.s3.retention(at).await.unwrap()
    }

    fn in_days(&self, days: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_hours(24 * days)
    }
}

#[tokio::test]
async fn a_version_is_hashed_compared_locked_and_stated() {
    let world = World::new();
    let at = world.upload(b"id\n1\n");
    let sealed = world.seal(&at, Some(MONTH)).await.unwrap();
    assert!(sealed.is_new);
    assert_eq!((sealed.sha256, sealed.size_bytes), (Sha256Digest::of(b"id\n1\n"), 5));
    assert_eq!((sealed.checksums, sealed.lock), (ChecksumVerdict::Match, LockChange::Set));
    assert_eq!(sealed.statement.version(), at);
    assert_eq!(sealed.statement.sha256(), Some(sealed.sha256));
    let held = world.retention(&at).await.unwrap();
    assert_eq!(held, Retention { mode: GOVERNANCE, retain_until: world.in_days(30) });
    let stated = sealed.statement.lock.unwrap();
    assert_eq!((stated.mode, stated.retain_until), (held.mode, held.retain_until));
}

#[tokio::test]
async fn redeliveries_days_later_change_nothing() {
    let world = World::new();
    let at = world.upload(b"x");
    let first = world.seal(&at, Some(MONTH)).await.unwrap();
    for days in [0, 1, 40] {
        world.clock.advance(SignedDuration::from_hours(24 * days));
        let again = world.seal(&at, Some(MONTH)).await.unwrap();
        assert!(!again.is_new);
        assert_eq!(again.statement.payload(), first.statement.payload());
        assert_eq!(again.lock, LockChange::AlreadyHeld);
    }
    assert_eq!(world.statements(), 1);
}

#[tokio::test]
async fn another_retention_in_the_policy_is_no_contradiction() {
    let world = World::new();
    let at = world.upload(b"x");
    let first = world.seal(&at, Some(MONTH)).await.unwrap();
    let year = RetentionSpec { mode: GOVERNANCE, days: 365 };
    let again = world.seal(&at, Some(year)).await.unwrap();
    assert_eq!(again.statement, first.statement);
    assert_eq!(again.lock, LockChange::Extended);
    assert_eq!(world.retention(&at).await.unwrap().retain_until, world.in_days(365));
    assert_eq!(world.seal(&at, None).await.unwrap().lock, LockChange::LeftToBucket);
}

#[tokio::test]
async fn a_lock_is_never_shortened_nor_weakened_nor_hardened_unasked() {
    let compliance = RetentionMode::Compliance;
    let table = [
        // present, wish, afterwards
        ((GOVERNANCE, 60), (GOVERNANCE, 30), (GOVERNANCE, 60)),
        ((GOVERNANCE, 10), (GOVERNANCE, 30), (GOVERNANCE, 30)),
        ((compliance, 60), (GOVERNANCE, 30), (compliance, 60)),
        ((compliance, 10), (GOVERNANCE, 30), (compliance, 30)),
        ((GOVERNANCE, 60), (compliance, 30), (compliance, 60)),
    ];
    for (present, wish, afterwards) in table {
        let world = World::new();
        let at = world.upload(b"x");
        let retention = |(mode, days): (RetentionMode, i64)| Retention { mode, retain_until: world.in_days(days) };
        world.s3.force_retention(&at, Some(retention(present)));
        let spec = RetentionSpec { mode: wish.0, days: u32::try_from(wish.1).unwrap() };
        world.seal(&at, Some(spec)).await.unwrap();
        assert_eq!(world.retention(&at).await, Some(retention(afterwards)), "{present:?} {wish:?}");
    }
}

#[tokio::test]
async fn a_time_that_has_passed_is_stated_but_not_set() {
    let world = World::new();
    let at = world.upload(b"x");
    world.clock.advance(SignedDuration::from_hours(24 * 31));
    let sealed = world.seal(&at, Some(MONTH)).await.unwrap();
    assert_eq!(sealed.lock, LockChange::Lapsed);
    assert_eq!(world.retention(&at).await, None);
}

#[tokio::test]
async fn bytes_that_do_not_have_their_checksum_are_an_alarm_and_not_sealed() {
    let world = World::new();
    let at = world.upload(b"abc");
    world.s3.tamper_byte(&at, 1);
    world.s3.drain_created();
    let error = world.seal(&at, Some(MONTH)).await.unwrap_err();
    assert!(matches!(error, SealError::ChecksumMismatch { .. }));
    assert_eq!((error.disposition(), error.reason()), (Disposition::Alarm, "checksum_mismatch"));
    assert_eq!(world.statements(), 0);
}

#[tokio::test]
async fn every_way_of_upload_is_comparable() {
    let parts = [Bytes::from_static(b"first part"), Bytes::from_static(b"second"), Bytes::from_static(b"third")];
    let full = ChecksumType::FullObject;
    let composite = ChecksumType::Composite;
    for (algorithm, checksum_type) in [
        (ChecksumAlgorithm::Crc64Nvme, full),
        (ChecksumAlgorithm::Crc32, full),
        (ChecksumAlgorithm::Crc32, composite),
        (ChecksumAlgorithm::Crc32c, composite),
        (ChecksumAlgorithm::Sha1, composite),
        (ChecksumAlgorithm::Sha256, composite),
    ] {
        let world = World::new();
        world.s3.set_chunk_bytes(7);
        let at = world.s3.put_parts(&path(RAW, "m"), &parts, algorithm, Some(checksum_type));
        let Ok(at) = at else { panic!("{algorithm} {checksum_type:?} refused by the fake") };
        let sealed = world.seal(&at, None).await.unwrap();
        assert_eq!(sealed.checksums, ChecksumVerdict::Match, "{algorithm} {checksum_type:?}");
        world.s3.tamper_byte(&at, 12);
        let error = world.seal(&at, None).await.unwrap_err();
        assert!(matches!(error, SealError::ChecksumMismatch { .. }), "{algorithm} {checksum_type:?}: {error}");
    }
}

#[tokio::test]
async fn old_and_empty_objects_are_sealed() {
    let world = World::new();
    let at = world.upload(b"");
    assert_eq!(world.seal(&at, None).await.unwrap().sha256, Sha256Digest::of(b""));
    let old = world.upload(b"old");
    world.s3.forget_checksums(&old);
    assert_eq!(world.seal(&old, None).await.unwrap().checksums, ChecksumVerdict::Absent);
}

#[tokio::test]
async fn a_bucket_without_versions_is_refused() {
    let world = World::new();
    let at = world.upload(b"x");
    world.s3.force_posture(&bucket(RAW), |posture| posture.versioning = VersioningState::Suspended);
    let error = world.seal(&at, None).await.unwrap_err();
    assert!(matches!(error, SealError::Unversioned));
    assert_eq!(error.disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn our_own_output_is_never_sealed() {
    let world = World::new();
    let at = world.s3.put(&path(EVIDENCE, "att/x"), "x").unwrap();
    assert!(matches!(world.seal(&at, None).await, Err(SealError::OwnOutput)));
}

#[tokio::test]
async fn a_version_that_is_gone_is_an_alarm() {
    let world = World::new();
    let at = world.upload(b"x");
    world.s3.force_delete(&at);
    assert_eq!(world.seal(&at, None).await.unwrap_err().disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn sealed_bytes_that_change_later_contradict() {
    let world = World::new();
    let at = world.upload(b"abc");
    world.s3.forget_checksums(&at);
    world.seal(&at, Some(MONTH)).await.unwrap();
    world.s3.tamper_byte(&at, 0);
    let error = world.seal(&at, Some(MONTH)).await.unwrap_err();
    assert!(matches!(error, SealError::Evidence(EvidenceError::Contradiction { .. })), "{error}");
    assert_eq!(error.disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn wherever_sealing_dies_a_retry_leaves_one_seal_and_one_lock() {
    let plan = FaultPlan::new();
    let whole = World::new();
    let at = whole.upload(b"abc");
    let expected = whole.seal_with(&at, Some(MONTH), plan.clone()).await.unwrap();
    assert!(plan.total_calls() >= 7);
    for call in 1..=plan.total_calls() {
        let world = World::new();
        let at = world.upload(b"abc");
        world.statements();
        let error = world.seal_with(&at, Some(MONTH), FaultPlan::new().dies_at(call)).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Retry, "call {call}: {error}");
        world.clock.advance(SignedDuration::from_mins(10));
        let sealed = world.seal(&at, Some(MONTH)).await.unwrap();
        assert_eq!(sealed.statement.payload().len(), expected.statement.payload().len());
        assert_eq!(sealed.statement.lock, expected.statement.lock);
        assert_eq!(world.statements(), 1, "call {call}");
    }
}

#[tokio::test]
async fn each_lost_throttled_denied_or_short_answer_is_retried() {
    for operation in ["versioning", "head", "get", "retention", "set_retention", "sign", "put_new"] {
        for fault in [Fault::Fail, Fault::LoseAnswer, Fault::Throttle, Fault::Deny] {
            let world = World::new();
            let at = world.upload(b"abc");
            world.statements();
            let plan = FaultPlan::new().on(operation, 1, fault);
            let error = world.seal_with(&at, Some(MONTH), plan).await.unwrap_err();
            assert_eq!(error.disposition(), Disposition::Retry, "{operation} {fault:?}: {error}");
            world.seal(&at, Some(MONTH)).await.unwrap();
            assert_eq!(world.statements(), 1, "{operation} {fault:?}");
        }
    }
    let world = World::new();
    let at = world.upload(b"abcdef");
    for after_bytes in [0, 3] {
        let plan = FaultPlan::new().on("get", 1, Fault::Truncate { after_bytes });
        let error = world.seal_with(&at, None, plan).await.unwrap_err();
        assert!(matches!(error, SealError::Store(StoreError::Truncated { .. })), "{error}");
    }
}

/// A store that answers like another one, but for what a test wants changed.
struct Odd {
    s3: MemoryS3,
    size_in_head: Option<u64>,
    forgets_retentions: bool,
}

#[async_trait::async_trait]
impl ObjectReader for Odd {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        let facts = self.s3.head(at).await?;
        Ok(ObjectFacts { size_bytes: self.size_in_head.unwrap_or(facts.size_bytes), ..facts })
    }
    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        self.s3.get(at).await
    }
    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        self.s3.current(at).await
    }
    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        self.s3.parts(at).await
    }
}

#[async_trait::async_trait]
impl RangeReader for Odd {
    async fn get_range(
        &self,
        at: &ObjectVersion,
        of: &ObjectFacts,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, StoreError> {
        self.s3.get_range(at, of, range).await
    }
}

#[async_trait::async_trait]
impl ObjectLock for Odd {
    async fn retention(&self, at: &ObjectVersion) -> Result<Option<Retention>, StoreError> {
        self.s3.retention(at).await
    }
    async fn set_retention(&self, at: &ObjectVersion, retention: &Retention) -> Result<(), StoreError> {
        if self.forgets_retentions { Ok(()) } else { self.s3.set_retention(at, retention).await }
    }
    async fn legal_hold(&self, at: &ObjectVersion) -> Result<Option<LegalHold>, StoreError> {
        self.s3.legal_hold(at).await
    }
}

#[tokio::test]
async fn answers_that_contradict_each_other_are_never_sealed() {
    for (size_in_head, forgets_retentions, reason, disposition) in
        [(Some(2), false, "version_unstable", Disposition::Retry), (None, true, "lock_not_held", Disposition::Alarm)]
    {
        let world = World::new();
        let at = world.upload(b"abc");
        world.statements();
        let odd = Odd { s3: world.s3.clone(), size_in_head, forgets_retentions };
        let ledger = world.ledger(FaultPlan::new()).await;
        let ports = SealPorts { objects: &odd, locks: &odd, buckets: &world.s3, ledger: &ledger, clock: &world.clock };
        let error = seal(ports, &at, Some(MONTH), &UserMetadata::new()).await.unwrap_err();
        assert_eq!((error.reason(), error.disposition()), (reason, disposition));
        assert_eq!(world.statements(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_under_any_key_in_any_chunks_are_sealed(body in prop::collection::vec(any::<u8>(), 0..500),
                                                       key in "\\PC{1,60}", chunk in 1usize..100, crc32 in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            world.s3.set_chunk_bytes(chunk);
            let algorithm = crc32.then_some(ChecksumAlgorithm::Crc32);
            let options = PutOptions { algorithm, ..PutOptions::default() };
            let at: ObjectPath = path(RAW, &key);
            let at = world.s3.put_with(&at, body.clone(), &options).unwrap();
            let sealed = world.seal(&at, Some(MONTH)).await.unwrap();
            assert_eq!(sealed.sha256, Sha256Digest::of(&body));
            assert_eq!(sealed.statement.version(), at);
            assert_eq!(sealed.checksums, ChecksumVerdict::Match);
        });
    }
}
