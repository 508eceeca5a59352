//! A copy of a trail bucket on a disk, as `aws s3 sync` makes it.
//!
//! Such a copy has lost the user metadata, in which a digest's signature stands. It is read from `NAME.metadata.json`
//! beside the file where that exists (an object of names and values), else from the next digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::digest::DigestDocument;
use super::key::{FileAt, TrailFileKind};
use super::source::{SourceError, TrailFile, TrailSource};

/// What stands beside a file.
const METADATA_SUFFIX: &str = ".metadata.json";

/// Folders below folders: a trail has ten at most, a loop of links has no end.
const MAX_DEPTH: usize = 32;

/// A directory that holds `AWSLogs/…`, or the folders before it.
#[derive(Debug, Clone)]
pub struct DirectoryTrail {
    root: PathBuf,
    bucket: String,
    keys: Vec<String>,
}

/// Why a directory is no copy of a trail.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing tells which bucket it is a copy of.
    #[error("no digest here can be read, so nothing tells which bucket this is a copy of; name it with --bucket")]
    UnknownBucket,
    /// Folders are nested too deep.
    #[error("{0}: folders are nested deeper than any trail's")]
    TooDeep(String),
}

impl DirectoryTrail {
    /// Opens a copy. Without the bucket's name, the digests tell it: a wrong one breaks their signatures.
    ///
    /// # Errors
    /// When the directory cannot be listed, or no digest tells the bucket.
    pub fn open(root: &Path, bucket: Option<&str>) -> Result<Self, DirectoryError> {
        let mut keys = Vec::new();
        walk(root, "", 0, &mut keys)?;
        keys.sort();
        let bucket = match bucket {
            Some(bucket) => bucket.to_owned(),
            None => keys.iter().find_map(|key| bucket_of(root, key)).ok_or(DirectoryError::UnknownBucket)?,
        };
        Ok(Self { root: root.to_owned(), bucket, keys })
    }

    /// All files.
    pub fn files(&self) -> Vec<FileAt> {
        self.keys.iter().map(|key| FileAt::new(self.bucket.clone(), key.clone())).collect()
    }
}

fn bucket_of(root: &Path, key: &str) -> Option<String> {
    let TrailFileKind::Digest(_) = TrailFileKind::of(&FileAt::new("", key)) else { return None };
    Some(DigestDocument::from_file(&fs::read(root.join(key)).ok()?).ok()?.at.bucket)
}

fn walk(folder: &Path, prefix: &str, depth: usize, keys: &mut Vec<String>) -> Result<(), DirectoryError> {
    let fault = |source| DirectoryError::Io { path: folder.display().to_string(), source };
    if depth > MAX_DEPTH {
        return Err(DirectoryError::TooDeep(folder.display().to_string()));
    }
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        // A name that is not UTF-8 is no key.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let key = format!("{prefix}{name}");
        if entry.file_type().map_err(fault)?.is_dir() {
            walk(&entry.path(), &format!("{key}/"), depth.saturating_add(1), keys)?;
        } else if !name.ends_with(METADATA_SUFFIX) {
            keys.push(key);
        }
    }
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SourceError(Box::new(error))),
    }
}

#[async_trait]
impl TrailSource for DirectoryTrail {
    async fn list(&self) -> Result<Vec<FileAt>, SourceError> {
        Ok(self.files())
    }

    async fn read(&self, at: &FileAt) -> Result<Option<TrailFile>, SourceError> {
        // Only what was listed: a key out of a digest is nothing to follow through the file system.
        if at.bucket != self.bucket || self.keys.binary_search(&at.key).is_err() {
            return Ok(None);
        }
        let Some(body) = read_if_there(&self.root.join(&at.key))? else { return Ok(None) };
        let beside = read_if_there(&self.root.join(format!("{}{METADATA_SUFFIX}", at.key)))?;
        let metadata = beside.map(|json| serde_json::from_slice(&json)).transpose();
        Ok(Some(TrailFile { body, metadata: metadata.map_err(|error| SourceError(Box::new(error)))? }))
    }
}
