//! `manifest.json`: which bucket, when, which columns, which files.

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::Deserialize;
use sluice_common::port::ObjectReader;
use sluice_common::{ObjectKey, ObjectPath, ObjectVersion};

use crate::error::InventoryError;
use crate::fetch;

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bucket that was looked at.
    pub source_bucket: String,
    /// When AWS began to look at it.
    pub created: Timestamp,
    /// How the files are written.
    pub format: FileFormat,
    /// The columns of a CSV file in order; of Parquet, which names its own, nothing.
    pub columns: Vec<String>,
    /// The data files.
    pub files: Vec<DataFile>,
}

/// How data files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FileFormat {
    /// CSV in gzip, without a header, keys URL-encoded.
    #[serde(rename = "CSV")]
    Csv,
    /// Parquet.
    Parquet,
}

/// A data file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DataFile {
    /// Its key in the manifest's bucket.
    pub key: String,
    /// Its MD5 in hexadecimal.
    #[serde(rename = "MD5checksum")]
    pub md5: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    source_bucket: String,
    creation_timestamp: String,
    file_format: FileFormat,
    file_schema: String,
    files: Vec<DataFile>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none; the message names line and column.
    pub fn read(json: &[u8]) -> Result<Self, InventoryError> {
        let document: Document =
            serde_json::from_slice(json).map_err(|error| InventoryError::Manifest(error.to_string()))?;
        let created = document.creation_timestamp.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let created = created.ok_or_else(|| InventoryError::Manifest("creationTimestamp is no time".to_owned()))?;
        let columns = match document.file_format {
            FileFormat::Csv => document.file_schema.split(',').map(|name| name.trim().to_owned()).collect(),
            FileFormat::Parquet => Vec::new(),
        };
        Ok(Self {
            source_bucket: document.source_bucket,
            created,
            format: document.file_format,
            columns,
            files: document.files,
        })
    }
}

/// Compares a manifest with `manifest.checksum` beside it, the MD5 of its bytes in hexadecimal.
///
/// # Errors
/// When the checksum cannot be read or is another one.
pub async fn check(objects: &dyn ObjectReader, at: &ObjectVersion, manifest: &[u8]) -> Result<(), InventoryError> {
    let not_one = || InventoryError::Manifest("expected a key that ends in manifest.json".to_owned());
    let folder = at.key.as_str().strip_suffix("manifest.json").ok_or_else(not_one)?;
    let key = ObjectKey::new(format!("{folder}manifest.checksum")).map_err(|_too_long| not_one())?;
    let checksum = objects.current(&ObjectPath { bucket: at.bucket.clone(), key }).await?;
    let checksum = fetch::small(objects, &checksum).await?;
    let is_same = std::str::from_utf8(&checksum)
        .is_ok_and(|text| text.trim().eq_ignore_ascii_case(&hex::encode(Md5::digest(manifest))));
    if is_same { Ok(()) } else { Err(InventoryError::Altered("manifest.json")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_s_manifest_is_read() {
        let manifest = Manifest::read(
            br#"{"sourceBucket": "raw", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30",
                "creationTimestamp": "1514944800000", "fileFormat": "CSV", "fileSchema": "Bucket, Key, VersionId, IsLatest",
                "files": [{"key": "i/raw/x.csv.gz", "size": 2147483647, "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc"}]}"#,
        )
        .unwrap();
        assert_eq!((manifest.source_bucket.as_str(), manifest.format), ("raw", FileFormat::Csv));
        assert_eq!(manifest.created.to_string(), "2018-01-03T02:00:00Z");
        assert_eq!(manifest.columns, ["Bucket", "Key", "VersionId", "IsLatest"]);
        assert_eq!(manifest.files[0].md5, "f11166069f1990abeb9c97ace9cdfabc");
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "[]", "{}", r#"{"sourceBucket": "raw", "creationTimestamp": "x", "fileFormat": "ORC"}"#] {
            assert!(matches!(Manifest::read(text.as_bytes()), Err(InventoryError::Manifest(_))), "{text}");
        }
    }
}
