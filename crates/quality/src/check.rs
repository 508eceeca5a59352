//! A whole table judged by a ruleset, from an open reader to a report.

use sluice_dqdl::ast::Ruleset;
use sluice_dqdl::registry::RuleType;
use sluice_tabular::{ColumnPath, Reader, TabularError};

use crate::error::QualityError;
use crate::evaluate::Evaluation;
use crate::history::MetricHistory;
use crate::options::EvaluationOptions;
use crate::relay;
use crate::report::Report;
use crate::sql::SqlAnswers;
use crate::stored_table::take_in_references;

/// Why a table could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The table could not be read.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// The evaluation could not go on.
    #[error(transparent)]
    Quality(#[from] QualityError),
    /// A reference dataset could not be taken in: the fault is not the table's.
    #[error("reference dataset `{alias}`: {source}")]
    Reference {
        /// Its alias.
        alias: String,
        /// What was wrong with it.
        source: Box<Self>,
    },
}

/// Reads a table once, only the columns that the ruleset needs, and judges every rule.
///
/// # Errors
/// As [`measure`].
pub fn check(
    reader: Reader,
    ruleset: &Ruleset,
    options: &EvaluationOptions,
    history: &dyn MetricHistory,
) -> Result<Report, CheckError> {
    Ok(measure(reader, ruleset, options, history)?.finish()?)
}

/// Reads a table once, only the columns that the ruleset needs. What comes back can be stored, merged or judged.
///
/// The columns of JSON Lines come up as it is read. Those that the ruleset names are asked for, so that a field which
/// only later rows have counts as missing in the first ones; `ColumnExists` sees what the first block has.
///
/// Two cores or more are used; what is measured does not depend on how many.
///
/// # Errors
/// When the table is malformed, crosses a cap or cannot be read to its end.
pub fn measure(
    reader: Reader,
    ruleset: &Ruleset,
    options: &EvaluationOptions,
    history: &dyn MetricHistory,
) -> Result<Evaluation, CheckError> {
    measure_on(relay::threads(), reader, ruleset, options, history)
}

/// [`measure`] on so many threads.
///
/// # Errors
/// As [`measure`].
pub fn measure_on(
    threads: usize,
    mut reader: Reader,
    ruleset: &Ruleset,
    options: &EvaluationOptions,
    history: &dyn MetricHistory,
) -> Result<Evaluation, CheckError> {
    if reader.is_json_lines() {
        reader.require(&named_columns(ruleset))?;
    }
    let options = options.with_schemas();
    let mut evaluation = Evaluation::new(ruleset, &reader.schema(), &options, history);
    if let (Some(engine), false) = (&options.sql_engine, evaluation.sql_questions().is_empty()) {
        let mut options = options.clone().into_owned();
        options.sql_answers = SqlAnswers::ask(engine.as_ref(), evaluation.sql_questions())?;
        evaluation = Evaluation::new(ruleset, &reader.schema(), &options, history);
    }
    take_in_references(&mut evaluation, &options)?;
    let required: Vec<ColumnPath> = evaluation.required_columns().into_iter().map(ColumnPath::new).collect();
    reader.project(&required)?;
    reader.text_as_bytes();
    let presence: Vec<ColumnPath> = evaluation.presence_columns().into_iter().map(ColumnPath::new).collect();
    reader.only_presence(&presence)?;
    relay::take_in_all(reader, &mut evaluation, threads)?;
    Ok(evaluation)
}

/// The columns that rules name as their targets.
fn named_columns(ruleset: &Ruleset) -> Vec<ColumnPath> {
    let rules = ruleset.rules.iter().flat_map(|rule| rule.leaves());
    let mut columns: Vec<String> = rules
        .filter(|rule| rule.rule_type != RuleType::ColumnExists)
        .flat_map(|rule| rule.named_parameters().into_iter().zip(&rule.parameters))
        .filter(|((name, _), _)| name.starts_with("TargetColumn"))
        .map(|(_, parameter)| parameter.unescaped())
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns.into_iter().map(ColumnPath::new).collect()
}
