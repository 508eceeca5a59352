//! `sluice verify log`, `verify object` and `verify all`: offline, one verdict a question, the first broken place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};
use sluice_common::port::SystemClock;
use sluice_common::{BucketName, Sha256Digest};
use sluice_evidence::TrustedKeys;
use sluice_evidence::offline::Verdict;
use sluice_log::LogKeys;
use sluice_log::bundle::{ExportPorts, LOG_KEYS, STATEMENT_KEYS, fetch_log, verify_bundle, verify_object};
use sluice_log::files::{Files, Folder};
use sluice_log::shelf::BucketShelf;
use sluice_log::verify::{Wish, verify_log};
use sluice_tlog::VerifierKey;

use super::verdicts::Verdicts;
use crate::args::{VerifyAll, VerifyLog, VerifyObject};
use crate::cloud::Cloud;
use crate::exit::Answer;
use crate::input::{self, Input};

/// More than any statement or proof.
const MAX_SMALL_BYTES: u64 = 1 << 20;

pub(super) fn log(args: &VerifyLog) -> anyhow::Result<Answer> {
    let fetched: BTreeMap<String, Vec<u8>>;
    let folder: Folder;
    let files: &dyn Files = if let Some(bucket) = args.location.strip_prefix("s3://") {
        fetched = of_bucket(bucket.trim_end_matches('/')).with_context(|| args.location.clone())?;
        &fetched
    } else {
        folder = Folder::open(Path::new(&args.location)).with_context(|| args.location.clone())?;
        &folder
    };
    let keys = log_keys(args.log_key.as_deref(), files)?;
    let anchors = notes(&args.anchor)?;
    let report = verify_log(files, &keys, None, &anchors, Wish::Report).with_context(|| args.location.clone())?.report;
    let (integrity, completeness) = (&report.integrity, &report.completeness);
    let mut shown = Verdicts::of(integrity, completeness, &report.authenticity, &Verdict::NotChecked);
    shown.fact("leaves", &report.size);
    shown.fact("root", &report.root);
    shown.fact("checkpoints", &report.checkpoints);
    if let Some(at) = &report.first_broken {
        shown.fact("first broken", &format!("leaf {}, {}: {}", at.leaf, at.file, at.what));
    }
    shown.print(&report, args.json)?;
    Ok(Answer::from_bool(report.holds()))
}

pub(super) fn object(args: &VerifyObject) -> anyhow::Result<Answer> {
    let keys = statement_keys(&read(&args.keys.key)?, &args.keys.key.display().to_string())?;
    let log_keys = log_keys_of(&args.keys.log_key)?;
    let envelope = Input::open(&args.statement)?.read_small(MAX_SMALL_BYTES)?;
    let proof = String::from_utf8(read(&args.proof)?).with_context(|| format!("{}", args.proof.display()))?;
    let checkpoint = args.checkpoint.as_deref().map(read).transpose()?;
    let mut hasher = Sha256::new();
    input::for_each_chunk(Input::open(&args.file)?, |chunk| hasher.update(chunk))?;
    let digest = Sha256Digest::from_bytes(hasher.finalize().into());
    let report = verify_object(&digest, &envelope, &proof, checkpoint.as_deref(), &keys, &log_keys);
    let mut shown = Verdicts::of(&report.integrity, &report.completeness, &report.authenticity, &report.lock);
    if let (Some(leaf), Some(size)) = (report.leaf, report.log_size) {
        shown.fact("leaf", &format!("{leaf} of {size}"));
    }
    shown.print(&report, args.json)?;
    Ok(Answer::from_bool(report.holds()))
}

pub(super) fn all(args: &VerifyAll) -> anyhow::Result<Answer> {
    let name = args.folder.display().to_string();
    let files = Folder::open(&args.folder).with_context(|| name.clone())?;
    let keys = match &args.key {
        Some(path) => statement_keys(&read(path)?, &path.display().to_string())?,
        None => statement_keys(&own(&files, STATEMENT_KEYS)?, STATEMENT_KEYS)?,
    };
    let log_keys = log_keys(args.log_key.as_deref(), &files)?;
    let anchors = notes(&args.anchor)?;
    let report = verify_bundle(&files, &keys, &log_keys, &anchors).with_context(|| name)?;
    let mut shown = Verdicts::of(&report.integrity, &report.completeness, &report.authenticity, &report.lock);
    shown.fact("statements", &report.statements);
    shown.fact("proofs", &report.proofs);
    shown.fact("leaves", &report.log.size);
    shown.fact("root", &report.log.root);
    if report.pending > 0 {
        shown.fact("pending", &report.pending);
    }
    if let Some(at) = &report.newest_checkpoint {
        shown.fact("checkpoint of", at);
    }
    for id in keys.ids() {
        shown.fact("statement key", &id);
    }
    for key in log_keys.keys() {
        shown.fact("log key", key);
    }
    if args.key.is_none() || args.log_key.is_none() {
        shown.fact("", &"keys are the bundle's own: compare them with the ones of KMS");
    }
    if let Some(at) = &report.first_broken {
        shown.fact("first broken", at);
    }
    shown.print(&report, args.json)?;
    Ok(match (report.fails(), report.holds()) {
        (true, _) => Answer::Fail,
        (false, true) => Answer::Pass,
        (false, false) => Answer::Unknown,
    })
}

fn of_bucket(bucket: &str) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let cloud = Cloud::connect()?;
    let objects = std::sync::Arc::new(cloud.objects());
    let bucket = BucketName::new(bucket)?;
    let shelf = BucketShelf::new(bucket.clone(), objects.clone(), objects.clone(), objects.clone());
    let ports =
        ExportPorts { reader: &*objects, versions: &*objects, locks: &*objects, shelf: &shelf, clock: &SystemClock };
    Ok(cloud.runtime.block_on(Box::pin(fetch_log(&bucket, ports)))?)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{}", path.display()))
}

fn own(files: &dyn Files, key: &str) -> anyhow::Result<Vec<u8>> {
    files.read(key)?.ok_or_else(|| anyhow!("{key} is not in the folder: name the keys with --key and --log-key"))
}

fn notes(paths: &[PathBuf]) -> anyhow::Result<Vec<Vec<u8>>> {
    paths.iter().map(|path| read(path)).collect()
}

/// Statement keys from PEM, or from a key set in JSON.
pub(super) fn statement_keys(text: &[u8], name: &str) -> anyhow::Result<TrustedKeys> {
    if text.trim_ascii_start().starts_with(b"{") {
        return TrustedKeys::from_key_set(text).with_context(|| name.to_owned());
    }
    let pem = std::str::from_utf8(text).with_context(|| name.to_owned())?;
    TrustedKeys::from_pem(pem).with_context(|| name.to_owned())
}

fn log_keys(path: Option<&Path>, files: &dyn Files) -> anyhow::Result<LogKeys> {
    match path {
        Some(path) => log_keys_of(path),
        None => parse_log_keys(&own(files, LOG_KEYS)?, LOG_KEYS),
    }
}

/// The keys of a file.
pub(super) fn log_keys_of(path: &Path) -> anyhow::Result<LogKeys> {
    parse_log_keys(&read(path)?, &path.display().to_string())
}

fn parse_log_keys(text: &[u8], name: &str) -> anyhow::Result<LogKeys> {
    let text = std::str::from_utf8(text).with_context(|| name.to_owned())?;
    let keys: Result<Vec<VerifierKey>, _> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(VerifierKey::parse).collect();
    let keys = keys.with_context(|| name.to_owned())?;
    LogKeys::new(keys).ok_or_else(|| anyhow!("{name}: no key, or keys of two logs"))
}
