//! The verdict as a page.

use std::path::Path;

use anyhow::{Context as _, ensure};
use sluice_common::Sha256Digest;
use sluice_quality::{HistoryRecord, Report};
use sluice_report::history::Run;
use sluice_report::html::{self, Page};

use crate::args::Check;
use crate::command::profile;

/// Writes the page; the table is read once more, to say what all its columns hold.
pub(super) fn write(
    path: &Path,
    args: &Check,
    sha256: Sha256Digest,
    report: &Report,
    past: &[HistoryRecord],
) -> anyhow::Result<()> {
    let (profile, again) = profile::read(&args.file, &args.format)?;
    ensure!(sha256 == again, "{}: the file changed while it was read; try again", args.file);
    let profile = if args.hide_values { profile.concealed(|_| false) } else { profile };
    let mut history: Vec<Run> = past.iter().rev().map(Run::of_record).collect();
    history.extend(args.earlier.iter().map(|path| earlier(path)).collect::<anyhow::Result<Vec<Run>>>()?);
    let facts = vec![("Ruleset", args.rules.display().to_string()), ("SHA-256", sha256.to_hex())];
    let page =
        Page { subject: &args.file, facts, report: Some(report), profile: Some(&profile), history, ..Page::default() };
    std::fs::write(path, html::page(&page)).with_context(|| path.display().to_string())
}

fn earlier(path: &Path) -> anyhow::Result<Run> {
    let read = || {
        let result = serde_json::from_slice(&std::fs::read(path)?)?;
        let label = path.file_stem().unwrap_or_default().to_string_lossy();
        Run::from_glue(label, &result).context("expected what `sluice check --json` printed")
    };
    read().with_context(|| path.display().to_string())
}
