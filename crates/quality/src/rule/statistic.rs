//! Rules on one number of a column: `Mean`, `Sum`, `StandardDeviation`, `Variance`, `Range`, `ZerosCount`, `Skewness`,
//! `Kurtosis`, `InterquartileRange`.

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::Rule;

use super::support::note_not_numbers;
use super::{Lowered, Marks, Measured, column_name, judge_number, number_condition};
use crate::metric::{MetricSpec, NumberQuery};
use crate::outcome::{Refusal, Verdict};
use crate::plan::{MetricId, Planner};
use crate::results::Results;
use crate::value::from_count;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let key = format!("Column.{name}.{}", rule.rule_type);
    let column = planner.number_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let moments = planner.metric(MetricSpec::Moments { column, filter });
    let rule_type = rule.rule_type;
    let shaped = matches!(rule_type, RuleType::ZerosCount | RuleType::Skewness | RuleType::Kurtosis);
    let shape = shaped.then(|| planner.metric(MetricSpec::Shape { column, filter }));
    let quartiles = (rule_type == RuleType::InterquartileRange).then(|| {
        planner.metric(MetricSpec::Numbers { column, query: NumberQuery::Quantiles(vec![0.25, 0.75]), filter })
    });
    let read = move |results: &Results<'_>| match quartiles {
        Some(quartiles) => match results.numbers(quartiles)?.quantiles.as_slice() {
            [first, third] => Some(third - first),
            _ => None,
        },
        None => read(results, rule_type, moments, shape),
    };
    let mut lowered = Lowered::new(Marks::None, move |results| {
        if results.rows_in(filter) == 0 {
            return Verdict::no_rows();
        }
        let measured = match read(results) {
            Some(value) => Measured::Value(value),
            None => Measured::Nothing(Verdict::failed("the column has no numbers: all values are NULL or other text")),
        };
        note_not_numbers(judge_number(measured, &key, &check), results.moments(moments).rejected)
    });
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}

fn read(results: &Results<'_>, rule_type: RuleType, moments: MetricId, shape: Option<MetricId>) -> Option<f64> {
    let found = results.moments(moments);
    let shape = shape.map(|shape| results.shape(shape)).unwrap_or_default();
    match rule_type {
        RuleType::Sum => found.sum(),
        RuleType::StandardDeviation => found.standard_deviation(),
        RuleType::Variance => found.variance(),
        RuleType::Range => Some(found.greatest()? - found.least()?),
        RuleType::ZerosCount => Some(from_count(shape.zeros)),
        RuleType::Skewness => shape.skewness(),
        RuleType::Kurtosis => shape.kurtosis(),
        _ => found.mean(),
    }
}
