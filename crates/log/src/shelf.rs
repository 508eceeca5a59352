//! Objects written once, in a bucket that keeps every version.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sluice_common::port::{
    ListCursor, ObjectReader, ObjectWriter, StoreError, UserMetadata, VersionEntry, VersionLister,
};
use sluice_common::{BucketName, ObjectKey, ObjectPath, VersionId};

use crate::error::LogError;
use crate::layout::{CHECKPOINTS_PREFIX, checkpoint_key, checkpoint_size};

/// The largest object of a log: an entry bundle of 256 entries of 64 KiB.
const MAX_OBJECT_BYTES: usize = 17 << 20;
/// Requests under way at once.
const PARALLEL: usize = 32;

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Written {
    /// It was written.
    New,
    /// The key was taken.
    Taken,
}

/// All that the protocol asks of a bucket. Each method is one step: between two of them anything may happen.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// What lies under a key that is written once.
    ///
    /// # Errors
    /// [`LogError::Rewritten`] when the key has a second version or a delete marker: a conditional write succeeds over a
    /// delete marker, so the history must be looked at and not the current version.
    async fn read(&self, key: &str) -> Result<Option<Bytes>, LogError>;

    /// What lies under many keys.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn read_all(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, LogError>;

    /// Writes under a key if it is free.
    async fn write(&self, key: &str, bytes: Bytes) -> Result<Written, LogError>;

    /// Writes under many keys, in any order.
    async fn write_all(&self, objects: Vec<(String, Bytes)>) -> Result<Vec<Written>, LogError>;

    /// The largest size that has a checkpoint, `known` and above.
    ///
    /// # Errors
    /// [`LogError::Rewritten`] as for [`Self::read`], where a listing shows it.
    async fn largest_checkpoint(&self, known: u64) -> Result<Option<u64>, LogError>;
}

/// A shelf in a bucket.
#[derive(Clone)]
pub struct BucketShelf {
    bucket: BucketName,
    reader: Arc<dyn ObjectReader>,
    writer: Arc<dyn ObjectWriter>,
    versions: Arc<dyn VersionLister>,
}

impl fmt::Debug for BucketShelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketShelf").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl BucketShelf {
    /// A shelf in this bucket.
    pub fn new(
        bucket: BucketName,
        reader: Arc<dyn ObjectReader>,
        writer: Arc<dyn ObjectWriter>,
        versions: Arc<dyn VersionLister>,
    ) -> Self {
        Self { bucket, reader, writer, versions }
    }

    fn path(&self, key: &str) -> Result<ObjectPath, LogError> {
        let key = ObjectKey::new(key).map_err(|error| StoreError::Other {
            operation: "PutObject",
            code: error.to_string(),
            source: None,
        })?;
        Ok(ObjectPath { bucket: self.bucket.clone(), key })
    }

    /// The versions and delete markers of one key. It sorts before every longer key that begins with it, so they lead the
    /// listing; two tell as much as a thousand.
    async fn history(&self, key: &str) -> Result<Vec<VersionEntry>, LogError> {
        let mut history = Vec::new();
        let mut next = None;
        loop {
            let page = self.versions.list_versions(&self.bucket, key, next.as_ref()).await?;
            let is_past = page.entries.last().is_some_and(|last| last.key.as_str() != key);
            history.extend(page.entries.into_iter().filter(|entry| entry.key.as_str() == key));
            match page.next {
                Some(more) if !is_past && history.len() < 2 => next = Some(more),
                _ => return Ok(history),
            }
        }
    }

    /// The checkpoints after a size, at most a page of them; whether there are more.
    async fn checkpoints_after(&self, size: Option<u64>) -> Result<(Vec<VersionEntry>, bool), LogError> {
        let from = size.map(|size| ListCursor { key_marker: checkpoint_key(size), version_id_marker: None });
        let page = self.versions.list_versions(&self.bucket, CHECKPOINTS_PREFIX, from.as_ref()).await?;
        for pair in page.entries.windows(2) {
            if let [first, second] = pair
                && first.key == second.key
            {
                return Err(rewritten(first.key.as_str(), pair));
            }
        }
        if let Some(marker) = page.entries.iter().find(|entry| entry.is_delete_marker) {
            return Err(rewritten(marker.key.as_str(), std::slice::from_ref(marker)));
        }
        Ok((page.entries, page.next.is_some()))
    }
}

fn rewritten(key: &str, history: &[VersionEntry]) -> LogError {
    let delete_markers = history.iter().filter(|entry| entry.is_delete_marker).count();
    LogError::Rewritten { key: key.to_owned(), versions: history.len() - delete_markers, delete_markers }
}

fn size_of(entry: &VersionEntry) -> Result<u64, LogError> {
    checkpoint_size(entry.key.as_str())
        .ok_or_else(|| LogError::Forged { key: CHECKPOINTS_PREFIX.to_owned(), what: "a key below it is no size" })
}

#[async_trait]
impl Shelf for BucketShelf {
    async fn read(&self, key: &str) -> Result<Option<Bytes>, LogError> {
        let history = self.history(key).await?;
        let version_id = match history.as_slice() {
            [] => return Ok(None),
            [one] if !one.is_delete_marker => VersionId::new(one.version_id.as_str()),
            more => return Err(rewritten(key, more)),
        };
        let Ok(version_id) = version_id else { return Err(LogError::Unversioned) };
        let mut body = self.reader.get(&self.path(key)?.version(version_id)).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = body.stream.try_next().await? {
            if bytes.len() + chunk.len() > MAX_OBJECT_BYTES {
                return Err(LogError::Forged { key: key.to_owned(), what: "it is larger than any part of a log" });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes.into()))
    }

    async fn read_all(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, LogError> {
        let reads = keys.into_iter().map(|key| async move { self.read(&key).await });
        stream::iter(reads).buffered(PARALLEL).try_collect().await
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<Written, LogError> {
        match self.writer.put_new(&self.path(key)?, bytes, &UserMetadata::new()).await {
            Ok(_version) => Ok(Written::New),
            Err(StoreError::Exists { .. }) => Ok(Written::Taken),
            Err(error) => Err(error.into()),
        }
    }

    async fn write_all(&self, objects: Vec<(String, Bytes)>) -> Result<Vec<Written>, LogError> {
        let writes = objects.into_iter().map(|(key, bytes)| async move { self.write(&key, bytes).await });
        stream::iter(writes).buffered(PARALLEL).try_collect().await
    }

    /// A listing goes upwards only. Beyond a page the last checkpoint is searched for by ever larger leaps, then by halves:
    /// some forty listings for a log of any size.
    async fn largest_checkpoint(&self, known: u64) -> Result<Option<u64>, LogError> {
        let (mut page, mut more) = self.checkpoints_after(known.checked_sub(1)).await?;
        let Some(last) = page.last() else { return Ok(None) };
        let mut low = size_of(last)?;
        let mut high: Option<u64> = None;
        let mut leap = 1_024_u64;
        while more {
            let probe = match high {
                None => low.saturating_add(leap),
                Some(high) if high - low > 1 => low + (high - low) / 2,
                Some(_) => break,
            };
            (page, more) = self.checkpoints_after(Some(probe)).await?;
            match page.last() {
                Some(last) => {
                    low = size_of(last)?;
                    leap = leap.saturating_mul(4);
                }
                None if probe == u64::MAX => break,
                // Something lies between `low` and the probe, or nothing more does.
                None => (high, more) = (Some(probe), true),
            }
        }
        Ok(Some(low))
    }
}
