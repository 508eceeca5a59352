//! The port to an SQL engine, for the `CustomSql` rules that one pass over the primary dataset cannot answer.
//!
//! The engine itself is heavy and lives in a crate of its own. Here is what it is asked and what it may answer; an
//! evaluation is planned once to learn the questions, and once more with the answers.

use std::collections::BTreeMap;
use std::fmt;

use arrow_buffer::BooleanBuffer;
use sluice_dqdl::RuleType;
use sluice_dqdl::ast::{Parameter, Ruleset};

use crate::error::QualityError;
use crate::outcome::Outcome;
use crate::rule::is_beyond_one_pass;

/// Whether a ruleset has a query that the one pass may leave to an SQL engine.
pub fn needs_sql_engine(ruleset: &Ruleset) -> bool {
    let beyond = |kind: RuleType, parameters: &[Parameter]| {
        kind == RuleType::CustomSql && parameters.first().is_some_and(|query| is_beyond_one_pass(&query.unescaped()))
    };
    ruleset.rules.iter().flat_map(|rule| rule.leaves()).any(|rule| beyond(rule.rule_type, &rule.parameters))
        || ruleset.analyzers.iter().any(|analyzer| beyond(analyzer.rule_type, &analyzer.parameters))
}

/// What a query is to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SqlResult {
    /// One row with one number, for a rule with a condition.
    Number,
    /// Rows of columns of the primary dataset: its rows that are among them pass.
    Rows,
}

/// A query of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SqlQuestion {
    /// The query. The primary dataset is the table `primary`, a reference dataset the table of its alias.
    pub statement: String,
    /// What it is to return.
    pub result: SqlResult,
}

/// What became of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlAnswer {
    /// The number; `None`: NULL.
    Number(Option<f64>),
    /// A bit for each row of the primary dataset, in its order: whether it is among the rows returned.
    Rows(BooleanBuffer),
    /// There is no result, and what the rule's outcome is.
    Refused {
        /// Failed where the query names what the data does not have, else an error. Never a pass.
        outcome: RefusedOutcome,
        /// Why. Never a cell.
        message: String,
    },
}

/// The outcome of a rule whose query has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedOutcome {
    /// The query names a column or a table that is not there, or is no query.
    Failed,
    /// It could not be judged.
    Error,
}

impl From<RefusedOutcome> for Outcome {
    fn from(refused: RefusedOutcome) -> Self {
        match refused {
            RefusedOutcome::Failed => Self::Failed,
            RefusedOutcome::Error => Self::Error,
        }
    }
}

/// Answers queries on one primary dataset and its references.
pub trait SqlEngine: fmt::Debug + Send + Sync {
    /// Runs a query. What is wrong with it is an answer, not an error.
    ///
    /// # Errors
    /// [`QualityError::Sql`] when the fault lies with the machine: to be tried again.
    fn answer(&self, question: &SqlQuestion) -> Result<SqlAnswer, QualityError>;
}

/// The answers to the questions of one evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SqlAnswers(BTreeMap<SqlQuestion, SqlAnswer>);

impl SqlAnswers {
    /// Asks an engine each question once.
    ///
    /// # Errors
    /// As [`SqlEngine::answer`].
    pub fn ask(engine: &dyn SqlEngine, questions: &[SqlQuestion]) -> Result<Self, QualityError> {
        let mut answers = BTreeMap::new();
        for question in questions {
            if !answers.contains_key(question) {
                answers.insert(question.clone(), engine.answer(question)?);
            }
        }
        Ok(Self(answers))
    }

    pub(crate) fn get(&self, question: &SqlQuestion) -> Option<&SqlAnswer> {
        self.0.get(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_one_pass_answers_needs_no_engine() {
        for (rules, needed) in [
            (r#"Rules = [ IsComplete "a", CustomSql "select count(*) from primary where a > 1" = 3 ]"#, false),
            (r#"Rules = [ CustomSql "select a, b from primary" ]"#, false),
            (r#"Rules = [ CustomSql "selec a" ]"#, false),
            (r#"Rules = [ (IsComplete "a") and (CustomSql "select sum(a) from primary" > 1) ]"#, true),
            (r#"Rules = [ CustomSql "select a from primary where f(a)" ]"#, true),
            (r#"Rules = [ IsComplete "a" ] Analyzers = [ CustomSql "select max(a) from primary" ]"#, true),
        ] {
            assert_eq!(needs_sql_engine(&sluice_dqdl::parse(rules).unwrap()), needed, "{rules}");
        }
    }
}
