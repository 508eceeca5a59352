//! Everything in a bundle, judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use jiff::Timestamp;
use serde::Serialize;
use sluice_common::Sha256Digest;
use sluice_evidence::layout::STATEMENTS_PREFIX;
use sluice_evidence::offline::Verdict;
use sluice_evidence::verify::KeyId;
use sluice_evidence::{StatementKey, TrustedKeys};

use super::object::{ProofFault, judge_proof};
use super::pending::{Stated, Times};
use super::{KeptVersion, VERSIONS, succession};
use crate::files::Files;
use crate::keys::LogKeys;
use crate::layout::LOG_PREFIX;
use crate::leaf::Leaf;
use crate::verify::{LogReport, Wish, verify_log};

/// What is known of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BundleReport {
    /// All hashes agree.
    pub integrity: Verdict,
    /// Each statement is a leaf, each leaf's statement is there, and the log is whole. Pending when all that is missing are leaves
    /// of statements that are too young.
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
    /// Statements that are too young to be in the log.
    pub pending: u64,
    /// When S3 wrote the newest checkpoint, as far as the bundle knows.
    pub newest_checkpoint: Option<Timestamp>,
}

impl BundleReport {
    /// Whether no question was answered with no, and none must wait for its answer.
    pub fn holds(&self) -> bool {
        !self.fails() && !self.completeness.is_pending()
    }

    /// Whether a question was answered with no.
    pub fn fails(&self) -> bool {
        [&self.integrity, &self.completeness, &self.authenticity, &self.lock].into_iter().any(Verdict::fails)
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
    let succession = succession::follow(keys, files)?;
    let keys = &succession.keys;
    let verified = verify_log(files, log_keys, Some(keys), anchors, Wish::Entries)?;
    let mut leaves: HashMap<Vec<u8>, u64> = HashMap::new();
    for (index, entry) in (0_u64..).zip(&verified.entries) {
        leaves.entry(entry.clone()).or_insert(index);
    }
    let (mut integrity, mut completeness) = (Vec::new(), Vec::new());
    let mut authenticity: Vec<String> = succession.fault.iter().cloned().collect();
    authenticity.extend(succession.out_of_order(&verified.entries));
    let written = written(files)?;
    let mut stated: BTreeMap<String, Stated> = BTreeMap::new();
    for key in files.list(STATEMENTS_PREFIX)? {
        let Some(envelope) = files.read(&key)? else { continue };
        match keys.verify_any(&envelope) {
            Err(error) => authenticity.push(format!("{key}: {error}")),
            Ok(genuine) if genuine.key.to_string() != key => {
                integrity.push(format!("{key}: kept under a key that its content does not give"));
            }
            Ok(genuine) => {
                let leaf = Leaf::of(&genuine).to_bytes().unwrap_or_default();
                if let Some(what) = outside_validity(keys, &genuine.key_id, written.get(&key)) {
                    authenticity.push(format!("{key}: {what}"));
                }
                let index = leaves.get(&leaf).copied();
                stated.insert(key, Stated { leaf, index });
            }
        }
    }
    let times = Times { files, written: &written, log_size: verified.report.size };
    let unlogged = times.judge(stated.iter())?;
    completeness.extend(unlogged.missing);
    for (index, entry) in (0_u64..).zip(&verified.entries) {
        let key = Leaf::parse(entry).and_then(|leaf| leaf.statement_key()).map(|key| StatementKey::to_string(&key));
        match key {
            None => integrity.push(format!("leaf {index}: it does not read as the leaf of a statement")),
            Some(key) if stated.get(&key).is_some_and(|one| one.leaf == *entry) => {}
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
        let Some(Stated { leaf, .. }) = stated.get(key) else {
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
    let newest_checkpoint = times.newest_checkpoint();
    let completeness = match first(&completeness, &log.completeness) {
        Verdict::Holds => pending(&unlogged.pending, newest_checkpoint),
        answered => answered,
    };
    Ok(BundleReport {
        integrity: first(&integrity, &log.integrity),
        completeness,
        authenticity: first(&authenticity, &log.authenticity),
        first_broken: in_log.or(elsewhere).or_else(|| match &lock {
            Verdict::Fails(what) => Some(what.clone()),
            Verdict::Holds | Verdict::Pending(_) | Verdict::NotChecked => None,
        }),
        lock,
        log,
        statements: stated.len() as u64,
        proofs,
        pending: unlogged.pending.len() as u64,
        newest_checkpoint,
    })
}

/// Whether the log holds everything that can be asked of it yet.
fn pending(young: &[String], newest_checkpoint: Option<Timestamp>) -> Verdict {
    let Some(first) = young.first() else { return Verdict::Holds };
    let of = newest_checkpoint.map_or_else(|| "of unknown time".to_owned(), |at| format!("of {at}"));
    Verdict::Pending(format!(
        "{} statements are not in the log yet, the first is {first}; the newest checkpoint is {of}; a later export must show \
         them in the log",
        young.len()
    ))
}

/// When S3 wrote each object, as far as the bundle knows.
fn written(files: &dyn Files) -> io::Result<HashMap<String, Timestamp>> {
    let lines = files.read(VERSIONS)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&lines);
    let kept = text.lines().filter_map(|line| serde_json::from_str::<KeptVersion>(line).ok());
    Ok(kept.filter_map(|kept| Some((kept.key, kept.last_modified?))).collect())
}

fn outside_validity(keys: &TrustedKeys, key: &KeyId, written: Option<&Timestamp>) -> Option<String> {
    match written {
        Some(written) => keys.check_written(&[*key], *written).err().map(|error| error.to_string()),
        None if keys.window(key).is_open() => None,
        None => Some(format!("{VERSIONS} does not say when it was written, and key {key} is not valid for ever")),
    }
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
