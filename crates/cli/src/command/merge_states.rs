//! `sluice merge-states`: a dataset judged from what was measured of its objects, without reading them again.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use sluice_common::port::{Clock as _, SystemClock};
use sluice_quality::report::{GlueContext, glue_json};
use sluice_quality::{Evaluation, EvaluationOptions, EvaluationState};

use super::check;
use crate::args::MergeStates;
use crate::exit::Answer;
use crate::input::Input;

const MOST_BYTES: u64 = 256 << 20;

pub(super) fn run(args: &MergeStates) -> anyhow::Result<Answer> {
    let rules = std::fs::read_to_string(&args.rules).with_context(|| args.rules.display().to_string())?;
    let ruleset = sluice_dqdl::parse(&rules).map_err(|problems| anyhow!("{}:\n{problems}", args.rules.display()))?;
    let history = check::past::read(args.history.as_deref())?;
    let mut merged: Option<Evaluation> = None;
    for location in &args.states {
        let mut read = || {
            let state = EvaluationState::from_bytes(&Input::open(location)?.read_small(MOST_BYTES)?)?;
            let into = merged.get_or_insert_with(|| {
                let options = EvaluationOptions::at(SystemClock.now().as_microsecond());
                Evaluation::new(&ruleset, &state.schema(), &options, &history)
            });
            into.merge(state)?;
            anyhow::Ok(())
        };
        read().with_context(|| location.clone())?;
    }
    let report = merged.context("name at least one state")?.finish()?;
    let subject = format!("{} states", args.states.len());
    let mut out = std::io::stdout().lock();
    if args.json {
        let context = GlueContext { subject: args.states.join(" "), ..GlueContext::default() };
        serde_json::to_writer_pretty(&mut out, &glue_json(&report, &context))?;
        writeln!(out)?;
    } else {
        check::print(&mut out, &subject, &report)?;
    }
    Ok(check::answer(&report))
}
