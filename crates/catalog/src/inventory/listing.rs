//! The current objects under a prefix.

use sluice_common::BucketName;
use sluice_common::port::{StoreError, VersionEntry};

use super::Shelves;

/// Shows each object that is current and not deleted, until there are no more or `look` has seen enough.
pub(super) async fn live(
    shelves: &Shelves<'_>,
    bucket: &BucketName,
    prefix: &str,
    mut look: impl FnMut(&VersionEntry) -> bool,
) -> Result<(), StoreError> {
    let mut next = None;
    loop {
        let page = shelves.versions.list_versions(bucket, prefix, next.as_ref()).await?;
        for entry in page.entries.iter().filter(|entry| entry.is_latest && !entry.is_delete_marker) {
            if !look(entry) {
                return Ok(());
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(());
        }
    }
}
