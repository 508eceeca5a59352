use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use sluice_common::digest::{ChecksumAlgorithm, ChecksumType, S3Checksum};
use sluice_common::port::{ObjectPart, StoreError, UserMetadata, WriteOnceUpload};
use sluice_common::{ObjectPath, ObjectVersion, VersionId};

use super::state::Object;
use super::{MemoryS3, Refusal, checksum, port_version_id};

/// The size of a part, as in the adapter.
const PART_BYTES: usize = 8 * 1024 * 1024;

impl MemoryS3 {
    /// A multipart upload by any uploader, whole in one call. Without a type S3's default for the algorithm is used. The
    /// minimum of 5 MiB a part is not enforced, so that tests stay small.
    ///
    /// # Errors
    /// As S3; `InvalidRequest` for pairs of algorithm and type that S3 does not know.
    pub fn put_parts(
        &self,
        at: &ObjectPath,
        parts: &[Bytes],
        algorithm: ChecksumAlgorithm,
        checksum_type: Option<ChecksumType>,
    ) -> Result<ObjectVersion, Refusal> {
        let object = multipart_object(parts, algorithm, checksum_type, UserMetadata::new())?;
        let id = self.insert(at, object, false, None)?;
        Ok(at.version(VersionId::new(id).map_err(|_unversioned| Refusal::INVALID_REQUEST)?))
    }
}

fn multipart_object(
    parts: &[Bytes],
    algorithm: ChecksumAlgorithm,
    checksum_type: Option<ChecksumType>,
    metadata: UserMetadata,
) -> Result<Object, Refusal> {
    let body = Bytes::from(parts.concat());
    let (checksum, listed) = match checksum::multipart_type(algorithm, checksum_type)? {
        ChecksumType::FullObject => (checksum::full(algorithm, &body)?, Vec::new()),
        ChecksumType::Composite => (checksum::composite(algorithm, parts)?, listed_parts(parts, algorithm)?),
    };
    Ok(Object {
        body,
        etag: checksum::multipart_etag(parts),
        checksum: Some(checksum),
        parts: listed,
        metadata,
        encryption: None,
        retention: None,
        legal_hold: None,
    })
}

/// The parts as `GetObjectAttributes` lists them, which it does for composite checksums only.
fn listed_parts(parts: &[Bytes], algorithm: ChecksumAlgorithm) -> Result<Vec<ObjectPart>, Refusal> {
    let listed = |part: &Bytes| {
        let value_base64 = BASE64.encode(checksum::raw(algorithm, part)?);
        let size_bytes = u64::try_from(part.len()).unwrap_or(u64::MAX);
        let checksum = S3Checksum { algorithm, checksum_type: ChecksumType::Composite, value_base64 };
        Ok(ObjectPart { size_bytes, checksum: Some(checksum) })
    };
    parts.iter().map(listed).collect()
}

/// A write-once upload under way.
pub(super) struct MemoryUpload {
    s3: MemoryS3,
    at: ObjectPath,
    metadata: UserMetadata,
    begun_at: u64,
    sent: BytesMut,
}

impl MemoryUpload {
    pub(super) fn new(s3: MemoryS3, at: ObjectPath, metadata: UserMetadata, begun_at: u64) -> Self {
        Self { s3, at, metadata, begun_at, sent: BytesMut::new() }
    }
}

#[async_trait]
impl WriteOnceUpload for MemoryUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.sent.extend_from_slice(&bytes);
        Ok(())
    }

    async fn complete(self: Box<Self>) -> Result<VersionId, StoreError> {
        let operation = "CompleteMultipartUpload";
        let Self { s3, at, metadata, begun_at, sent } = *self;
        let body = sent.freeze();
        let parts: Vec<Bytes> = if body.is_empty() {
            vec![Bytes::new()]
        } else {
            body.chunks(PART_BYTES).map(Bytes::copy_from_slice).collect()
        };
        let complete = || {
            let object = multipart_object(&parts, ChecksumAlgorithm::Crc64Nvme, None, metadata)?;
            s3.insert(&at, object, true, Some(begun_at))
        };
        let id = complete().map_err(|refusal| refusal.of(operation))?;
        port_version_id(&id, operation)
    }

    async fn abort(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
