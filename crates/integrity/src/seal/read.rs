//! One version's bytes, through all hashers, once.
//!
//! A small version comes in one answer. A large one comes in ranges, several at a time: one connection to S3 is slower than
//! SHA-256, and the way there and back is paid once for all of them. They are hashed in their order, so a range that fails is
//! fetched again before it is hashed, and nothing is hashed twice.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sluice_common::ObjectVersion;
use sluice_common::digest::ChecksumType;
use sluice_common::port::{ObjectFacts, ParallelReader, StoreError};
use tokio::sync::mpsc;

use super::SealError;
use crate::checksum::{Hashed, ObjectHasher};

/// How large versions are read. Memory: two ranges more than are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPlan {
    /// Versions of more bytes are read in ranges.
    pub in_ranges_above_bytes: u64,
    /// Length of a range.
    pub range_bytes: u64,
    /// Ranges asked for at once.
    pub in_flight: usize,
}

impl Default for ReadPlan {
    /// 8 ranges of 4 MiB: 40 MiB of memory, which leaves room in the smallest function.
    fn default() -> Self {
        Self { in_ranges_above_bytes: 16 << 20, range_bytes: 4 << 20, in_flight: 8 }
    }
}

/// Attempts at one range, the first included.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Bytes that are hashed before arrivals are looked at: half a millisecond of work.
const HASH_BYTES: usize = 1 << 20;

/// Hashes a version of which S3 told `facts`.
pub(super) async fn read(
    objects: &dyn ParallelReader,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    plan: ReadPlan,
) -> Result<Hashed, SealError> {
    let composite = facts.checksums.iter().any(|one| one.checksum_type == ChecksumType::Composite);
    let part_sizes: Vec<u64> =
        if composite { objects.parts(at).await?.iter().map(|part| part.size_bytes).collect() } else { Vec::new() };
    let mut hasher = ObjectHasher::new(&facts.checksums, &part_sizes);
    if facts.size_bytes > plan.in_ranges_above_bytes {
        in_ranges(objects, at, facts, plan, &mut hasher).await?;
    } else {
        whole(objects, at, facts, &mut hasher).await?;
    }
    let hashed = hasher.finish();
    if hashed.size_bytes != facts.size_bytes {
        let (got, expected) = (hashed.size_bytes, facts.size_bytes);
        return Err(StoreError::Truncated { operation: "GetObject", got, expected }.into());
    }
    Ok(hashed)
}

async fn whole(
    objects: &dyn ParallelReader,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    hasher: &mut ObjectHasher,
) -> Result<(), SealError> {
    let mut body = objects.get(at).await?;
    check_stable(facts, &body.facts)?;
    while let Some(chunk) = body.stream.try_next().await? {
        hasher.update(&chunk);
    }
    Ok(())
}

/// Fetches and hashes side by side on one thread: the hasher gives way after every mebibyte.
async fn in_ranges(
    objects: &dyn ParallelReader,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    plan: ReadPlan,
    hasher: &mut ObjectHasher,
) -> Result<(), StoreError> {
    let (arrived, mut arrivals) = mpsc::channel::<Bytes>(1);
    let fetch = async move {
        let fetches = ranges(facts.size_bytes, plan.range_bytes).map(|range| fetch(objects, at, facts, range));
        let mut fetched = stream::iter(fetches).buffered(plan.in_flight.max(1));
        while let Some(bytes) = fetched.try_next().await? {
            if arrived.send(bytes).await.is_err() {
                break;
            }
        }
        Ok::<(), StoreError>(())
    };
    let hash = async {
        while let Some(bytes) = arrivals.recv().await {
            for chunk in bytes.chunks(HASH_BYTES) {
                hasher.update(chunk);
                tokio::task::yield_now().await;
            }
        }
    };
    let (fetched, ()) = futures::future::join(fetch, hash).await;
    fetched
}

fn ranges(size_bytes: u64, range_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let length = range_bytes.max(1);
    (0..size_bytes.div_ceil(length)).map(move |index| {
        let start = index.saturating_mul(length);
        start..start.saturating_add(length).min(size_bytes)
    })
}

async fn fetch(
    objects: &dyn ParallelReader,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    range: Range<u64>,
) -> Result<Bytes, StoreError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match objects.get_range(at, facts, range.clone()).await {
            Err(StoreError::Truncated { .. } | StoreError::Throttled { .. } | StoreError::Other { .. }) => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
            answer => return answer,
        }
    }
    objects.get_range(at, facts, range).await
}

/// `HeadObject` and `GetObject` name the same version: what they tell of it must be the same.
fn check_stable(head: &ObjectFacts, get: &ObjectFacts) -> Result<(), SealError> {
    let differing = [
        ("size", head.size_bytes == get.size_bytes),
        ("etag", head.etag == get.etag),
        ("last modified", head.last_modified == get.last_modified),
    ];
    match differing.into_iter().find(|(_, same)| !same) {
        Some((fact, _)) => Err(SealError::Unstable { fact }),
        None => Ok(()),
    }
}
