//! `sluice policy check`: the answer that the functions would give, before they have to.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use sluice_common::policy::{Dataset, Policy, RulesetRef};

use crate::exit::Answer;

pub(super) fn check(file: &Path, as_json: bool) -> anyhow::Result<Answer> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let problems = match Policy::parse(&text) {
        Ok(policy) => policy
            .datasets
            .iter()
            .flat_map(|dataset| [ruleset_problems(dataset), entity_problems(dataset)].concat())
            .collect(),
        Err(problems) => problems.to_string().lines().map(str::to_owned).collect::<Vec<_>>(),
    };
    let mut out = std::io::stdout().lock();
    if as_json {
        serde_json::to_writer_pretty(&mut out, &json!({ "valid": problems.is_empty(), "problems": problems }))?;
        writeln!(out)?;
    } else if problems.is_empty() {
        writeln!(out, "{}: valid", file.display())?;
    } else {
        for problem in &problems {
            writeln!(out, "{problem}")?;
        }
    }
    Ok(Answer::from_bool(problems.is_empty()))
}

/// The policy's loader leaves DQDL to its own crate, so that functions without a use for it need not carry it.
fn ruleset_problems(dataset: &Dataset) -> Vec<String> {
    let RulesetRef::Inline(text) = &dataset.quality.ruleset else {
        return Vec::new();
    };
    match sluice_dqdl::parse(text) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            let head = format!("dataset {}: quality.ruleset", dataset.name);
            problems.to_string().lines().map(|line| format!("{head}: {line}")).collect()
        }
    }
}

/// Nor does it know the detector's entities.
fn entity_problems(dataset: &Dataset) -> Vec<String> {
    let problems = sluice_privacy::detection::problems(&dataset.privacy);
    problems.into_iter().map(|problem| format!("dataset {}: {problem}", dataset.name)).collect()
}
