//! Sealing one version: hash it once, compare with what S3 believes, lock it, and state all that for ever.
//!
//! Sealing twice changes nothing: every fact in the statement is a function of the version and of the policy, and the
//! statement's key is a function of the version.

mod error;
pub mod handover;
mod read;
pub mod report;
mod retention;

#[cfg(test)]
mod tests;

use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{
    BucketInspector, Clock, ObjectFacts, ObjectLock, ParallelReader, UserMetadata, VersioningState,
};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{
    ChecksumCheck, ChecksumVerdict, HashedBy, Lock, OwnChecksums, Seal, SealChecks, SealedObject,
};
use sluice_evidence::{Kept, Ledger, ResourceDescriptor, Statement, canonical};

use crate::checksum::{Hashed, compare, verdict_over};

pub use error::SealError;
pub use read::ReadPlan;
pub use retention::LockChange;

/// What sealing needs from the outside.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "ports have nothing to show")]
pub struct SealPorts<'a> {
    /// Reads the version.
    pub objects: &'a dyn ParallelReader,
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
    let facts = look(ports, at).await?;
    seal_seen(ports, at, &facts, wish, delivery, ReadPlan::default()).await
}

/// What S3 tells of a version, when it may be sealed at all.
///
/// # Errors
/// See [`SealError`].
pub async fn look(ports: SealPorts<'_>, at: &ObjectVersion) -> Result<ObjectFacts, SealError> {
    if at.bucket == *ports.ledger.archive().bucket() {
        return Err(SealError::OwnOutput);
    }
    // A version id alone does not tell: it stays when versioning is suspended, and then the next upload has none.
    if ports.buckets.versioning(&at.bucket).await? != VersioningState::Enabled {
        return Err(SealError::Unversioned);
    }
    Ok(ports.objects.head(at).await?)
}

/// Seals a version that was [looked at](look).
///
/// # Errors
/// As [`seal`].
pub async fn seal_seen(
    ports: SealPorts<'_>,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    wish: Option<RetentionSpec>,
    delivery: &UserMetadata,
    plan: ReadPlan,
) -> Result<Sealed, SealError> {
    let hashed = read::read(ports.objects, at, facts, plan).await?;
    keep(ports, at, facts, Digests::from(hashed), wish, delivery).await
}

/// What is known of a version's bytes, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Digests {
    sha256: Sha256Digest,
    crc64nvme: Option<String>,
    checks: Vec<ChecksumCheck>,
    hashed_by: Option<HashedBy>,
}

impl From<Hashed> for Digests {
    fn from(hashed: Hashed) -> Self {
        let Hashed { sha256, crc64nvme_base64, checks, .. } = hashed;
        Self { sha256, crc64nvme: Some(crc64nvme_base64), checks, hashed_by: None }
    }
}

impl Digests {
    /// A digest that another engine computed: of S3's own checksums only one of the same kind can be compared.
    fn of_engine(sha256: Sha256Digest, facts: &ObjectFacts, hashed_by: HashedBy) -> Self {
        let check = |shown: &sluice_common::digest::S3Checksum| {
            let same_kind =
                (shown.algorithm, shown.checksum_type) == (ChecksumAlgorithm::Sha256, ChecksumType::FullObject);
            compare(shown, same_kind.then(|| sha256.to_base64()))
        };
        let mut checks: Vec<ChecksumCheck> = facts.checksums.iter().map(check).collect();
        checks.sort_by(|a, b| a.algorithm.cmp(&b.algorithm).then_with(|| a.value.cmp(&b.value)));
        Self { sha256, crc64nvme: None, checks, hashed_by: Some(hashed_by) }
    }

    fn verdict(&self) -> ChecksumVerdict {
        verdict_over(&self.checks)
    }
}

/// Locks a version whose digest is known, and states it for ever.
async fn keep(
    ports: SealPorts<'_>,
    at: &ObjectVersion,
    facts: &ObjectFacts,
    digests: Digests,
    wish: Option<RetentionSpec>,
    delivery: &UserMetadata,
) -> Result<Sealed, SealError> {
    let checksums = digests.verdict();
    if checksums == ChecksumVerdict::Mismatch {
        return Err(SealError::ChecksumMismatch { algorithms: mismatched(&digests.checks) });
    }
    let least = wish.map(|wish| retention::least(wish, facts.last_modified)).transpose()?;
    let lock = match &least {
        None => LockChange::LeftToBucket,
        Some(least) => retention::hold(ports.locks, at, least, ports.clock.now()).await?,
    };
    let least = least.map(|least| Lock { mode: least.mode, retain_until: least.retain_until });
    let sha256 = digests.sha256;
    let statement = state(at, facts, digests, least)?;
    let recorded = ports.ledger.record_unless(&statement, delivery, |stored| agree(stored, &statement)).await?;
    Ok(Sealed {
        is_new: recorded.is_new(),
        statement: recorded.into_kept(),
        sha256,
        size_bytes: facts.size_bytes,
        checksums,
        lock,
    })
}

/// Whether a stored seal may stand beside the one that was just made. The policy may have asked for another retention when the
/// version was first sealed: that promise stands. It may be of before the metadata was taken. And it may rest on another
/// engine's digest, or this one may: then the digest must be the same, and the comparisons, which differ, may.
fn agree(stored: &Statement<Seal>, made: &Statement<Seal>) -> bool {
    let (old, new) = (stored.predicate(), made.predicate());
    let same_engine = old.hashed_by == new.hashed_by;
    let comparable = Seal {
        lock: old.lock,
        object: SealedObject {
            metadata_sha256: old.object.metadata_sha256.and(new.object.metadata_sha256),
            ..new.object.clone()
        },
        checks: if same_engine { new.checks.clone() } else { old.checks.clone() },
        checksums: if same_engine { new.checksums.clone() } else { old.checksums.clone() },
        hashed_by: old.hashed_by.clone(),
    };
    stored.subject() == made.subject() && *old == comparable
}

fn mismatched(checks: &[ChecksumCheck]) -> String {
    let bad = checks.iter().filter(|check| check.verdict == ChecksumVerdict::Mismatch);
    bad.map(|check| check.algorithm.to_string()).collect::<Vec<_>>().join(", ")
}

fn state(
    at: &ObjectVersion,
    facts: &ObjectFacts,
    digests: Digests,
    lock: Option<Lock>,
) -> Result<Statement<Seal>, SealError> {
    let metadata = canonical::to_vec(&facts.metadata)
        .map_err(|error| SealError::Evidence(sluice_evidence::StatementError::from(error).into()))?;
    let object = SealedObject {
        bucket: at.bucket.clone(),
        key: at.key.clone(),
        version_id: at.version_id.clone(),
        size: facts.size_bytes,
        etag: facts.etag.clone(),
        last_modified: facts.last_modified,
        sse: facts.encryption.clone(),
        metadata_sha256: Some(Sha256Digest::of(&metadata)),
    };
    let subject = vec![ResourceDescriptor::object(at, digests.sha256)];
    let s3_checksums_verdict = digests.verdict();
    let Digests { crc64nvme, checks, hashed_by, .. } = digests;
    let checks =
        SealChecks { s3_checksums: checks, s3_checksums_verdict, size: hashed_by.is_none(), head_get_stable: true };
    let seal = Seal { object, checks, lock, checksums: OwnChecksums { crc64nvme }, hashed_by };
    Statement::new(subject, seal).map_err(|error| SealError::Evidence(error.into()))
}
