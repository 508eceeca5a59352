//! `RowCountMatch`: rows for each row of the reference dataset; infinite when that has none.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, column_name, lower_number};
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::value::from_count;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let alias = column_name(rule, 0)?;
    planner.references.get_mut(&alias)?;
    let key = format!("Dataset.{alias}.RowCountMatch");
    lower_number(rule, planner, key, Marks::None, move |results| {
        let reference = results.references.get(&alias).map_or(0, |reference| reference.rows);
        Measured::Value(from_count(results.rows) / from_count(reference))
    })
}
