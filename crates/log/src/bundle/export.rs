//! Taking a bundle out of the evidence bucket.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use sluice_common::port::{Clock, ObjectLock, ObjectReader, RetentionMode, StoreError, VersionEntry, VersionLister};
use sluice_common::{BucketName, Sha256Digest, VersionId};
use sluice_evidence::TrustedKeys;
use sluice_evidence::layout::STATEMENTS_PREFIX;

use super::{EXPORTED, ExportedAt, KeptVersion, LOG_KEYS, STATEMENT_KEY_SET, STATEMENT_KEYS, VERSIONS, succession};
use crate::error::LogError;
use crate::files::Folder;
use crate::keys::LogKeys;
use crate::layout::LOG_PREFIX;
use crate::leaf::Leaf;
use crate::proof::{head, prove};
use crate::shelf::Shelf;

/// Objects fetched at once.
const PARALLEL: usize = 16;

/// Why a bundle could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The bucket could not be read.
    #[error("evidence bucket: {0}")]
    Store(#[from] StoreError),
    /// The log is not to be believed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The folder could not be written.
    #[error("{path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

/// The ports that an export reads through.
#[derive(Clone, Copy)]
pub struct ExportPorts<'a> {
    /// Reads objects.
    pub reader: &'a dyn ObjectReader,
    /// Lists versions.
    pub versions: &'a dyn VersionLister,
    /// Tells locks.
    pub locks: &'a dyn ObjectLock,
    /// The log, for proofs.
    pub shelf: &'a dyn Shelf,
    /// Tells when the bundle was made.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for ExportPorts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExportPorts")
    }
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported {
    /// Statements.
    pub statements: u64,
    /// Proofs; a statement that is not in the log yet has none.
    pub proofs: u64,
    /// Files in all.
    pub files: u64,
}

/// Copies the evidence of a bucket into an empty folder. What lies under a key that was written twice is its oldest
/// version, and the bundle says so.
///
/// The log may grow meanwhile. What is read first rests on nothing that is read later: the checkpoint that proofs lead to, then
/// the log (checkpoints before the tiles that they sign, since keys are listed in order), then statements, which exist before
/// their leaves.
///
/// # Errors
/// When the bucket cannot be read or the folder not be written.
pub async fn export(
    bucket: &BucketName,
    ports: ExportPorts<'_>,
    keys_pem: &str,
    keys: &TrustedKeys,
    log_keys: &LogKeys,
    folder: &Path,
) -> Result<Exported, ExportError> {
    let mut out = Writer { folder, sums: BTreeMap::new() };
    let mut kept: Vec<KeptVersion> = Vec::new();
    let head = head(ports.shelf, log_keys).await?;
    for prefix in [LOG_PREFIX, STATEMENTS_PREFIX] {
        let histories = histories(bucket, ports.versions, prefix).await?;
        let fetches = histories.into_iter().map(|history| fetch(bucket, ports, history));
        let mut fetched = stream::iter(fetches).buffered(PARALLEL);
        while let Some((version, bytes)) = fetched.try_next().await? {
            out.write(&version.key, &bytes)?;
            kept.push(version);
        }
    }
    let statements: Vec<String> = out.sums.keys().filter(|key| key.starts_with(STATEMENTS_PREFIX)).cloned().collect();
    std::fs::create_dir_all(folder).map_err(|source| failed("", source))?;
    let keys = &succession::follow(keys, &Folder::open(folder).map_err(|source| failed("", source))?)
        .map_err(|source| failed("", source))?
        .keys;
    let mut exported = Exported { statements: statements.len() as u64, ..Exported::default() };
    if let Some(head) = head {
        out.write("log/checkpoint", head.note.clone().unwrap_or_default().as_bytes())?;
        for key in statements {
            let envelope = std::fs::read(folder.join(&key)).map_err(|source| failed(&key, source))?;
            let leaf = keys.verify_any(&envelope).ok().and_then(|genuine| Leaf::of(&genuine).to_bytes());
            let Some(leaf) = leaf else { continue };
            if let Some(proof) = prove(ports.shelf, log_keys, &head, &leaf).await? {
                out.write(&format!("proofs/{key}.tlog-proof"), proof.to_text().as_bytes())?;
                exported.proofs += 1;
            }
        }
    }
    out.write(STATEMENT_KEYS, keys_pem.as_bytes())?;
    if let Some(set) = keys.to_key_set() {
        out.write(STATEMENT_KEY_SET, format!("{set}\n").as_bytes())?;
    }
    let vkeys: Vec<String> = log_keys.keys().iter().map(ToString::to_string).collect();
    out.write(LOG_KEYS, (vkeys.join("\n") + "\n").as_bytes())?;
    let pems: String = log_keys.keys().iter().filter_map(sluice_tlog::VerifierKey::to_spki_pem).collect();
    out.write("keys/log.pem", pems.as_bytes())?;
    // An exporter's clock that is behind S3's says nothing of objects that were read.
    let newest = kept.iter().filter_map(|version| version.last_modified).max();
    let exported_at = newest.map_or(ports.clock.now(), |newest| newest.max(ports.clock.now()));
    let exported_at = serde_json::to_string(&ExportedAt { exported_at }).unwrap_or_default();
    out.write(EXPORTED, format!("{exported_at}\n").as_bytes())?;
    let lines: Vec<String> = kept.iter().filter_map(|version| serde_json::to_string(version).ok()).collect();
    out.write(VERSIONS, (lines.join("\n") + "\n").as_bytes())?;
    exported.files = out.sums.len() as u64;
    let sums: Vec<String> = out.sums.iter().map(|(key, digest)| format!("{digest}  {key}")).collect();
    out.write("SHA256SUMS", (sums.join("\n") + "\n").as_bytes())?;
    Ok(exported)
}

/// The log of a bucket, in memory; whatever was written over its keys is left aside.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn fetch_log(bucket: &BucketName, ports: ExportPorts<'_>) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let histories = histories(bucket, ports.versions, LOG_PREFIX).await?;
    let fetches = histories.into_iter().map(|history| fetch(bucket, ports, history));
    let fetched = stream::iter(fetches).buffered(PARALLEL).map_ok(|(version, bytes)| (version.key, bytes));
    fetched.try_collect().await
}

fn failed(path: &str, source: io::Error) -> ExportError {
    ExportError::Write { path: path.to_owned(), source }
}

struct Writer<'a> {
    folder: &'a Path,
    sums: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn write(&mut self, key: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.folder.join(key);
        let parent = path.parent().unwrap_or(self.folder);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes)).map_err(|e| failed(key, e))?;
        self.sums.insert(key.to_owned(), Sha256Digest::of(bytes).to_hex());
        Ok(())
    }
}

/// The versions of each key below a prefix, newest first.
async fn histories(
    bucket: &BucketName,
    versions: &dyn VersionLister,
    prefix: &str,
) -> Result<Vec<Vec<VersionEntry>>, StoreError> {
    let mut histories: Vec<Vec<VersionEntry>> = Vec::new();
    let mut next = None;
    loop {
        let page = versions.list_versions(bucket, prefix, next.as_ref()).await?;
        for entry in page.entries {
            // A key is a path in the bundle: what would lead out of it is none of ours.
            if entry.key.as_str().split('/').any(|part| matches!(part, "" | "." | "..")) {
                continue;
            }
            match histories.last_mut() {
                Some(history) if history.first().is_some_and(|first| first.key == entry.key) => history.push(entry),
                _ => histories.push(vec![entry]),
            }
        }
        match page.next {
            Some(more) => next = Some(more),
            None => return Ok(histories),
        }
    }
}

const fn mode_text(mode: RetentionMode) -> &'static str {
    match mode {
        RetentionMode::Governance => "GOVERNANCE",
        RetentionMode::Compliance => "COMPLIANCE",
    }
}

async fn fetch(
    bucket: &BucketName,
    ports: ExportPorts<'_>,
    history: Vec<VersionEntry>,
) -> Result<(KeptVersion, Vec<u8>), ExportError> {
    let missing = || StoreError::NotFound { operation: "ListObjectVersions" };
    let delete_markers = history.iter().filter(|entry| entry.is_delete_marker).count();
    let oldest = history.iter().rfind(|entry| !entry.is_delete_marker).ok_or_else(missing)?;
    let version_id = VersionId::new(oldest.version_id.as_str()).map_err(|_unversioned| missing())?;
    let path = sluice_common::ObjectPath { bucket: bucket.clone(), key: oldest.key.clone() };
    let at = path.version(version_id);
    let mut body = ports.reader.get(&at).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    let retention = ports.locks.retention(&at).await?;
    let kept = KeptVersion {
        key: oldest.key.as_str().to_owned(),
        version_id: oldest.version_id.clone(),
        versions: history.len() - delete_markers,
        delete_markers,
        last_modified: Some(oldest.last_modified),
        lock_mode: retention.as_ref().map(|retention| mode_text(retention.mode).to_owned()),
        retain_until: retention.map(|retention| retention.retain_until.to_string()),
    };
    Ok((kept, bytes))
}
