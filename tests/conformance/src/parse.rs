//! Rulesets: accepted or not, and the canonical text, labels and parameters of the accepted ones.

use crate::suite::Report;
use anyhow::Result;
use serde::Deserialize;
use sluice_dqdl::ast::{Label, RuleExpr, RuleNode, Ruleset};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    id: String,
    ruleset: String,
    valid: bool,
    normalized: Option<String>,
    normalized_of: Option<String>,
    normalized_rules: Option<Vec<String>>,
    condition_formatted: Option<String>,
    labels: Option<Vec<Labels>>,
    nested_labels: Option<Vec<Vec<Labels>>>,
    params: Option<BTreeMap<String, String>>,
}

type Labels = BTreeMap<String, String>;

/// Judges the lines of `dqdl-parse.jsonl`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    let ruleset = match (sluice_dqdl::parse(&case.ruleset), case.valid) {
        (Ok(ruleset), true) => ruleset,
        (Err(_), false) => return Ok(()),
        (Ok(_), false) => return Err(format!("accepted: {}", case.ruleset)),
        (Err(problems), true) => return Err(format!("refused: {problems}")),
    };
    if let Some(normalized) = &case.normalized {
        let text = match case.normalized_of.as_deref() {
            Some("ruleset") => Some(ruleset.canonical_text()),
            Some("rule[0]") => ruleset.rules.first().map(ToString::to_string),
            Some("analyzer[0]") => ruleset.analyzers.first().map(ToString::to_string),
            other => return Err(format!("normalized_of is {other:?}")),
        };
        same("canonical text", &text.as_deref(), &Some(normalized.as_str()))?;
    }
    if let Some(rules) = &case.normalized_rules {
        same("rules", &ruleset.rules.iter().map(ToString::to_string).collect(), rules)?;
    }
    if let Some(condition) = &case.condition_formatted {
        let leaf = ruleset.rules.first().and_then(|rule| rule.leaves().first().copied());
        let text = leaf.and_then(|rule| rule.condition.as_ref()).map(ToString::to_string);
        same("condition", &text.as_deref(), &Some(condition.as_str()))?;
    }
    if let Some(params) = &case.params {
        let leaf = ruleset.rules.first().and_then(|rule| rule.leaves().first().copied());
        let named = leaf
            .map(|rule| rule.named_parameters().into_iter().map(|(name, value)| (name, value.to_owned())).collect());
        same("parameters", &named.unwrap_or_default(), params)?;
    }
    check_labels(case, &ruleset)
}

fn check_labels(case: &Case, ruleset: &Ruleset) -> Result<(), String> {
    if let Some(labels) = &case.labels {
        let found = ruleset.rules.iter().map(|rule| map(ruleset.effective_labels(rule).into_iter())).collect();
        same("labels", &found, labels)?;
    }
    if let Some(nested) = &case.nested_labels {
        let found = ruleset.rules.iter().map(|rule| parts(rule).iter().map(|part| map(part.labels.iter())).collect());
        same("nested labels", &found.collect(), nested)?;
    }
    Ok(())
}

fn parts(rule: &RuleExpr) -> &[RuleExpr] {
    match &rule.node {
        RuleNode::Rule(_) => &[],
        RuleNode::And(parts) | RuleNode::Or(parts) => parts,
    }
}

fn map<'a>(labels: impl Iterator<Item = &'a Label>) -> Labels {
    labels.map(|label| (label.key.clone(), label.value.clone())).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?}, wanted {wanted:?}")) }
}
