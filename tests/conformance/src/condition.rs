//! Conditions: does a metric satisfy the condition, or the threshold, of a rule.

use crate::suite::Report;
use anyhow::Result;
use serde::Deserialize;
use sluice_dqdl::ast::{Condition, NumberCondition};
use sluice_dqdl::evaluate::{History, Value};

#[derive(Deserialize)]
struct Case {
    id: String,
    rule: String,
    metric: f64,
    expected: bool,
    which: String,
}

/// Judges the lines of `dqdl-condition.jsonl`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Case| &case.id, check)
}

/// The peer's test evaluates with functions of its own: `multiply` is the product of its arguments. No past runs.
struct PeerFunctions;

impl History for PeerFunctions {
    fn last(&self, _: usize) -> Vec<f64> {
        Vec::new()
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<f64> {
        let factor = |argument: &Value| if let Value::Number(number) = argument { Some(*number) } else { None };
        (name == "multiply").then(|| arguments.iter().map(factor).product()).flatten()
    }
}

fn check(case: &Case) -> Result<(), String> {
    let ruleset =
        sluice_dqdl::parse(&format!("Rules = [ {} ]", case.rule)).map_err(|problems| format!("refused: {problems}"))?;
    let rule = ruleset.rules.first().and_then(|rule| rule.leaves().first().copied()).ok_or("no rule")?;
    let condition: &NumberCondition = match (case.which.as_str(), &rule.condition, &rule.threshold) {
        ("condition", Some(Condition::Number(condition)), _) | ("threshold", _, Some(condition)) => condition,
        _ => return Err(format!("no numeric {}", case.which)),
    };
    let holds = condition.evaluate(case.metric, &PeerFunctions).map_err(|error| error.to_string())?;
    if holds == case.expected { Ok(()) } else { Err(format!("{} on {} is {holds}", case.rule, case.metric)) }
}
