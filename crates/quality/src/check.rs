//! A whole table judged by a ruleset, from an open reader to a report.

use sluice_dqdl::ast::Ruleset;
use sluice_dqdl::registry::RuleType;
use sluice_tabular::{ColumnPath, Reader, TabularError};

use crate::error::QualityError;
use crate::evaluate::Evaluation;
use crate::history::MetricHistory;
use crate::options::EvaluationOptions;
use crate::report::Report;

/// Why a table could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The table could not be read.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// The evaluation could not go on.
    #[error(transparent)]
    Quality(#[from] QualityError),
}

/// Reads a table once, only the columns that the ruleset needs, and judges every rule.
///
/// The columns of JSON Lines come up as it is read. Those that the ruleset names are asked for, so that a field which
/// only later rows have counts as missing in the first ones; `ColumnExists` sees what the first block has.
///
/// # Errors
/// When the table is malformed, crosses a cap or cannot be read to its end.
pub fn check(
    mut reader: Reader,
    ruleset: &Ruleset,
    options: &EvaluationOptions,
    history: &dyn MetricHistory,
) -> Result<Report, CheckError> {
    if reader.is_json_lines() {
        reader.require(&named_columns(ruleset))?;
    }
    let mut evaluation = Evaluation::new(ruleset, &reader.schema(), options, history);
    let required: Vec<ColumnPath> = evaluation.required_columns().into_iter().map(ColumnPath::new).collect();
    reader.project(&required)?;
    reader.text_as_bytes();
    for block in reader {
        let block = block?;
        evaluation.update(&block.batch, block.first_row)?;
    }
    Ok(evaluation.finish()?)
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
