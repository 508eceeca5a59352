//! Large objects are read in ranges side by side.

use super::*;

/// Ranges of 64 KiB, eight at once.
const SMALL_RANGES: ReadPlan = ReadPlan { in_ranges_above_bytes: 0, range_bytes: 64 << 10, in_flight: 8 };

/// Something of many ranges, the last one short.
fn large_body() -> Vec<u8> {
    (0..(64_u32 << 14) + 77).flat_map(u32::to_le_bytes).collect()
}

/// A store whose ranges come from afar.
struct FarRanges {
    near: MemoryS3,
    far: Distant<MemoryS3>,
}

#[async_trait::async_trait]
impl ObjectReader for FarRanges {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        self.near.head(at).await
    }
    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        self.near.get(at).await
    }
    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        self.near.current(at).await
    }
    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        self.near.parts(at).await
    }
}

#[async_trait::async_trait]
impl RangeReader for FarRanges {
    async fn get_range(
        &self,
        at: &ObjectVersion,
        of: &ObjectFacts,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, StoreError> {
        self.far.get_range(at, of, range).await
    }
}

/// How long a version takes to read from a store 200 ms away that brings 640 KiB/s on each connection, and how many
/// connections there were. The clock stands still but for waiting, so that hashing counts nothing.
async fn time_to_read(in_flight: usize) -> (std::time::Duration, usize) {
    let world = World::new();
    let body = large_body();
    let at = world.s3.put(&path(RAW, "large"), body.clone()).unwrap();
    let far = Distant::new(world.s3.clone(), std::time::Duration::from_millis(200), 640 << 10);
    let objects = FarRanges { near: world.s3.clone(), far };
    let facts = objects.near.head(&at).await.unwrap();
    let begun = tokio::time::Instant::now();
    let hashed = read::read(&objects, &at, &facts, ReadPlan { in_flight, ..SMALL_RANGES }).await.unwrap();
    assert_eq!(hashed.sha256, Sha256Digest::of(&body));
    assert_eq!(hashed.verdict(), ChecksumVerdict::Match);
    (begun.elapsed(), objects.far.most_in_flight())
}

#[tokio::test(start_paused = true)]
async fn ranges_in_flight_hide_the_way_to_the_store() {
    // 65 ranges of 300 ms each, the last one shorter.
    let (alone, most) = time_to_read(1).await;
    assert_eq!(most, 1);
    assert!(alone >= std::time::Duration::from_millis(64 * 300), "{alone:?}");
    let (together, most) = time_to_read(8).await;
    assert_eq!(most, 8, "no more ranges than planned are ever in memory");
    // Nine rounds instead of 65.
    assert!(together <= std::time::Duration::from_millis(9 * 300), "{together:?}");
}

#[tokio::test(start_paused = true)]
async fn a_range_that_fails_is_fetched_again_and_hashed_once() {
    let world = World::new();
    let body = large_body();
    let at = world.s3.put(&path(RAW, "large"), body.clone()).unwrap();
    let facts = world.s3.head(&at).await.unwrap();
    for fault in [Fault::Fail, Fault::Throttle, Fault::Truncate { after_bytes: 1000 }] {
        let plan = FaultPlan::new().on("get_range", 3, fault).on("get_range", 20, fault).on("get_range", 21, fault);
        let objects = Faulty::new(world.s3.clone(), plan.clone());
        let hashed = read::read(&objects, &at, &facts, SMALL_RANGES).await.unwrap();
        assert_eq!(hashed.sha256, Sha256Digest::of(&body), "{fault:?}");
        assert_eq!(plan.calls("get_range"), 65 + 3, "{fault:?}");
    }
    let plan = FaultPlan::new().on("get_range", 5, Fault::Deny);
    let error = read::read(&Faulty::new(world.s3.clone(), plan), &at, &facts, SMALL_RANGES).await.unwrap_err();
    assert!(matches!(error, SealError::Store(StoreError::Denied { .. })), "{error}");
    let plan = FaultPlan::new().always("get_range", Fault::Fail);
    let error = read::read(&Faulty::new(world.s3.clone(), plan.clone()), &at, &facts, SMALL_RANGES).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(plan.calls("get_range") <= 8 * 4, "it gives up: {} calls", plan.calls("get_range"));
}

#[tokio::test]
async fn ranges_of_another_state_are_never_put_together() {
    let world = World::new();
    let at = world.s3.put(&path(RAW, "large"), large_body()).unwrap();
    let mut facts = world.s3.head(&at).await.unwrap();
    facts.etag = "\"of before\"".to_owned();
    let error = read::read(&world.s3, &at, &facts, SMALL_RANGES).await.unwrap_err();
    assert!(
        matches!(&error, SealError::Store(StoreError::Other { code, .. }) if code == "EntityTagChanged"),
        "{error}"
    );
}
