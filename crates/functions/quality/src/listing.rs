//! The raw bucket's files, for `File*` rules, as they were when the judged version arrived.
//!
//! The bucket keeps every version, so its past can be listed: of each key, the newest version that is not newer than the
//! judged one, unless it is a delete marker. Without a path a rule speaks of the dataset's own objects. Digests are those
//! of the seals where there are some; what is not sealed yet is read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt as _;
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sluice_common::policy::{Dataset, Policy};
use sluice_common::port::{ObjectReader, StoreError, VersionEntry};
use sluice_common::{ObjectVersion, VersionId};
use sluice_evidence::predicate::Seal;
use sluice_evidence::{Archive, StatementKey};
use sluice_quality::{FileEntry, FileSource, HashAlgorithm};
use tokio::runtime::Handle;

use crate::QualityFunction;
use crate::error::JudgeError;
use crate::inputs::Subject;

/// Pages of a listing: a thousand versions each.
const MAX_PAGES: usize = 50;
/// Files of a path.
const MAX_FILES: usize = 10_000;
/// Bytes that are read to be hashed, of one file.
const MAX_HASHED_BYTES: u64 = 1 << 30;

/// The files of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Listing {
    /// As the rule names it; absent for the dataset's own objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    files: Vec<ListedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListedFile {
    uri: String,
    size_bytes: u64,
    modified_epoch_micros: i64,
}

impl Listing {
    fn without(path: Option<&str>, problem: &str) -> Self {
        Self { path: path.map(str::to_owned), problem: Some(problem.to_owned()), files: Vec::new() }
    }
}

impl QualityFunction {
    /// The files at or below a path of the raw bucket, or those of the dataset.
    pub(crate) async fn list_files(&self, judged: &Subject<'_>, path: Option<&str>) -> Result<Listing, JudgeError> {
        let bucket = self.frame.raw_bucket().as_str();
        let prefixes = match path {
            None => prefixes_of(judged.dataset),
            Some(named) => {
                let scheme = named.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("s3://"));
                let below = scheme.and_then(|_| named.get(5..)).and_then(|rest| rest.strip_prefix(bucket));
                match below {
                    Some("") => vec![String::new()],
                    Some(below) if below.starts_with('/') => vec![below.trim_start_matches('/').to_owned()],
                    _ => {
                        return Ok(Listing::without(
                            path,
                            "only the raw bucket is listed: begin the path with s3:// and its name",
                        ));
                    }
                }
            }
        };
        let mut files = Vec::new();
        let mut pages = 0;
        for prefix in &prefixes {
            let mut next = None;
            let mut newest = NewestAt { limit_micros: judged.arrived_micros, judged: judged.object, last_key: None };
            loop {
                let page =
                    self.frame.ports().versions.list_versions(self.frame.raw_bucket(), prefix, next.as_ref()).await?;
                for entry in &page.entries {
                    let fits = path.map_or_else(
                        || is_of(judged.policy, judged.dataset, entry),
                        |_| is_at_or_below(entry.key.as_str(), prefix),
                    );
                    if fits && let Some(file) = newest.take(entry) {
                        files.push(file);
                    }
                }
                pages += 1;
                if files.len() > MAX_FILES || (pages == MAX_PAGES && page.next.is_some()) {
                    return Ok(Listing::without(path, "there are too many files; name a narrower path"));
                }
                match page.next {
                    Some(more) => next = Some(more),
                    None => break,
                }
            }
        }
        Ok(Listing { path: path.map(str::to_owned), problem: None, files })
    }
}

/// What every key of the dataset begins with, one a pattern; of two where one begins with the other, the shorter.
fn prefixes_of(dataset: &Dataset) -> Vec<String> {
    let literal = |glob: &str| glob.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default().to_owned();
    let mut prefixes: Vec<String> = dataset.patterns.iter().map(|pattern| literal(pattern.as_str())).collect();
    prefixes.sort_unstable();
    prefixes.dedup_by(|longer, shorter| longer.starts_with(shorter.as_str()));
    prefixes
}

fn is_of(policy: &Policy, dataset: &Dataset, entry: &VersionEntry) -> bool {
    !entry.key.is_quarantined_rows() && policy.dataset_for(&entry.key).is_some_and(|of| of.name == dataset.name)
}

fn is_at_or_below(key: &str, prefix: &str) -> bool {
    let rest = key.strip_prefix(prefix);
    rest.is_some_and(|rest| prefix.is_empty() || prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

/// Of the versions of a key, which come with the newest first, the one that was current when the judged one arrived.
struct NewestAt<'a> {
    limit_micros: i64,
    judged: &'a ObjectVersion,
    last_key: Option<String>,
}

impl NewestAt<'_> {
    fn take(&mut self, entry: &VersionEntry) -> Option<ListedFile> {
        let key = entry.key.as_str();
        if self.last_key.as_deref() == Some(key) {
            return None;
        }
        let modified_epoch_micros = entry.last_modified.as_microsecond();
        let is_judged = entry.version_id == self.judged.version_id.as_str() && entry.key == self.judged.key;
        // S3 tells whole seconds: of another version of the same second nobody knows whether it came before.
        if modified_epoch_micros >= self.limit_micros && !is_judged {
            return None;
        }
        self.last_key = Some(key.to_owned());
        let version_id = VersionId::new(entry.version_id.as_str()).ok().filter(|_| !entry.is_delete_marker)?;
        let at = ObjectVersion { bucket: self.judged.bucket.clone(), key: entry.key.clone(), version_id };
        Some(ListedFile { uri: at.uri(), size_bytes: entry.size_bytes, modified_epoch_micros })
    }
}

/// Listings as the engine asks for them. It asks on a thread of its own, which may wait.
pub(crate) struct PinnedFiles {
    listings: BTreeMap<Option<String>, Result<Vec<FileEntry>, String>>,
    versions: BTreeMap<String, ObjectVersion>,
    reader: Arc<dyn ObjectReader>,
    archive: Archive,
    runtime: Handle,
    trouble: Mutex<Option<JudgeError>>,
}

impl std::fmt::Debug for PinnedFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinnedFiles").field("listings", &self.listings.len()).finish_non_exhaustive()
    }
}

impl PinnedFiles {
    /// Listings, with what is needed to hash their files.
    pub(crate) fn new(
        listings: &[Listing],
        reader: Arc<dyn ObjectReader>,
        archive: Archive,
    ) -> Result<Self, JudgeError> {
        let (mut by_path, mut versions) = (BTreeMap::new(), BTreeMap::new());
        for listing in listings {
            let mut files = Vec::with_capacity(listing.files.len());
            for file in &listing.files {
                let at = ObjectVersion::from_uri(&file.uri).map_err(|_no_version| JudgeError::InputsDamaged)?;
                let path = format!("s3://{}/{}", at.bucket, at.key);
                files.push(FileEntry {
                    path: path.clone(),
                    size_bytes: file.size_bytes,
                    modified_epoch_micros: file.modified_epoch_micros,
                });
                versions.insert(path, at);
            }
            by_path.insert(listing.path.clone(), listing.problem.clone().map_or(Ok(files), Err));
        }
        Ok(Self { listings: by_path, versions, reader, archive, runtime: Handle::current(), trouble: Mutex::default() })
    }

    /// What kept a file from being read, if it was not the file: then nothing is known, and the verdict must wait.
    pub(crate) fn trouble(&self) -> Option<JudgeError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn unreadable(&self, error: JudgeError) -> String {
        let text = error.to_string();
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        text
    }

    async fn digest(&self, at: &ObjectVersion, algorithm: HashAlgorithm) -> Result<String, String> {
        if algorithm == HashAlgorithm::Sha256 {
            let sealed = self.archive.find::<Seal>(&StatementKey::seal_of(at)).await;
            if let Some(sha256) = sealed.map_err(|error| self.unreadable(error.into()))?.and_then(|seal| seal.sha256())
            {
                return Ok(sha256.to_hex());
            }
        }
        let body = self.reader.get(at).await.map_err(|error| self.unreadable(error.into()))?;
        if body.facts.size_bytes > MAX_HASHED_BYTES {
            return Err("it is larger than 1 GiB and not sealed under this algorithm; use SHA-256".to_owned());
        }
        let digest = match algorithm {
            HashAlgorithm::Md5 => hash::<Md5>(body.stream).await,
            HashAlgorithm::Sha1 => hash::<Sha1>(body.stream).await,
            HashAlgorithm::Sha256 => hash::<Sha256>(body.stream).await,
        };
        digest.map_err(|error| self.unreadable(error.into()))
    }
}

async fn hash<D: Digest>(mut stream: sluice_common::port::ByteStream) -> Result<String, StoreError> {
    let mut hasher = D::new();
    while let Some(chunk) = stream.try_next().await? {
        let chunk: Bytes = chunk;
        hasher.update(&chunk);
    }
    Ok(hex::encode(hasher.finalize()))
}

impl FileSource for PinnedFiles {
    fn list(&self, path: Option<&str>) -> Result<Vec<FileEntry>, String> {
        let listed = self.listings.get(&path.map(str::to_owned)).cloned();
        listed.unwrap_or_else(|| Err("its files were not listed".to_owned()))
    }

    fn hash(&self, file: &FileEntry, algorithm: HashAlgorithm) -> Result<String, String> {
        let at = self.versions.get(&file.path).ok_or("it was not listed")?;
        self.runtime.block_on(self.digest(at, algorithm))
    }
}
