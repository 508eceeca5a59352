//! A bundle: statements, log, proofs and public keys in one folder, taken from the evidence bucket and judged without it.
//!
//! | path | what | judged by |
//! |---|---|---|
//! | `att/…` | statements, under their keys of the bucket | any DSSE library, `openssl` |
//! | `log/…` | the log, and `log/checkpoint`, its newest checkpoint | any tlog-tiles verifier |
//! | `proofs/<statement's key>.tlog-proof` | each statement's offline proof | any tlog-proof verifier |
//! | `keys/statements.pem`, `keys/log.pem`, `keys/log.vkey` | public keys | compare with the ones of KMS |
//! | `versions.jsonl` | what S3 said of each object's versions and lock | |
//! | `SHA256SUMS` | digests of all of it | `sha256sum -c` |

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_common::port::{ObjectLock, ObjectReader, RetentionMode, StoreError, VersionEntry, VersionLister};
use sluice_common::{BucketName, VersionId};
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::offline::{self, Expected, Verdict};
use sluice_evidence::{StatementKey, TrustedKeys};
use sluice_tlog::OfflineProof;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::append::LogKeys;
use crate::error::LogError;
use crate::files::Files;
use crate::layout::LOG_PREFIX;
use crate::leaf::Leaf;
use crate::proof::{head, prove};
use crate::shelf::Shelf;
use crate::verify::{LogReport, Wish, verify_log};

/// Where the bundle keeps statement keys.
pub const STATEMENT_KEYS: &str = "keys/statements.pem";
/// Where the bundle keeps the log's verifier keys, one a line.
pub const LOG_KEYS: &str = "keys/log.vkey";
/// Where the bundle keeps what S3 said of versions and locks.
pub const VERSIONS: &str = "versions.jsonl";
/// Objects fetched at once.
const PARALLEL: usize = 16;

/// What S3 said of one key when the bundle was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptVersion {
    /// The key.
    pub key: String,
    /// The version that the bundle holds: the oldest.
    pub version_id: String,
    /// Versions under the key.
    pub versions: usize,
    /// Delete markers under the key.
    pub delete_markers: usize,
    /// `GOVERNANCE` or `COMPLIANCE`; absent without a lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_mode: Option<String>,
    /// Until when it is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<String>,
}

/// What is known of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleReport {
    /// All hashes agree.
    pub integrity: Verdict,
    /// Each statement is a leaf, each leaf's statement is there, and the log is whole.
    pub completeness: Verdict,
    /// Trusted keys signed each statement and each checkpoint.
    pub authenticity: Verdict,
    /// Each object had one version and a lock when the bundle was made.
    pub lock: Verdict,
    /// The first thing that does not hold.
    pub first_broken: Option<String>,
    /// The log alone.
    pub log: LogReport,
    /// Statements judged.
    pub statements: u64,
    /// Proofs judged.
    pub proofs: u64,
}

impl BundleReport {
    /// Whether no question was answered with no.
    pub fn holds(&self) -> bool {
        ![&self.integrity, &self.completeness, &self.authenticity, &self.lock].into_iter().any(Verdict::fails)
    }
}

/// What is known of one object by its statement and proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// The file has the digest that was signed.
    pub integrity: Verdict,
    /// The statement is a leaf under the checkpoint.
    pub completeness: Verdict,
    /// Trusted keys signed the statement and the checkpoint.
    pub authenticity: Verdict,
    /// The statement's own account of the object's lock.
    pub lock: Verdict,
    /// The leaf's position.
    pub leaf: Option<u64>,
    /// The size of the log under which it was proved.
    pub log_size: Option<u64>,
    /// The statement's kind.
    pub stage: Option<String>,
}

impl ObjectReport {
    /// Whether the file, its statement and its leaf all hold.
    pub fn holds(&self) -> bool {
        [&self.integrity, &self.completeness, &self.authenticity].into_iter().all(|verdict| *verdict == Verdict::Holds)
            && !self.lock.fails()
    }
}

/// Judges a file by its statement and the statement's offline proof. `checkpoint`, when given, was kept elsewhere: the
/// proof must lead to it, and not to some other one that the log's key signed.
pub fn verify_object(
    file_sha256: &Sha256Digest,
    envelope: &[u8],
    proof: &str,
    checkpoint: Option<&[u8]>,
    keys: &TrustedKeys,
    log_keys: &LogKeys,
) -> ObjectReport {
    let statement = offline::verify(envelope, keys, Expected { file_sha256: Some(file_sha256), object_key: None });
    let mut report = ObjectReport {
        integrity: statement.content.clone(),
        completeness: Verdict::NotChecked,
        authenticity: statement.signature.clone(),
        lock: lock_of(envelope),
        leaf: None,
        log_size: None,
        stage: statement.stage.map(|stage| stage.to_string()),
    };
    if statement.statement.fails() {
        report.integrity = statement.statement;
        return report;
    }
    let Ok(genuine) = keys.verify_any(envelope) else { return report };
    // The leaf is computed from the very bytes that were verified: a proof of another statement proves nothing.
    let Some(leaf) = Leaf::of(&genuine).to_bytes() else { return report };
    match judge_proof(proof, &leaf, checkpoint, log_keys) {
        Ok((index, size)) => {
            report.completeness = Verdict::Holds;
            (report.leaf, report.log_size) = (Some(index), Some(size));
        }
        Err(ProofFault::Signature(what)) => report.authenticity = Verdict::Fails(what),
        Err(ProofFault::Place(what)) => report.completeness = Verdict::Fails(what),
    }
    report
}

enum ProofFault {
    Signature(String),
    Place(String),
}

fn judge_proof(proof: &str, leaf: &[u8], checkpoint: Option<&[u8]>, keys: &LogKeys) -> Result<(u64, u64), ProofFault> {
    let parsed = OfflineProof::parse(proof).map_err(|error| ProofFault::Place(format!("proof: {error}")))?;
    let signed = keys.open(parsed.checkpoint.as_bytes());
    let head = signed.map_err(|what| ProofFault::Signature(format!("the proof's checkpoint: {what}")))?;
    if let Some(kept) = checkpoint {
        let kept = keys.open(kept).map_err(|what| ProofFault::Signature(format!("the checkpoint: {what}")))?;
        if (kept.size, kept.root) != (head.size, head.root) {
            let what = format!("the proof is for a log of {} leaves, the checkpoint of {}", head.size, kept.size);
            return Err(ProofFault::Place(what));
        }
    }
    let held = keys.keys().iter().map(|key| parsed.verify(leaf, key)).find(Result::is_ok);
    match held {
        Some(_) => Ok((parsed.index, head.size)),
        None => Err(ProofFault::Place("the proof does not lead from this statement to the checkpoint".to_owned())),
    }
}

/// A seal says under which lock the object stood; other statements do not.
fn lock_of(envelope: &[u8]) -> Verdict {
    let payload = sluice_evidence::dsse::Envelope::from_json(envelope).ok().map(|envelope| envelope.payload);
    let statement: Option<serde_json::Value> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
    match statement.as_ref().and_then(|statement| statement.pointer("/predicate/lock")) {
        None => Verdict::NotChecked,
        Some(lock) if lock.get("mode").is_some_and(serde_json::Value::is_string) => Verdict::Holds,
        Some(_) => Verdict::Fails("the seal says that the object was not locked".to_owned()),
    }
}

/// Judges everything in a bundle.
///
/// # Errors
/// When the folder cannot be read or holds no log.
pub fn verify_bundle(
    files: &dyn Files,
    keys: &TrustedKeys,
    log_keys: &LogKeys,
    anchors: &[Vec<u8>],
) -> io::Result<BundleReport> {
    let verified = verify_log(files, log_keys, Some(keys), anchors, Wish::Entries)?;
    let mut leaves: HashMap<Vec<u8>, u64> = HashMap::new();
    for (index, entry) in (0_u64..).zip(&verified.entries) {
        leaves.entry(entry.clone()).or_insert(index);
    }
    let (mut integrity, mut completeness, mut authenticity) = (Vec::new(), Vec::new(), Vec::new());
    let mut stated: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for key in files.list(STATEMENTS_PREFIX)? {
        let Some(envelope) = files.read(&key)? else { continue };
        match keys.verify_any(&envelope) {
            Err(error) => authenticity.push(format!("{key}: {error}")),
            Ok(genuine) if genuine.key.to_string() != key => {
                integrity.push(format!("{key}: kept under a key that its content does not give"));
            }
            Ok(genuine) => {
                let leaf = Leaf::of(&genuine).to_bytes().unwrap_or_default();
                if !leaves.contains_key(&leaf) {
                    completeness.push(format!("{key}: the statement is not in the log"));
                }
                stated.insert(key, leaf);
            }
        }
    }
    for (index, entry) in (0_u64..).zip(&verified.entries) {
        let key = Leaf::parse(entry).and_then(|leaf| leaf.statement_key()).map(|key| StatementKey::to_string(&key));
        match key {
            None => integrity.push(format!("leaf {index}: it does not read as the leaf of a statement")),
            Some(key) if stated.get(&key).is_some_and(|leaf| leaf == entry) => {}
            Some(key) if files.read(&key)?.is_none() => {
                completeness.push(format!("leaf {index}: its statement {key} is missing"));
            }
            Some(key) => integrity.push(format!("leaf {index}: {key} is not the statement that was logged")),
        }
    }
    let mut proofs = 0;
    for path in files.list("proofs/")? {
        proofs += 1;
        let key = path.strip_prefix("proofs/").and_then(|rest| rest.strip_suffix(".tlog-proof")).unwrap_or_default();
        let text = files.read(&path)?.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let Some(leaf) = stated.get(key) else {
            completeness.push(format!("{path}: no statement that it could prove"));
            continue;
        };
        match judge_proof(&text, leaf, None, log_keys) {
            Ok(_place) => {}
            Err(ProofFault::Signature(what)) => authenticity.push(format!("{path}: {what}")),
            Err(ProofFault::Place(what)) => integrity.push(format!("{path}: {what}")),
        }
    }
    integrity.extend(sums_that_fail(files)?);
    let lock = locks(files)?;
    let log = verified.report;
    let first = |own: &[String], log: &Verdict| match own.first() {
        Some(what) if !log.fails() => Verdict::Fails(what.clone()),
        _ => log.clone(),
    };
    let in_log = log.first_broken.as_ref().map(|at| format!("{} (leaf {}): {}", at.file, at.leaf, at.what));
    let elsewhere = integrity.iter().chain(&authenticity).chain(&completeness).next().cloned();
    Ok(BundleReport {
        integrity: first(&integrity, &log.integrity),
        completeness: first(&completeness, &log.completeness),
        authenticity: first(&authenticity, &log.authenticity),
        first_broken: in_log.or(elsewhere).or_else(|| match &lock {
            Verdict::Fails(what) => Some(what.clone()),
            Verdict::Holds | Verdict::NotChecked => None,
        }),
        lock,
        log,
        statements: stated.len() as u64,
        proofs,
    })
}

/// Lines of `SHA256SUMS` that do not hold, where there is such a file.
fn sums_that_fail(files: &dyn Files) -> io::Result<Vec<String>> {
    let Some(sums) = files.read("SHA256SUMS")? else { return Ok(Vec::new()) };
    let mut failed = Vec::new();
    for (at, line) in String::from_utf8_lossy(&sums).lines().enumerate() {
        let Some((expected, key)) = line.split_once("  ") else {
            failed.push(format!("SHA256SUMS: line {} is not a digest and a path", at + 1));
            continue;
        };
        match files.read(key)? {
            Some(bytes) if Sha256Digest::of(&bytes).to_hex() == expected => {}
            Some(_) => failed.push(format!("{key}: not the bytes of SHA256SUMS, line {}", at + 1)),
            None => failed.push(format!("{key}: missing, SHA256SUMS line {}", at + 1)),
        }
    }
    Ok(failed)
}

fn locks(files: &dyn Files) -> io::Result<Verdict> {
    let Some(lines) = files.read(VERSIONS)? else { return Ok(Verdict::NotChecked) };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (at, line) in String::from_utf8_lossy(&lines).lines().enumerate() {
        let Ok(kept) = serde_json::from_str::<KeptVersion>(line) else {
            return Ok(Verdict::Fails(format!("{VERSIONS}: line {} does not read", at + 1)));
        };
        if kept.versions != 1 || kept.delete_markers != 0 {
            let what = format!("{} versions and {} delete markers", kept.versions, kept.delete_markers);
            return Ok(Verdict::Fails(format!("{}: {what}: a write-once key was written again", kept.key)));
        }
        if kept.lock_mode.is_none() {
            return Ok(Verdict::Fails(format!("{}: it was not locked", kept.key)));
        }
        seen.insert(kept.key);
    }
    for prefix in [STATEMENTS_PREFIX, LOG_PREFIX] {
        let unknown = files.list(prefix)?.into_iter().find(|key| key != "log/checkpoint" && !seen.contains(key));
        if let Some(key) = unknown {
            return Ok(Verdict::Fails(format!("{key}: {VERSIONS} does not know it")));
        }
    }
    Ok(Verdict::Holds)
}

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
    for prefix in [STATEMENTS_PREFIX, LOG_PREFIX] {
        let histories = histories(bucket, ports.versions, prefix).await?;
        let fetches = histories.into_iter().map(|history| fetch(bucket, ports, history));
        let mut fetched = stream::iter(fetches).buffered(PARALLEL);
        while let Some((version, bytes)) = fetched.try_next().await? {
            out.write(&version.key, &bytes)?;
            kept.push(version);
        }
    }
    let statements: Vec<String> = out.sums.keys().filter(|key| key.starts_with(STATEMENTS_PREFIX)).cloned().collect();
    let mut exported = Exported { statements: statements.len() as u64, ..Exported::default() };
    if let Some(head) = head(ports.shelf, log_keys).await? {
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
    let vkeys: Vec<String> = log_keys.keys().iter().map(ToString::to_string).collect();
    out.write(LOG_KEYS, (vkeys.join("\n") + "\n").as_bytes())?;
    let pems: String = log_keys.keys().iter().filter_map(sluice_tlog::VerifierKey::to_spki_pem).collect();
    out.write("keys/log.pem", pems.as_bytes())?;
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
        lock_mode: retention.as_ref().map(|retention| mode_text(retention.mode).to_owned()),
        retain_until: retention.map(|retention| retention.retain_until.to_string()),
    };
    Ok((kept, bytes))
}
