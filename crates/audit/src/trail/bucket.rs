//! The trail bucket as a source of files: the days that matter, the current version of each key.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::TryStreamExt as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sluice_common::port::{ObjectReader, StoreError, VersionLister};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion, VersionId};

use super::key::{FileAt, LogScope};
use super::source::{SourceError, TrailFile, TrailSource};

/// More than any file that CloudTrail delivers.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// Files of some days.
#[expect(missing_debug_implementations, reason = "ports have nothing to show")]
pub struct TrailBucket<'a> {
    reader: &'a dyn ObjectReader,
    versions: &'a dyn VersionLister,
    bucket: &'a BucketName,
    prefixes: Vec<String>,
    current: Mutex<BTreeMap<FileAt, ObjectVersion>>,
}

impl<'a> TrailBucket<'a> {
    /// The files under some prefixes of a bucket.
    pub fn new(
        reader: &'a dyn ObjectReader,
        versions: &'a dyn VersionLister,
        bucket: &'a BucketName,
        prefixes: Vec<String>,
    ) -> Self {
        Self { reader, versions, bucket, prefixes, current: Mutex::default() }
    }

    /// The version that was listed as current, for a finding to name.
    pub fn version(&self, at: &FileAt) -> Option<ObjectVersion> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }
}

/// The folders of the digests and logs of some days, for a trail that delivers under a prefix.
pub fn day_prefixes(key_prefix: &str, scope: &LogScope, from: Timestamp, to: Timestamp) -> Vec<String> {
    let LogScope { organization, account, region } = scope;
    let organization = organization.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
    let mut days = Vec::new();
    let last = to.checked_add(SignedDuration::from_hours(1)).unwrap_or(to);
    let mut day = from.to_zoned(TimeZone::UTC).date();
    while day <= last.to_zoned(TimeZone::UTC).date() {
        days.push(day.strftime("%Y/%m/%d").to_string());
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    let folders = ["CloudTrail-Digest", "CloudTrail"];
    let of_day = |day: &String| {
        folders.map(|folder| format!("{key_prefix}AWSLogs/{organization}{account}/{folder}/{region}/{day}/"))
    };
    days.iter().flat_map(of_day).collect()
}

/// Reads a file and its metadata.
///
/// # Errors
/// When it cannot be read, or is larger than any file that CloudTrail delivers.
pub async fn read_file(reader: &dyn ObjectReader, at: &ObjectVersion) -> Result<TrailFile, StoreError> {
    let too_large = || StoreError::TooLarge { operation: "GetObject", limit_bytes: MAX_FILE_BYTES };
    let mut opened = reader.get(at).await?;
    if opened.facts.size_bytes > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = opened.stream.try_next().await? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large());
        }
    }
    Ok(TrailFile { body, metadata: Some(opened.facts.metadata) })
}

fn unknown(error: impl std::error::Error + Send + Sync + 'static) -> SourceError {
    SourceError(Box::new(error))
}

#[async_trait]
impl TrailSource for TrailBucket<'_> {
    async fn list(&self) -> Result<Vec<FileAt>, SourceError> {
        let mut found = BTreeMap::new();
        for prefix in &self.prefixes {
            let mut from = None;
            loop {
                let page = self.versions.list_versions(self.bucket, prefix, from.as_ref()).await.map_err(unknown)?;
                for entry in page.entries {
                    // A key whose newest version is a delete marker is gone for whoever validates it.
                    if !entry.is_latest || entry.is_delete_marker {
                        continue;
                    }
                    let at = FileAt::new(self.bucket.as_str(), entry.key.as_str());
                    let version_id = VersionId::new(entry.version_id).map_err(unknown)?;
                    let path = ObjectPath { bucket: self.bucket.clone(), key: entry.key };
                    found.insert(at, path.version(version_id));
                }
                let Some(next) = page.next else { break };
                from = Some(next);
            }
        }
        let files = found.keys().cloned().collect();
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(files)
    }

    async fn read(&self, at: &FileAt) -> Result<Option<TrailFile>, SourceError> {
        let version = if let Some(version) = self.version(at) {
            version
        } else {
            let bucket = BucketName::new(at.bucket.as_str()).map_err(unknown)?;
            let key = ObjectKey::new(at.key.as_str()).map_err(unknown)?;
            match self.reader.current(&ObjectPath { bucket, key }).await {
                Ok(version) => version,
                Err(StoreError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(unknown(error)),
            }
        };
        match read_file(self.reader, &version).await {
            Ok(file) => Ok(Some(file)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(unknown(error)),
        }
    }
}
