//! S3 Inventory as a listing of versions: what a bucket held when AWS looked at it, for a price that does not grow with
//! requests.
//!
//! An inventory is a manifest and data files, CSV or Parquet. The manifest is compared with its checksum and each file with the
//! manifest's. Rows come in any order, so they are sorted on disk into that of `ListObjectVersions`: whoever walks over a
//! listing walks over an inventory alike, page by page, in memory that does not grow.
//!
//! | module | idea |
//! |---|---|
//! | [`manifest`] | `manifest.json` and its checksum |
//! | [`row`] | a row of a data file |
//! | [`sorted`] | rows in order, on disk |
//!
//! Source: "Amazon S3 Inventory", "Locating your inventory list", Amazon S3 User Guide.

pub mod error;
mod fetch;
pub mod manifest;
pub mod row;
pub mod sorted;

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use sluice_common::port::{ListCursor, ObjectReader, StoreError, VersionLister, VersionPage};
use sluice_common::{BucketName, ObjectPath, ObjectVersion, Sha256Digest};

pub use error::InventoryError;
use manifest::Manifest;
use sorted::{Sorted, Sorter};

/// An inventory of one bucket, ready to be listed.
#[derive(Debug)]
pub struct Inventory {
    bucket: BucketName,
    manifest: ObjectVersion,
    manifest_sha256: Sha256Digest,
    as_of: Timestamp,
    rows: Sorted,
}

impl Inventory {
    /// Fetches the inventory that a manifest describes and sorts it in a directory for temporary files.
    ///
    /// # Errors
    /// When anything cannot be read, is not what its checksum says, or is of another bucket.
    pub async fn open(
        objects: &dyn ObjectReader,
        manifest: &ObjectPath,
        bucket: &BucketName,
        directory: &Path,
    ) -> Result<Self, InventoryError> {
        let at = objects.current(manifest).await?;
        Self::open_version(objects, at, bucket, directory).await
    }

    /// The same of one version of a manifest: a sweep that goes on does so over the same inventory.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_version(
        objects: &dyn ObjectReader,
        at: ObjectVersion,
        bucket: &BucketName,
        directory: &Path,
    ) -> Result<Self, InventoryError> {
        let bytes = fetch::small(objects, &at).await?;
        let manifest = Manifest::read(&bytes)?;
        manifest::check(objects, &at, &bytes).await?;
        if manifest.source_bucket != bucket.as_str() {
            return Err(InventoryError::OtherBucket);
        }
        let mut sorter = Sorter::new(directory)?;
        for file in &manifest.files {
            let data = fetch::data(objects, &at.bucket, file, directory).await?;
            row::read_all(data, &manifest, |row| sorter.push(row))?;
        }
        Ok(Self {
            bucket: bucket.clone(),
            manifest_sha256: Sha256Digest::of(&bytes),
            manifest: at,
            as_of: manifest.created,
            rows: sorter.finish()?,
        })
    }

    /// When AWS began to look at the bucket: nothing is known of what came later.
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The manifest, by its version.
    pub const fn manifest(&self) -> &ObjectVersion {
        &self.manifest
    }

    /// SHA-256 of the manifest, which names the data files by their MD5.
    pub const fn manifest_sha256(&self) -> Sha256Digest {
        self.manifest_sha256
    }
}

#[async_trait]
impl VersionLister for Inventory {
    async fn list_versions(
        &self,
        bucket: &BucketName,
        prefix: &str,
        from: Option<&ListCursor>,
    ) -> Result<VersionPage, StoreError> {
        let operation = "S3Inventory";
        if *bucket != self.bucket {
            return Err(StoreError::NotFound { operation });
        }
        self.rows.page(prefix, from).map_err(|error| StoreError::Other {
            operation,
            code: "InventoryUnreadable".to_owned(),
            source: Some(Box::new(error)),
        })
    }
}
