//! Versions that are too large for one invocation: S3 Batch Operations computes their SHA-256 inside S3.
//!
//! Every step may be done again. The manifest's key and its bytes follow from the version; equal requests with the version's
//! id as their token are one job; and the signed `handover` statement is written once. Whoever finds that statement asks for
//! nothing. The job's report is read by [`super::report`].

use bytes::Bytes;
use futures::TryStreamExt as _;
use sluice_common::port::{
    ChecksumJob, ChecksumJobs, ObjectFacts, ObjectReader, ObjectWriter, StoreError, UserMetadata,
};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, Sha256Digest};
use sluice_evidence::predicate::{Handover, HashEngine, Seal};
use sluice_evidence::{EvidenceError, Ledger, ResourceDescriptor, RunId, Stage, Statement, StatementKey, SubjectId};

use super::{SealError, SealPorts};

/// Where reports of jobs begin; S3 adds `/job-ID/`.
pub const REPORTS_PREFIX: &str = "reports";
/// Where manifests are kept.
pub const MANIFESTS_PREFIX: &str = "manifests/";

/// What handing over needs beside sealing's ports.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "ports have nothing to show")]
pub struct HandoverPorts<'a> {
    /// Sealing's own.
    pub seal: SealPorts<'a>,
    /// Starts jobs.
    pub jobs: &'a dyn ChecksumJobs,
    /// Writes manifests.
    pub writer: &'a dyn ObjectWriter,
    /// The bucket of manifests and reports.
    pub bucket: &'a BucketName,
}

/// What became of a version that was not sealed in this invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// It was sealed before.
    AlreadySealed,
    /// Its job was started before.
    Before,
    /// Its job is started now.
    Now,
}

fn key_of(stage: Stage, at: &ObjectVersion) -> StatementKey {
    StatementKey { stage, subject: SubjectId::from(at), run: RunId::only() }
}

/// The handover of a version, when there is one.
pub(super) async fn find(
    ledger: &Ledger,
    at: &ObjectVersion,
) -> Result<Option<sluice_evidence::Kept<Handover>>, EvidenceError> {
    ledger.archive().find::<Handover>(&key_of(Stage::Handover, at)).await
}

/// The manifest that names one version: CSV of bucket, key and version id, the key percent-encoded.
pub fn manifest(at: &ObjectVersion) -> Option<String> {
    let uri = at.uri();
    let (key, version_id) = uri.strip_prefix("s3://")?.split_once('/')?.1.rsplit_once("?versionId=")?;
    let is_plain = at.version_id.as_str() == version_id;
    is_plain.then(|| format!("{},{key},{version_id}\n", at.bucket))
}

/// Hands a version over, of which S3 told `facts`.
///
/// # Errors
/// See [`SealError`]. Calling again after any of them is safe.
pub async fn hand_over(
    ports: HandoverPorts<'_>,
    at: &ObjectVersion,
    facts: &ObjectFacts,
) -> Result<HandedOver, SealError> {
    let ledger = ports.seal.ledger;
    if ledger.archive().find::<Seal>(&key_of(Stage::Seal, at)).await?.is_some() {
        return Ok(HandedOver::AlreadySealed);
    }
    if find(ledger, at).await?.is_some() {
        return Ok(HandedOver::Before);
    }
    let text = manifest(at).ok_or(SealError::Unlistable)?;
    let digest = Sha256Digest::of(text.as_bytes());
    let (manifest, etag) = write_manifest(ports, at, text).await?;
    let id = at.id().to_string();
    let job = ChecksumJob {
        token: &id,
        manifest: &manifest,
        manifest_etag: &etag,
        report_bucket: ports.bucket,
        report_prefix: REPORTS_PREFIX,
    };
    let job_id = ports.jobs.create(&job).await?;
    let predicate = Handover {
        engine: HashEngine::S3BatchOperations,
        job_id,
        manifest: ResourceDescriptor::object(&manifest, digest),
        size: facts.size_bytes,
        etag: facts.etag.clone(),
    };
    let statement = Statement::new(vec![ResourceDescriptor::unread_object(at)], predicate);
    let statement = statement.map_err(EvidenceError::from)?;
    let recorded = ledger.record(&statement, &UserMetadata::new()).await?;
    Ok(if recorded.is_new() { HandedOver::Now } else { HandedOver::Before })
}

/// The manifest's version and entity tag. A manifest of before is taken when it says the same.
async fn write_manifest(
    ports: HandoverPorts<'_>,
    at: &ObjectVersion,
    text: String,
) -> Result<(ObjectVersion, String), SealError> {
    let objects = ports.seal.objects;
    let operation = "PutObject";
    let key = ObjectKey::new(format!("{MANIFESTS_PREFIX}{}.csv", at.id()));
    let key = key.map_err(|_never| StoreError::Conflict { operation })?;
    let path = ObjectPath { bucket: ports.bucket.clone(), key };
    let written = ports.writer.put_new(&path, Bytes::from(text.clone()), &UserMetadata::new()).await;
    let version = match written {
        Ok(version_id) => path.version(version_id),
        Err(StoreError::Exists { .. }) => {
            let version = objects.current(&path).await?;
            if read_small(objects, &version, MAX_MANIFEST_BYTES).await? != text.as_bytes() {
                return Err(SealError::OtherReport { fact: "manifest" });
            }
            version
        }
        Err(error) => return Err(error.into()),
    };
    let etag = objects.head(&version).await?.etag;
    Ok((version, etag))
}

/// Bucket, key of 1,024 bytes percent-encoded and version id fit well.
const MAX_MANIFEST_BYTES: u64 = 16 * 1024;

/// The bytes of a small version.
pub(super) async fn read_small<R: ObjectReader + ?Sized>(
    objects: &R,
    at: &ObjectVersion,
    limit_bytes: u64,
) -> Result<Vec<u8>, StoreError> {
    let mut body = objects.get(at).await?;
    if body.facts.size_bytes > limit_bytes {
        return Err(StoreError::TooLarge { operation: "GetObject", limit_bytes });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = body.stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
