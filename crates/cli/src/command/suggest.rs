//! `sluice suggest`: the rules that a table suggests, each with its reason, and each held by the table.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use sluice_common::port::{Clock as _, SystemClock};
use sluice_profile::suggest::{candidates, judged, notes};
use sluice_quality::EvaluationOptions;
use sluice_tabular::Reader;

use super::profile;
use crate::args::Suggest;
use crate::exit::Answer;
use crate::format;
use crate::input::Input;

/// Reads the table twice: to see what it holds, and to judge what that suggests.
pub(super) fn run(args: &Suggest) -> anyhow::Result<Answer> {
    let (profile, first_sha256) = profile::read(&args.file, &args.format)?;
    let options = format::read_options(&args.file, &args.format)?;
    let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&options)?;
    let reader = Reader::open(source, &options).with_context(|| args.file.clone())?;
    let evaluation = EvaluationOptions::at(SystemClock.now().as_microsecond());
    let mut suggestions = judged(candidates(&profile), reader, &evaluation).with_context(|| args.file.clone())?;
    let second_sha256 = digesting.finish().with_context(|| args.file.clone())?;
    ensure!(first_sha256 == second_sha256, "{}: the file changed while it was read; try again", args.file);
    suggestions.notes = notes(&profile);
    let dqdl = suggestions.to_dqdl(&args.file);
    match &args.output {
        Some(path) => std::fs::write(path, dqdl).with_context(|| path.display().to_string())?,
        None => std::io::stdout().lock().write_all(dqdl.as_bytes())?,
    }
    Ok(Answer::Pass)
}
