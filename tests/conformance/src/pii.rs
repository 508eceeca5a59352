//! Personal data: check digits and structures of identifiers.

use crate::suite::Report;
use anyhow::Result;
use serde::Deserialize;
use sluice_privacy::detect::{Verdict, validate};

#[derive(Deserialize)]
struct Validator {
    id: String,
    entity: String,
    value: String,
    /// `null`: the value has the form, and the peer checks nothing more.
    valid: Option<bool>,
    #[serde(default)]
    config: Config,
}

/// How the peer's recognizer was built.
#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    strict_checksum: bool,
}

/// Judges the lines of `pii-validators.jsonl`.
pub(crate) fn validators(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Validator| &case.id, check)
}

fn check(case: &Validator) -> Result<(), String> {
    let verdict = validate(&case.entity, &case.value).ok_or_else(|| format!("no rules for {}", case.entity))?;
    let verdict = if case.config.strict_checksum { verdict.strict() } else { verdict };
    let valid = match verdict {
        Verdict::Verified => Some(true),
        Verdict::Plausible => None,
        Verdict::Refuted => Some(false),
    };
    if valid == case.valid { Ok(()) } else { Err(format!("{}: {verdict:?}", case.entity)) }
}
