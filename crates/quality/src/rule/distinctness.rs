//! Rules on how often values occur: `Uniqueness`, `IsUnique`, `UniqueValueRatio`, `DistinctValuesCount`, `Entropy` and
//! `DuplicateRowCount`.

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::Rule;

use super::{Lowered, Marks, Measured, column_key, judge_number, number_condition, parameter_names};
use crate::condition::Check;
use crate::metric::{DistinctSummary, MetricSpec};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::{FilterId, MetricId, Planner};
use crate::results::Results;
use crate::value::from_count;

/// A number about the frequencies of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    /// Rows whose values occur once, for each row that has a value.
    Uniqueness,
    /// Values that occur once, for each different value.
    UniqueValueRatio,
    /// Different values, NULL among them.
    DistinctValuesCount,
    /// In nats.
    Entropy,
    /// Rows whose values occur more than once.
    DuplicateRowCount,
}

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let (statistic, name) = match rule.rule_type {
        RuleType::UniqueValueRatio => (Statistic::UniqueValueRatio, "UniqueValueRatio"),
        RuleType::DistinctValuesCount => (Statistic::DistinctValuesCount, "DistinctValuesCount"),
        RuleType::Entropy => (Statistic::Entropy, "Entropy"),
        RuleType::DuplicateRowCount => (Statistic::DuplicateRowCount, "DuplicateRowCount"),
        _ => (Statistic::Uniqueness, "Uniqueness"),
    };
    let mut names = parameter_names(rule);
    let key = if names.is_empty() { format!("Dataset.*.{name}") } else { column_key(&names, name) };
    if names.is_empty() {
        names = planner.schema.fields().iter().map(|field| field.name().clone()).collect();
    }
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let metric = counts(&names, filter, planner)?;
    let (check, evaluated_rule) = match rule.rule_type {
        RuleType::IsUnique => (Check::equal(1.0), None),
        _ => number_condition(rule, &key, planner)?,
    };
    let marks = match statistic {
        Statistic::Uniqueness => Marks::unique(metric, filter),
        _ => Marks::None,
    };
    let tells_rows = matches!(statistic, Statistic::Uniqueness | Statistic::DuplicateRowCount);
    let mut lowered = Lowered::new(marks, move |results| {
        let measured = measure(results, metric, filter, statistic);
        let mut verdict = judge_number(measured, &key, &check);
        if verdict.outcome == Some(Outcome::Failed) && tells_rows {
            let found = results.distinct(metric);
            verdict.first_failing_rows.clone_from(&found.first_repeated);
            verdict.failing_rows = Some(repeated_rows(found));
        }
        verdict
    });
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}

/// The counts of the values of some columns.
pub(super) fn counts(
    names: &[String],
    filter: Option<FilterId>,
    planner: &mut Planner<'_>,
) -> Result<MetricId, Refusal> {
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        columns.push(planner.comparable_column(name)?);
    }
    Ok(planner.metric(MetricSpec::Distinct { columns, filter }))
}

pub(super) fn measure(
    results: &Results<'_>,
    metric: MetricId,
    filter: Option<FilterId>,
    statistic: Statistic,
) -> Measured {
    let found = results.distinct(metric);
    if results.rows_in(filter) == 0 {
        return Measured::NoRows;
    }
    let no_value = || Measured::Nothing(Verdict::failed("All values are NULL"));
    match statistic {
        Statistic::DistinctValuesCount => Measured::Value(from_count(found.distinct + u64::from(found.null_rows > 0))),
        Statistic::DuplicateRowCount => Measured::Value(from_count(repeated_rows(found))),
        _ if found.rows == 0 => no_value(),
        Statistic::Uniqueness => Measured::Value(from_count(found.once) / from_count(found.rows)),
        Statistic::UniqueValueRatio => Measured::Value(from_count(found.once) / from_count(found.distinct)),
        Statistic::Entropy => Measured::Value(found.entropy()),
    }
}

/// Rows that have a twin; rows of NULLs only are left out.
pub(crate) const fn repeated_rows(found: &DistinctSummary) -> u64 {
    found.rows.saturating_sub(found.once)
}
