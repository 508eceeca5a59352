//! Objects of an inventory: small ones into memory, data files onto the disk, where Parquet can be read from its end.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use futures::TryStreamExt as _;
use md5::{Digest as _, Md5};
use sluice_common::port::{ObjectReader, StoreError};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion};

use crate::error::InventoryError;
use crate::manifest::DataFile;

/// A manifest names some hundred bytes a file, and an inventory of a billion objects has some thousand files.
const MAX_SMALL_BYTES: usize = 16 << 20;

/// Reads a manifest or a checksum.
pub(crate) async fn small(objects: &dyn ObjectReader, at: &ObjectVersion) -> Result<Vec<u8>, InventoryError> {
    let mut body = objects.get(at).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.stream.try_next().await? {
        if bytes.len().saturating_add(chunk.len()) > MAX_SMALL_BYTES {
            let limit_bytes = u64::try_from(MAX_SMALL_BYTES).unwrap_or(u64::MAX);
            return Err(StoreError::TooLarge { operation: "GetObject", limit_bytes }.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Fetches a data file into a file without a name and compares its MD5.
pub(crate) async fn data(
    objects: &dyn ObjectReader,
    bucket: &BucketName,
    file: &DataFile,
    directory: &Path,
) -> Result<File, InventoryError> {
    let key =
        ObjectKey::new(file.key.as_str()).map_err(|_no_key| InventoryError::Row("a file has an impossible key"))?;
    let at = objects.current(&ObjectPath { bucket: bucket.clone(), key }).await?;
    let mut body = objects.get(&at).await?;
    let mut copy = tempfile::tempfile_in(directory)?;
    let mut hasher = Md5::new();
    while let Some(chunk) = body.stream.try_next().await? {
        hasher.update(&chunk);
        copy.write_all(&chunk)?;
    }
    if !hex::encode(hasher.finalize()).eq_ignore_ascii_case(&file.md5) {
        return Err(InventoryError::Altered("a data file"));
    }
    copy.rewind()?;
    Ok(copy)
}
