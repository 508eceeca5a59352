use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType};
use sluice_common::port::{Encryption, RetentionMode};
use sluice_common::{BucketName, ObjectKey, ObjectVersion, Sha256Digest, VersionId};

use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent, only_object};

/// "This version had these bytes, they are what S3 believes them to be, and they are locked." One for each version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seal {
    /// The version and what S3 says of it.
    pub object: SealedObject,
    /// What was compared.
    pub checks: SealChecks,
    /// The lock that was found or set; absent when the policy leaves it to the bucket's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// Checksums of ours beside the subject's SHA-256.
    pub checksums: OwnChecksums,
    /// Who computed the subject's SHA-256, when it was not the seal function itself, which then read no byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashed_by: Option<HashedBy>,
}

/// Another engine that computed a digest, and where it said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HashedBy {
    /// The engine.
    pub engine: HashEngine,
    /// Its job, which a `handover` statement of ours names.
    pub job_id: String,
    /// The part of the job's report that holds the digest.
    pub report: ResourceDescriptor,
}

/// Engines beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HashEngine {
    /// S3 itself, by the operation `S3ComputeObjectChecksum`: whoever believes the digest believes S3.
    S3BatchOperations,
}

/// A version and what S3 says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version.
    pub version_id: VersionId,
    /// Length in bytes.
    pub size: u64,
    /// Opaque.
    pub etag: String,
    /// When S3 made the version.
    pub last_modified: Timestamp,
    /// Encryption at rest, when S3 says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sse: Option<Encryption>,
    /// SHA-256 of the user metadata (`x-amz-meta-*`) as canonical JSON, names in lower case without the prefix. Absent in
    /// seals of before it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_sha256: Option<Sha256Digest>,
}

impl SealedObject {
    /// The version's name.
    pub fn version(&self) -> ObjectVersion {
        ObjectVersion { bucket: self.bucket.clone(), key: self.key.clone(), version_id: self.version_id.clone() }
    }
}

/// What sealing compared. A mismatch is never sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealChecks {
    /// Every checksum that S3 shows, sorted by algorithm; empty for objects older than S3's default checksums.
    pub s3_checksums: Vec<ChecksumCheck>,
    /// The verdict over all of them.
    pub s3_checksums_verdict: ChecksumVerdict,
    /// Bytes received equal the announced length. False when none were received: see [`Seal::hashed_by`].
    pub size: bool,
    /// `HeadObject` and `GetObject` told the same of the version; of another engine, its entity tag and S3's were the same.
    pub head_get_stable: bool,
}

/// A checksum of S3's beside ours over the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChecksumCheck {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// What it covers.
    #[serde(rename = "type")]
    pub checksum_type: ChecksumType,
    /// S3's value in base64, without a `-N` suffix.
    pub value: String,
    /// Our value in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed: Option<String>,
    /// Whether they agree.
    pub verdict: ChecksumVerdict,
}

/// Whether a checksum agrees with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChecksumVerdict {
    /// It does.
    Match,
    /// It does not.
    Mismatch,
    /// S3 shows none.
    Absent,
    /// It covers parts whose sizes S3 does not tell.
    NotComparable,
}

/// The lock that holds at least until then. The real one may be longer: others may extend it at any time. A date that
/// had already passed when the version was sealed was not set: S3 refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lock {
    /// The mode, or a stronger one.
    pub mode: RetentionMode,
    /// A function of the version's age and the policy's days, never of the hour of sealing.
    pub retain_until: Timestamp,
}

/// Checksums of ours that cost nothing beside SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnChecksums {
    /// CRC-64/NVME of all bytes, big-endian, in base64: comparable with S3's for any way of upload. Absent when another
    /// engine computed the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc64nvme: Option<String>,
}

impl Predicate for Seal {
    const STAGE: Stage = Stage::Seal;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = only_object::<Self>(subject)?;
        if version != self.object.version() {
            return Err(inconsistent::<Self>("its subject is another object than its predicate describes"));
        }
        if subject.iter().any(|one| one.digest.sha256.is_none()) {
            return Err(inconsistent::<Self>("its subject has no SHA-256 digest"));
        }
        Ok((SubjectId::from(&version), RunId::only()))
    }
}
