//! `UploadPart`, `CompleteMultipartUpload`, `AbortMultipartUpload`.
//!
//! One part is under way while the next one is gathered, so memory holds two parts however large the object is.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream as SdkStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use sluice_common::port::{ObjectReader as _, StoreError, WriteOnceUpload};
use sluice_common::{ObjectPath, VersionId};
use tokio::task::JoinHandle;

use super::{S3Objects, unexpected, version_id};
use crate::error::Failure;

const MIB: usize = 1024 * 1024;

/// S3 knows part numbers up to here.
const MAX_PARTS: i32 = 10_000;

/// The size of a part by its number: 8 MiB for the first 40 GB, then larger, so that 10,000 parts carry 290 GB. S3 lets
/// parts differ in size.
fn part_bytes(number: i32) -> usize {
    match number {
        ..=5_000 => 8 * MIB,
        5_001..=9_000 => 32 * MIB,
        _ => 128 * MIB,
    }
}

/// What 10,000 parts carry.
const MAX_OBJECT_BYTES: u64 = (5_000 * 8 + 4_000 * 32 + 1_000 * 128) * 1024 * 1024;

/// An upload under way.
pub(super) struct S3Upload {
    objects: S3Objects,
    at: ObjectPath,
    upload_id: String,
    gathered: BytesMut,
    size_bytes: u64,
    next_number: i32,
    parts: Vec<CompletedPart>,
    under_way: Option<PartTask>,
}

/// A part under way; dropping it stops it.
struct PartTask(JoinHandle<Result<CompletedPart, StoreError>>);

impl Drop for PartTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl S3Upload {
    pub(super) fn new(objects: S3Objects, at: ObjectPath, upload_id: String) -> Self {
        Self {
            objects,
            at,
            upload_id,
            gathered: BytesMut::new(),
            size_bytes: 0,
            next_number: 1,
            parts: Vec::new(),
            under_way: None,
        }
    }

    /// Waits for the part under way.
    async fn settle(&mut self) -> Result<(), StoreError> {
        let Some(mut task) = self.under_way.take() else { return Ok(()) };
        let part = (&mut task.0).await.map_err(|error| StoreError::Other {
            operation: "UploadPart",
            code: "TaskFailed".to_owned(),
            source: Some(Box::new(error)),
        })??;
        self.parts.push(part);
        Ok(())
    }

    /// Sends a part once the one before it has arrived.
    async fn send(&mut self, body: Bytes) -> Result<(), StoreError> {
        self.settle().await?;
        let number = self.next_number;
        if number > MAX_PARTS {
            return Err(StoreError::TooLarge { operation: "UploadPart", limit_bytes: MAX_OBJECT_BYTES });
        }
        self.next_number += 1;
        let (objects, at, upload_id) = (self.objects.clone(), self.at.clone(), self.upload_id.clone());
        let task = tokio::spawn(async move { upload_part(&objects, &at, upload_id, number, body).await });
        self.under_way = Some(PartTask(task));
        Ok(())
    }

    /// Removes the parts after S3 refused for good. Whether that works changes nothing for the caller: what stays is
    /// removed by the bucket's lifecycle rule.
    async fn abandon(&self) {
        if let Err(error) = self.remove_parts().await {
            tracing::debug!(reason = sluice_common::Dispose::reason(&error), "parts stay until the lifecycle rule");
        }
    }

    async fn remove_parts(&self) -> Result<(), StoreError> {
        self.objects
            .client
            .abort_multipart_upload()
            .bucket(self.at.bucket.as_str())
            .key(self.at.key.as_str())
            .upload_id(self.upload_id.as_str())
            .send()
            .await
            .map(|_answer| ())
            .map_err(|error| Failure::from(error).store("AbortMultipartUpload"))
    }

    /// What the loss of an upload means: an earlier attempt whose answer was lost may have completed it. If the key is
    /// taken now, the caller can compare; else it has to begin again.
    async fn lost(&self, operation: &'static str) -> StoreError {
        match self.objects.current(&self.at).await {
            Ok(_version) => StoreError::Exists { operation },
            Err(_unknown) => StoreError::Conflict { operation },
        }
    }
}

async fn upload_part(
    objects: &S3Objects,
    at: &ObjectPath,
    upload_id: String,
    number: i32,
    body: Bytes,
) -> Result<CompletedPart, StoreError> {
    let operation = "UploadPart";
    let answer = objects
        .client
        .upload_part()
        .bucket(at.bucket.as_str())
        .key(at.key.as_str())
        .upload_id(upload_id)
        .part_number(number)
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .body(SdkStream::from(body))
        .send()
        .await
        .map_err(|error| Failure::from(error).store(operation))?;
    let etag = answer.e_tag().ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
    let part = CompletedPart::builder().part_number(number).e_tag(etag);
    Ok(part.set_checksum_crc64_nvme(answer.checksum_crc64_nvme().map(str::to_owned)).build())
}

#[async_trait]
impl WriteOnceUpload for S3Upload {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), StoreError> {
        self.size_bytes = self.size_bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        while !bytes.is_empty() {
            let room = part_bytes(self.next_number).saturating_sub(self.gathered.len());
            self.gathered.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
            if self.gathered.len() >= part_bytes(self.next_number) {
                let part = std::mem::take(&mut self.gathered).freeze();
                self.send(part).await?;
            }
        }
        Ok(())
    }

    async fn complete(mut self: Box<Self>) -> Result<VersionId, StoreError> {
        let operation = "CompleteMultipartUpload";
        // An empty object is one empty part.
        if !self.gathered.is_empty() || self.next_number == 1 {
            let part = std::mem::take(&mut self.gathered).freeze();
            self.send(part).await?;
        }
        self.settle().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let answer = self
            .objects
            .client
            .complete_multipart_upload()
            .bucket(self.at.bucket.as_str())
            .key(self.at.key.as_str())
            .upload_id(self.upload_id.as_str())
            .if_none_match("*")
            .checksum_type(ChecksumType::FullObject)
            .set_mpu_object_size(i64::try_from(self.size_bytes).ok())
            .multipart_upload(parts)
            .send()
            .await;
        let failure = match answer {
            Ok(answer) => return version_id(answer.version_id(), operation),
            Err(error) => Failure::from(error),
        };
        if failure.code == "NoSuchUpload" {
            return Err(self.lost(operation).await);
        }
        let error = failure.store(operation);
        if matches!(error, StoreError::Exists { .. } | StoreError::Conflict { .. }) {
            self.abandon().await;
        }
        Err(error)
    }

    async fn abort(mut self: Box<Self>) -> Result<(), StoreError> {
        drop(self.under_way.take());
        self.remove_parts().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_carry_the_stated_limit() {
        let total: usize = (1..=MAX_PARTS).map(part_bytes).sum();
        assert_eq!(u64::try_from(total).unwrap(), MAX_OBJECT_BYTES);
        assert!((1..=MAX_PARTS).all(|number| part_bytes(number) >= 5 * MIB), "S3's minimum");
    }
}
