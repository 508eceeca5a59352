//! `AggregateMatch`: the ratio of two sums or averages, of either dataset.

use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, column_name, lower_number};
use crate::metric::{MetricSpec, Moments};
use crate::outcome::{Refusal, Verdict};
use crate::plan::{MetricId, Planner, find_column, plain_name};
use crate::results::Results;
use crate::value::same;

#[derive(Debug, Clone)]
struct Aggregate {
    average: bool,
    column: String,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Primary(MetricId),
    Reference { alias: String, sum: usize },
}

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let first = aggregate(&column_name(rule, 0)?, planner)?;
    let second = aggregate(&column_name(rule, 1)?, planner)?;
    let columns = if first.column == second.column {
        first.column.clone()
    } else {
        format!("{},{}", first.column, second.column)
    };
    lower_number(rule, planner, format!("Column.{columns}.AggregateMatch"), Marks::None, move |results| {
        let (Some(first), Some(second)) = (first.value(results), second.value(results)) else {
            return Measured::Nothing(Verdict::failed("Cannot evaluate: a column has no numbers"));
        };
        Measured::Value(match (same(first, 0.0), same(second, 0.0)) {
            (true, true) => 1.0,
            (false, true) => 0.0,
            _ => first / second,
        })
    })
}

/// `sum(column)` or `avg(alias.column)`.
fn aggregate(text: &str, planner: &mut Planner<'_>) -> Result<Aggregate, Refusal> {
    let wrong =
        || Refusal::error(format!("`{text}` is no aggregate; write sum(column), avg(column) or sum(alias.column)"));
    let (name, argument) = text.trim().split_once('(').ok_or_else(wrong)?;
    let argument = argument.trim_end().strip_suffix(')').ok_or_else(wrong)?.trim();
    let average = match name.trim().to_ascii_lowercase().as_str() {
        "sum" => false,
        "avg" => true,
        _ => return Err(wrong()),
    };
    if find_column(planner.schema, argument).is_none()
        && let Some((alias, column)) = argument.split_once('.')
        && alias != "primary"
    {
        let sum = planner.references.get_mut(alias)?.keep_sum(column)?;
        let source = Source::Reference { alias: alias.to_owned(), sum };
        return Ok(Aggregate { average, column: plain_name(column), source });
    }
    let name = argument.strip_prefix("primary.").unwrap_or(argument);
    let column = planner.number_column(name)?;
    let source = Source::Primary(planner.metric(MetricSpec::Moments { column, filter: None }));
    Ok(Aggregate { average, column: plain_name(name), source })
}

impl Aggregate {
    fn value(&self, results: &Results<'_>) -> Option<f64> {
        let moments: Moments = match &self.source {
            Source::Primary(metric) => results.moments(*metric),
            Source::Reference { alias, sum } => *results.references.get(alias)?.sum(*sum)?,
        };
        if self.average { moments.mean() } else { moments.sum() }
    }
}
