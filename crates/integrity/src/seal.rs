//! Sealing one version: hash it once, compare with what S3 believes, lock it, and state all that for ever.
//!
//! Sealing twice changes nothing: every fact in the statement is a function of the version and of the policy, and the
//! statement's key is a function of the version.

mod error;
mod retention;

#[cfg(test)]
mod tests;

use futures::TryStreamExt as _;
use sluice_common::digest::ChecksumType;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{
    BucketInspector, Clock, ObjectFacts, ObjectLock, ObjectReader, StoreError, UserMetadata, VersioningState,
};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{ChecksumVerdict, Lock, OwnChecksums, Seal, SealChecks, SealedObject};
use sluice_evidence::{Kept, Ledger, ResourceDescriptor, Statement};

use crate::checksum::{Hashed, ObjectHasher};

pub use error::SealError;
pub use retention::LockChange;

/// What sealing needs from the outside.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "ports have nothing to show")]
pub struct SealPorts<'a> {
    /// Reads the version.
    pub objects: &'a dyn ObjectReader,
    /// Locks it.
    pub locks: &'a dyn ObjectLock,
    /// Knows the bucket's versioning.
    pub buckets: &'a dyn BucketInspector,
    /// Keeps the statement.
    pub ledger: &'a Ledger,
    /// Tells whether a retention's end has passed; it is never stated.
    pub clock: &'a dyn Clock,
}

/// A sealed version.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The statement as it is kept.
    pub statement: Kept<Seal>,
    /// Whether this call wrote it.
    pub is_new: bool,
    /// The version's digest.
    pub sha256: Sha256Digest,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// Whether S3's checksums agree; never [`ChecksumVerdict::Mismatch`].
    pub checksums: ChecksumVerdict,
    /// What was done to its lock.
    pub lock: LockChange,
}

/// Seals a version. `wish` is the least retention, counted from the version's own time; without one the bucket's default
/// stands. `delivery` holds facts of the event that asked; they are kept beside the statement, unsigned.
///
/// # Errors
/// See [`SealError`]; each knows what becomes of the message. Calling again after any of them is safe.
pub async fn seal(
    ports: SealPorts<'_>,
    at: &ObjectVersion,
    wish: Option<RetentionSpec>,
    delivery: &UserMetadata,
) -> Result<Sealed, SealError> {
    if at.bucket == *ports.ledger.archive().bucket() {
        return Err(SealError::OwnOutput);
    }
    // A version id alone does not tell: it stays when versioning is suspended, and then the next upload has none.
    if ports.buckets.versioning(&at.bucket).await? != VersioningState::Enabled {
        return Err(SealError::Unversioned);
    }
    let (facts, hashed) = read_once(ports.objects, at).await?;
    if hashed.verdict() == ChecksumVerdict::Mismatch {
        return Err(SealError::ChecksumMismatch { algorithms: mismatched(&hashed) });
    }
    let least = wish.map(|wish| retention::least(wish, facts.last_modified)).transpose()?;
    let lock = match &least {
        None => LockChange::LeftToBucket,
        Some(least) => retention::hold(ports.locks, at, least, ports.clock.now()).await?,
    };
    let least = least.map(|least| Lock { mode: least.mode, retain_until: least.retain_until });
    let statement = state(at, &facts, &hashed, least)?;
    // The policy may have asked for another retention when the version was first sealed. That promise stands.
    let only_lock_differs = |stored: &Statement<Seal>| {
        let other_lock = Seal { lock: stored.predicate().lock, ..statement.predicate().clone() };
        stored.subject() == statement.subject() && *stored.predicate() == other_lock
    };
    let recorded = ports.ledger.record_unless(&statement, delivery, only_lock_differs).await?;
    Ok(Sealed {
        is_new: recorded.is_new(),
        statement: recorded.into_kept(),
        sha256: hashed.sha256,
        size_bytes: hashed.size_bytes,
        checksums: hashed.verdict(),
        lock,
    })
}

/// Streams the version once through all hashers.
async fn read_once(objects: &dyn ObjectReader, at: &ObjectVersion) -> Result<(ObjectFacts, Hashed), SealError> {
    let announced = objects.head(at).await?;
    let composite = announced.checksums.iter().any(|one| one.checksum_type == ChecksumType::Composite);
    let part_sizes: Vec<u64> =
        if composite { objects.parts(at).await?.iter().map(|part| part.size_bytes).collect() } else { Vec::new() };
    let mut body = objects.get(at).await?;
    check_stable(&announced, &body.facts)?;
    let mut hasher = ObjectHasher::new(&announced.checksums, &part_sizes);
    while let Some(chunk) = body.stream.try_next().await? {
        hasher.update(&chunk);
    }
    let hashed = hasher.finish();
    if hashed.size_bytes != announced.size_bytes {
        let (got, expected) = (hashed.size_bytes, announced.size_bytes);
        return Err(StoreError::Truncated { operation: "GetObject", got, expected }.into());
    }
    Ok((announced, hashed))
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

fn mismatched(hashed: &Hashed) -> String {
    let bad = hashed.checks.iter().filter(|check| check.verdict == ChecksumVerdict::Mismatch);
    bad.map(|check| check.algorithm.to_string()).collect::<Vec<_>>().join(", ")
}

fn state(
    at: &ObjectVersion,
    facts: &ObjectFacts,
    hashed: &Hashed,
    lock: Option<Lock>,
) -> Result<Statement<Seal>, SealError> {
    let object = SealedObject {
        bucket: at.bucket.clone(),
        key: at.key.clone(),
        version_id: at.version_id.clone(),
        size: hashed.size_bytes,
        etag: facts.etag.clone(),
        last_modified: facts.last_modified,
        sse: facts.encryption.clone(),
    };
    let checks = SealChecks {
        s3_checksums: hashed.checks.clone(),
        s3_checksums_verdict: hashed.verdict(),
        size: true,
        head_get_stable: true,
    };
    let checksums = OwnChecksums { crc64nvme: hashed.crc64nvme_base64.clone() };
    let subject = vec![ResourceDescriptor::object(at, hashed.sha256)];
    let seal = Seal { object, checks, lock, checksums };
    Statement::new(subject, seal).map_err(|error| SealError::Evidence(error.into()))
}
