//! The report of an evaluation, and the shapes it is handed out in.

mod glue;

pub use glue::{GlueContext, glue_json};

use crate::outcome::{AnalyzerOutcome, Outcome, RuleOutcome};
use crate::row_result::RowResults;
use crate::value::{count, from_count};

/// What became of every rule and analyzer.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Outcomes in the order of the ruleset.
    pub rules: Vec<RuleOutcome>,
    /// Measurements in the order of the ruleset.
    pub analyzers: Vec<AnalyzerOutcome>,
    /// Rows of the table.
    pub rows: u64,
    /// Which rows pass which rules, when that was asked for.
    pub row_results: Option<RowResults>,
}

impl Report {
    /// Whether every rule passed.
    pub fn passed(&self) -> bool {
        self.rules.iter().all(|rule| rule.outcome == Outcome::Passed)
    }

    /// The share of rules that passed, 0 to 1; 1 without any rule.
    pub fn score(&self) -> f64 {
        if self.rules.is_empty() {
            1.0
        } else {
            from_count(self.count_of(Outcome::Passed)) / from_count(count(self.rules.len()))
        }
    }

    /// How many rules have an outcome.
    pub fn count_of(&self, outcome: Outcome) -> u64 {
        count(self.rules.iter().filter(|rule| rule.outcome == outcome).count())
    }
}
