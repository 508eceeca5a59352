//! Earlier verdicts on the same dataset.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use sluice_quality::{HistoryRecord, Outcome, RecordedRule, Report};

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

    /// A run from the record of its metrics, called by the time of its data's arrival.
    pub fn of_record(record: &HistoryRecord) -> Self {
        let outcome = |rule: &RecordedRule| match rule.outcome.as_str() {
            "PASS" => RunOutcome::Passed,
            "FAIL" => RunOutcome::Failed,
            _ => RunOutcome::Error,
        };
        let arrived = Timestamp::from_microsecond(record.at_epoch_micros).unwrap_or_default();
        let label = arrived.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let rules = record.rules.iter().map(|rule| (rule.rule.clone(), outcome(rule))).collect();
        Self { label, score: record.score(), rules }
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
