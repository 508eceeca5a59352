//! `PutObject` and `CreateMultipartUpload`, each key once.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream as SdkStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};
use bytes::Bytes;
use sluice_common::port::{ObjectWriter, StoreError, UserMetadata, WriteOnceUpload};
use sluice_common::{ObjectPath, VersionId};

use super::upload::S3Upload;
use super::{S3Objects, check_metadata, unexpected, version_id};
use crate::error::Failure;

#[async_trait]
impl ObjectWriter for S3Objects {
    /// S3 verifies the transfer by SHA-256 and keeps it: what was written can be compared later without reading it.
    async fn put_new(&self, at: &ObjectPath, body: Bytes, metadata: &UserMetadata) -> Result<VersionId, StoreError> {
        let operation = "PutObject";
        check_metadata(metadata, operation)?;
        let answer = self
            .client
            .put_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .if_none_match("*")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_metadata(Some(metadata.clone().into_iter().collect()))
            .body(SdkStream::from(body))
            .send()
            .await
            .map_err(|error| Failure::from(error).store(operation))?;
        version_id(answer.version_id(), operation)
    }

    /// S3 verifies every part by CRC64NVME and keeps that of the whole object.
    async fn upload_new(
        &self,
        at: &ObjectPath,
        metadata: &UserMetadata,
    ) -> Result<Box<dyn WriteOnceUpload>, StoreError> {
        let operation = "CreateMultipartUpload";
        check_metadata(metadata, operation)?;
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .checksum_type(ChecksumType::FullObject)
            .set_metadata(Some(metadata.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| Failure::from(error).store(operation))?;
        let upload_id = answer.upload_id().ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok(Box::new(S3Upload::new(self.clone(), at.clone(), upload_id.to_owned())))
    }
}
