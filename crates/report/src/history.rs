//! Earlier verdicts on the same dataset.

use serde_json::Value;
use sluice_quality::{Outcome, Report};

/// Runs that are kept of a history: the newest.
pub const MOST_RUNS: usize = 60;

/// What an earlier run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What to call it: a date, a file.
    pub label: String,
    /// The share of rules that passed.
    pub score: f64,
    /// Each rule and its outcome.
    pub rules: Vec<(String, RunOutcome)>,
}

/// The outcome of a rule in an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be judged.
    Error,
}

impl Run {
    /// A run from its result in the shape of Glue's `GetDataQualityResult`, as `sluice check --json` prints it and the
    /// quality function keeps it. `None`: the JSON is something else.
    pub fn from_glue(label: impl Into<String>, result: &Value) -> Option<Self> {
        let rules = result.get("RuleResults")?.as_array()?.iter();
        let rules = rules.filter_map(|rule| {
            let outcome = match rule.get("Result")?.as_str()? {
                "PASS" => RunOutcome::Passed,
                "FAIL" => RunOutcome::Failed,
                _ => RunOutcome::Error,
            };
            Some((rule.get("Description")?.as_str()?.to_owned(), outcome))
        });
        let score = result.get("Score")?.as_f64()?.clamp(0.0, 1.0);
        Some(Self { label: label.into(), score, rules: rules.collect() })
    }

    /// A run from its report.
    pub fn of_report(label: impl Into<String>, report: &Report) -> Self {
        let outcome = |outcome: Outcome| match outcome {
            Outcome::Passed => RunOutcome::Passed,
            Outcome::Failed => RunOutcome::Failed,
            Outcome::Error => RunOutcome::Error,
        };
        let rules = report.rules.iter().map(|rule| (rule.rule.clone(), outcome(rule.outcome)));
        Self { label: label.into(), score: report.score(), rules: rules.collect() }
    }

    /// What became of a rule in this run; `None`: the run did not have it.
    pub fn outcome_of(&self, rule: &str) -> Option<RunOutcome> {
        self.rules.iter().find(|(text, _)| text == rule).map(|(_, outcome)| *outcome)
    }
}
