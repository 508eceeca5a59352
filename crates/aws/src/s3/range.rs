//! `GetObject` of a part of a version.

use std::ops::Range;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use sluice_common::ObjectVersion;
use sluice_common::port::{ObjectFacts, RangeReader, StoreError};

use super::{S3Objects, unexpected};
use crate::error::Failure;

const OPERATION: &str = "GetObject";

#[async_trait]
impl RangeReader for S3Objects {
    async fn get_range(&self, at: &ObjectVersion, of: &ObjectFacts, range: Range<u64>) -> Result<Bytes, StoreError> {
        let expected = range.end.saturating_sub(range.start);
        if expected == 0 {
            return Ok(Bytes::new());
        }
        let mut answer = self
            .client
            .get_object()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .if_match(of.etag.as_str())
            .range(format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))
            .send()
            .await
            .map_err(|error| match Failure::from(error).store(OPERATION) {
                // 412 to a read says that the version is not in the state in which it was looked at.
                StoreError::Exists { .. } => unexpected(OPERATION, "EntityTagChanged"),
                error => error,
            })?;
        let whole = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), of.size_bytes);
        if answer.content_range() != Some(whole.as_str()) {
            return Err(unexpected(OPERATION, "OtherRange"));
        }
        let capacity = usize::try_from(expected).map_err(|_too_long| unexpected(OPERATION, "RangeTooLong"))?;
        let mut bytes = BytesMut::with_capacity(capacity);
        let cut = |got: usize| StoreError::Truncated {
            operation: OPERATION,
            got: u64::try_from(got).unwrap_or(u64::MAX),
            expected,
        };
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|_interrupted| cut(bytes.len()))?;
            if bytes.len().saturating_add(chunk.len()) > capacity {
                return Err(unexpected(OPERATION, "BodyTooLong"));
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.len() == capacity { Ok(bytes.freeze()) } else { Err(cut(bytes.len())) }
    }
}
