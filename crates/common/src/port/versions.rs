use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::object::{BucketName, ObjectKey};

/// Where a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListCursor {
    /// `NextKeyMarker`.
    pub key_marker: String,
    /// `NextVersionIdMarker`.
    pub version_id_marker: Option<String>,
}

/// A row of `ListObjectVersions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEntry {
    /// The key.
    pub key: ObjectKey,
    /// The version id as S3 shows it: may be `null`.
    pub version_id: String,
    /// Whether this is the key's current version.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_delete_marker: bool,
    /// Length in bytes; 0 for a delete marker.
    pub size_bytes: u64,
    /// When S3 made it.
    pub last_modified: Timestamp,
    /// Opaque; empty for a delete marker.
    pub etag: String,
}

/// A page of versions, keys in UTF-8 order, newest version of a key first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionPage {
    /// The rows.
    pub entries: Vec<VersionEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<ListCursor>,
}

/// Lists every version of every key.
#[async_trait]
pub trait VersionLister: Send + Sync {
    /// A page of at most 1,000 rows under a prefix.
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError>;
}
