use std::ops::Bound;

use async_trait::async_trait;
use sluice_common::port::{ListCursor, StoreError, VersionEntry, VersionLister, VersionPage};
use sluice_common::{BucketName, ObjectKey};

use super::state::{History, State, Version};
use super::{MemoryS3, Refusal};

fn entry(key: &str, version: &Version, is_latest: bool) -> Option<VersionEntry> {
    let size = version.object.as_ref().map_or(0, |object| object.body.len());
    Some(VersionEntry {
        key: ObjectKey::new(key).ok()?,
        version_id: version.id.clone(),
        is_latest,
        is_delete_marker: version.object.is_none(),
        size_bytes: u64::try_from(size).unwrap_or(u64::MAX),
        last_modified: version.last_modified,
        etag: version.object.as_ref().map(|object| object.etag.clone()).unwrap_or_default(),
    })
}

/// Whether a row lies behind the cursor, in S3's order: keys ascending, versions of a key newest first.
fn is_after(state: &State, key: &str, history: &History, version: &Version, from: &ListCursor) -> bool {
    if key != from.key_marker {
        return key > from.key_marker.as_str();
    }
    // A marker of a version that is gone meanwhile still has its place in the order.
    let place = |id: &str| state.sequence_of(id).or_else(|| history.sequence_of(id));
    let marker = from.version_id_marker.as_deref();
    marker.is_some_and(|id| place(id).is_none_or(|sequence| version.sequence < sequence))
}

fn page(state: &State, bucket: &BucketName, prefix: &str, from: Option<&ListCursor>) -> Result<VersionPage, Refusal> {
    let mut entries = Vec::new();
    let first = from.map_or(prefix, |from| from.key_marker.as_str().max(prefix));
    let keys = state.bucket(bucket)?.keys.range::<str, _>((Bound::Included(first), Bound::Unbounded));
    // One row more than a page has tells that there are more.
    for (key, history) in keys.take_while(|(key, _)| key.starts_with(prefix)) {
        for (age, version) in history.versions.iter().rev().enumerate() {
            if from.is_none_or(|from| is_after(state, key, history, version, from)) {
                entries.extend(entry(key, version, age == 0));
            }
        }
        if entries.len() > state.page_size {
            break;
        }
    }
    let truncated = entries.len() > state.page_size;
    entries.truncate(state.page_size);
    let last = entries.last().filter(|_| truncated);
    let next = last.map(|last| ListCursor {
        key_marker: last.key.as_str().to_owned(),
        version_id_marker: Some(last.version_id.clone()),
    });
    Ok(VersionPage { entries, next })
}

#[async_trait]
impl VersionLister for MemoryS3 {
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        page(&self.state(), bucket, prefix, from).map_err(|refusal| refusal.of("ListObjectVersions"))
    }
}
