//! Where a trail's files come from.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::key::FileAt;

/// A file and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailFile {
    /// Its bytes as stored.
    pub body: Vec<u8>,
    /// User metadata (`x-amz-meta-*`) by name without the prefix; `None` where it is not known, as in a copy on a disk.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// Could not read, which says nothing of the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot read: {0}")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A trail bucket, or a copy of one.
#[async_trait]
pub trait TrailSource: Send + Sync {
    /// All files that may belong to a trail.
    async fn list(&self) -> Result<Vec<FileAt>, SourceError>;

    /// A file; `None` when there is none.
    async fn read(&self, at: &FileAt) -> Result<Option<TrailFile>, SourceError>;
}

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryTrail(BTreeMap<FileAt, TrailFile>);

impl MemoryTrail {
    /// Puts a file, in the place of one that is there.
    pub fn put(&mut self, at: FileAt, file: TrailFile) {
        self.0.insert(at, file);
    }

    /// Takes a file away.
    pub fn remove(&mut self, at: &FileAt) -> Option<TrailFile> {
        self.0.remove(at)
    }

    /// A file, to change it.
    pub fn get_mut(&mut self, at: &FileAt) -> Option<&mut TrailFile> {
        self.0.get_mut(at)
    }
}

#[async_trait]
impl TrailSource for MemoryTrail {
    async fn list(&self) -> Result<Vec<FileAt>, SourceError> {
        Ok(self.0.keys().cloned().collect())
    }

    async fn read(&self, at: &FileAt) -> Result<Option<TrailFile>, SourceError> {
        Ok(self.0.get(at).cloned())
    }
}
