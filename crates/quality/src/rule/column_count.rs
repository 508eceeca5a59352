//! `ColumnCount`.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, lower_number};
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::value::{count, from_count};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let columns = from_count(count(planner.schema.fields().len()));
    lower_number(rule, planner, "Dataset.*.ColumnCount".to_owned(), Marks::None, move |_| Measured::Value(columns))
}
