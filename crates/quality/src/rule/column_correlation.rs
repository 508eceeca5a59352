//! `ColumnCorrelation`: Pearson's, over the rows where both columns have a number.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, column_key, lower_number, parameter_names};
use crate::metric::MetricSpec;
use crate::outcome::{Refusal, Verdict};
use crate::plan::Planner;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let names = parameter_names(rule);
    let [left, right] = names.as_slice() else {
        return Err(Refusal::error("ColumnCorrelation needs two columns"));
    };
    let columns = (planner.number_column(left)?, planner.number_column(right)?);
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let metric = planner.metric(MetricSpec::Comoments { columns, filter });
    lower_number(rule, planner, column_key(&names, "ColumnCorrelation"), Marks::None, move |results| {
        match results.comoments(metric).correlation() {
            Some(value) => Measured::Value(value),
            None if results.rows_in(filter) == 0 => Measured::NoRows,
            None => Measured::Nothing(Verdict::failed("no row has a number in both columns")),
        }
    })
}
