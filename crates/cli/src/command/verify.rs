//! `sluice verify statement`: offline, from files.

use std::io::Write as _;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_evidence::TrustedKeys;
use sluice_evidence::offline::{self, Expected, OfflineReport, Verdict};

use crate::args::VerifyStatement;
use crate::exit::Answer;
use crate::input::{self, Input};

/// More than any statement that is verified.
const MAX_STATEMENT_BYTES: u64 = 1 << 20;

pub(super) fn statement(args: &VerifyStatement) -> anyhow::Result<Answer> {
    let keys_pem = std::fs::read_to_string(&args.key).with_context(|| format!("{}", args.key.display()))?;
    let keys = TrustedKeys::from_pem(&keys_pem).with_context(|| format!("{}", args.key.display()))?;
    let envelope = Input::open(&args.statement)?.read_small(MAX_STATEMENT_BYTES)?;
    let file_sha256 = args.file.as_deref().map(digest_of).transpose()?;
    let expected = Expected { file_sha256: file_sha256.as_ref(), object_key: None };
    let report = offline::verify(&envelope, &keys, expected);
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(Answer::from_bool(report.holds()))
}

fn digest_of(location: &str) -> anyhow::Result<Sha256Digest> {
    let mut hasher = Sha256::new();
    input::for_each_chunk(Input::open(location)?, |chunk| hasher.update(chunk))?;
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}

fn print(out: &mut impl std::io::Write, report: &OfflineReport) -> std::io::Result<()> {
    let mut line = |name: &str, verdict: &Verdict| match verdict {
        Verdict::Holds => writeln!(out, "{name:<13} holds"),
        Verdict::Fails(why) => writeln!(out, "{name:<13} FAILS: {why}"),
        Verdict::NotChecked => writeln!(out, "{name:<13} not checked"),
    };
    line("AUTHENTICITY", &report.signature)?;
    line("STATEMENT", &report.statement)?;
    line("PLACE", &report.place)?;
    line("INTEGRITY", &report.content)?;
    if let Some(stage) = report.stage {
        writeln!(out, "\nstage         {stage}")?;
    }
    for subject in &report.subject {
        let sha256 = subject.digest.sha256.map_or_else(|| "unknown".to_owned(), |digest| digest.to_hex());
        writeln!(out, "subject       {}\n  sha256      {sha256}", subject.name)?;
    }
    if let Some(predecessor) = &report.predecessor {
        writeln!(out, "rests on      {}", predecessor.uri)?;
    }
    for key_id in &report.key_ids {
        writeln!(out, "signed by     {key_id}")?;
    }
    Ok(())
}
