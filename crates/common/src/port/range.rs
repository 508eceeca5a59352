use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use super::{ObjectFacts, ObjectReader, StoreError};
use crate::object::ObjectVersion;

/// Reads parts of one version: `GetObject` with a version id, `Range` and `If-Match`.
///
/// One connection to S3 brings some 80 MB/s whatever the function's size, so large objects are read through several.
#[async_trait]
pub trait RangeReader: Send + Sync {
    /// The bytes from the range's start up to before its end, exactly as many, in memory: the caller keeps ranges small.
    ///
    /// `of` is what was told of the version before: an answer about another entity tag or another length is an error, so
    /// that ranges of two states of an object are never put together.
    async fn get_range(&self, at: &ObjectVersion, of: &ObjectFacts, range: Range<u64>) -> Result<Bytes, StoreError>;
}

/// Reads versions whole and in ranges.
pub trait ParallelReader: ObjectReader + RangeReader {}

impl<T: ObjectReader + RangeReader + ?Sized> ParallelReader for T {}
