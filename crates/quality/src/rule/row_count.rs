//! `RowCount`.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, lower_number};
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::value::from_count;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let filter = planner.filter(rule.where_clause.as_ref())?;
    lower_number(rule, planner, "Dataset.*.RowCount".to_owned(), Marks::None, move |results| {
        Measured::Value(from_count(results.rows_in(filter)))
    })
}
