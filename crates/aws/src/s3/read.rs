//! `HeadObject`, `GetObject`, `GetObjectAttributes`: always of a version, but for [`ObjectReader::current`].

use async_trait::async_trait;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream as SdkStream;
use aws_sdk_s3::types::{ChecksumMode, ObjectAttributes};
use bytes::Bytes;
use futures::stream;
use sluice_common::port::{ByteStream, ObjectBody, ObjectFacts, ObjectPart, ObjectReader, StoreError};
use sluice_common::{ObjectPath, ObjectVersion};

use super::checksum::checksums;
use super::{S3Objects, facts, unexpected, version_id};
use crate::error::Failure;

/// The most parts that `GetObjectAttributes` lists at once.
const PARTS_A_PAGE: i32 = 1000;

#[async_trait]
impl ObjectReader for S3Objects {
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .map_err(|error| Failure::from(error).store("HeadObject"))?;
        facts::of_head(&answer)
    }

    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError> {
        let mut answer = self
            .client
            .get_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .customize()
            // The operation's own `checksum_mode` would make the SDK compare too; see `connect`.
            .mutate_request(|request| {
                request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
            })
            .send()
            .await
            .map_err(|error| Failure::from(error).store("GetObject"))?;
        let facts = facts::of_get(&answer)?;
        let stream = counted(std::mem::take(&mut answer.body), facts.size_bytes);
        Ok(ObjectBody { facts, stream })
    }

    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError> {
        let operation = "HeadObject";
        let answer = self
            .client
            .head_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .send()
            .await
            .map_err(|error| Failure::from(error).store(operation))?;
        Ok(at.version(version_id(answer.version_id(), operation)?))
    }

    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError> {
        let operation = "GetObjectAttributes";
        let mut parts = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let answer = self
                .client
                .get_object_attributes()
                .bucket(at.bucket.as_str())
                .key(at.key.as_str())
                .version_id(at.version_id.as_str())
                .object_attributes(ObjectAttributes::Checksum)
                .object_attributes(ObjectAttributes::ObjectParts)
                .max_parts(PARTS_A_PAGE)
                .set_part_number_marker(marker.clone())
                .send()
                .await
                .map_err(|error| Failure::from(error).store(operation))?;
            let checksum_type = answer.checksum().and_then(|checksum| checksum.checksum_type());
            let Some(page) = answer.object_parts() else { return Ok(parts) };
            for part in page.parts() {
                let size = part.size().and_then(|size| u64::try_from(size).ok());
                parts.push(ObjectPart {
                    size_bytes: size.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?,
                    checksum: checksums!(part, checksum_type).next(),
                });
            }
            let next = page.next_part_number_marker().filter(|_| page.is_truncated() == Some(true));
            // A marker that stands still would list the same page for ever.
            match next.map(str::to_owned) {
                Some(next) if marker.as_ref() != Some(&next) => marker = Some(next),
                _ => return Ok(parts),
            }
        }
    }
}

/// A body that ends after exactly the announced bytes, or with an error.
struct Counted {
    body: SdkStream,
    got: u64,
    expected: u64,
    ended: bool,
}

impl Counted {
    async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        let operation = "GetObject";
        if self.ended {
            return None;
        }
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.got = self.got.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                if self.got <= self.expected {
                    return Some(Ok(bytes));
                }
                self.ended = true;
                Some(Err(unexpected(operation, "BodyTooLong")))
            }
            Some(Err(error)) => {
                self.ended = true;
                tracing::debug!(cause = %DisplayErrorContext(&error), "the body of an object was interrupted");
                let Self { got, expected, .. } = *self;
                Some(Err(StoreError::Truncated { operation, got, expected }))
            }
            None => {
                self.ended = true;
                let Self { got, expected, .. } = *self;
                (got < expected).then_some(Err(StoreError::Truncated { operation, got, expected }))
            }
        }
    }
}

fn counted(body: SdkStream, expected: u64) -> ByteStream {
    let counted = Counted { body, got: 0, expected, ended: false };
    Box::pin(stream::unfold(counted, |mut counted| async move { counted.next().await.map(|item| (item, counted)) }))
}
