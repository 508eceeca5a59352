//! `sluice verify statement`: offline, from files.

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_evidence::offline::{self, Expected, OfflineReport, Verdict};

use super::verdicts::Verdicts;
use super::verify_log::statement_keys;
use crate::args::VerifyStatement;
use crate::exit::Answer;
use crate::input::{self, Input};

/// More than any statement that is verified.
const MAX_STATEMENT_BYTES: u64 = 1 << 20;

pub(super) fn statement(args: &VerifyStatement) -> anyhow::Result<Answer> {
    let name = args.key.display().to_string();
    let keys = statement_keys(&std::fs::read(&args.key).with_context(|| name.clone())?, &name)?;
    let read = |path: &std::path::PathBuf| std::fs::read(path).with_context(|| format!("{}", path.display()));
    let rotations = args.rotation.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let keys = keys.with_rotations(&rotations).context("--rotation")?;
    let envelope = Input::open(&args.statement)?.read_small(MAX_STATEMENT_BYTES)?;
    let file_sha256 = args.file.as_deref().map(digest_of).transpose()?;
    let expected = Expected { file_sha256: file_sha256.as_ref(), object_key: None, written: args.written };
    let report = offline::verify(&envelope, &keys, expected);
    page(&report).print(&report, args.json)?;
    Ok(match (report.holds(), &report.validity) {
        (true, Verdict::NotChecked) => Answer::Unknown,
        (holds, _) => Answer::from_bool(holds),
    })
}

fn digest_of(location: &str) -> anyhow::Result<Sha256Digest> {
    let mut hasher = Sha256::new();
    input::for_each_chunk(Input::open(location)?, |chunk| hasher.update(chunk))?;
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}

fn page(report: &OfflineReport) -> Verdicts<'_> {
    let mut shown = Verdicts::new(vec![
        ("AUTHENTICITY", &report.signature),
        ("VALIDITY", &report.validity),
        ("STATEMENT", &report.statement),
        ("PLACE", &report.place),
        ("INTEGRITY", &report.content),
    ]);
    if let Some(stage) = report.stage {
        shown.fact("stage", &stage);
    }
    for subject in &report.subject {
        shown.fact("subject", &subject.name);
        shown.fact("  sha256", &subject.digest.sha256.map_or_else(|| "unknown".to_owned(), |digest| digest.to_hex()));
    }
    if let Some(predecessor) = &report.predecessor {
        shown.fact("rests on", &predecessor.uri);
    }
    for key_id in &report.key_ids {
        shown.fact("signed by", key_id);
    }
    if report.validity == Verdict::NotChecked && report.signature == Verdict::Holds {
        shown.fact("", &"its key is not valid for ever: tell with --written when S3 wrote the statement");
    }
    shown
}
