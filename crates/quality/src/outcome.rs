//! What became of a rule.

use std::collections::BTreeMap;

/// The outcome of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The data is as the rule wants it.
    Passed,
    /// The data is not, or the rule names something that the data does not have.
    Failed,
    /// The rule could not be judged: nothing is known about the data.
    Error,
}

impl Outcome {
    /// The word in Glue's results.
    pub const fn as_glue(self) -> &'static str {
        match self {
            Self::Passed => "PASS",
            Self::Failed => "FAIL",
            Self::Error => "ERROR",
        }
    }
}

/// What became of one rule or composite.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// The rule, as AWS prints it.
    pub rule: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Why it did not pass, or what to know about it. Never a cell.
    pub message: Option<String>,
    /// The metrics it was judged by, e.g. `Column.id.Completeness`. NaN and infinite where the peers have them so.
    pub metrics: BTreeMap<String, f64>,
    /// The rule with every function of past values replaced by its value, when it had one.
    pub evaluated_rule: Option<String>,
    /// Its labels and the defaults it does not set.
    pub labels: BTreeMap<String, String>,
    /// Numbers of the first rows that fail, from 0, a header not counted.
    pub first_failing_rows: Vec<u64>,
    /// Rows that fail, when the rule judges rows.
    pub failing_rows: Option<u64>,
}

/// What an entry of `Analyzers` measured.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzerOutcome {
    /// The analyzer, as AWS prints it.
    pub analyzer: String,
    /// Why there are no metrics.
    pub message: Option<String>,
    /// The metrics.
    pub metrics: BTreeMap<String, f64>,
}

/// A row under one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMark {
    /// The row is as the rule wants it, or the rule's filter leaves it out.
    Passed,
    /// It is not.
    Failed,
    /// The rule does not judge rows, or its filter leaves the row out and the options want that told.
    Skipped,
}

/// The verdict on a rule, before its text and labels are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) message: Option<String>,
    pub(crate) metrics: Vec<(String, f64)>,
    pub(crate) first_failing_rows: Vec<u64>,
    pub(crate) failing_rows: Option<u64>,
}

impl Verdict {
    pub(crate) fn new(outcome: Outcome, message: Option<String>) -> Self {
        Self { outcome: Some(outcome), message, ..Self::default() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, Some(message.into()))
    }

    /// Nothing to judge: AWS lets such a rule pass.
    pub(crate) fn no_rows() -> Self {
        Self::new(Outcome::Passed, Some("No rows matched the filter".to_owned()))
    }

    /// By whether `value` passes.
    pub(crate) fn of_value(passes: bool, value: f64) -> Self {
        if passes {
            Self::new(Outcome::Passed, None)
        } else {
            Self::failed(format!("Value: {value:?} does not meet the constraint requirement!"))
        }
    }

    #[must_use]
    pub(crate) fn with_metric(mut self, key: impl Into<String>, value: f64) -> Self {
        self.metrics.push((key.into(), value));
        self
    }

    /// Adds what a reader should know to the message.
    #[must_use]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.message = Some(match self.message {
            Some(message) => format!("{message} ({note})"),
            None => note.to_owned(),
        });
        self
    }
}

/// A rule that cannot be planned, and what that means for it.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, message: message.into() }
    }

    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Error, message: message.into() }
    }
}
