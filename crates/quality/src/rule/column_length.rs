//! `ColumnLength`. A NULL has no length and does not count, as in Deequ; only in a list that holds 0 it is the length 0.

use sluice_dqdl::ast::{CompareOperator, Rule};

use super::support::{compliance, share};
use super::{Lowered, Marks, column_name, number_condition};
use crate::condition::{Check, CheckForm};
use crate::metric::MetricSpec;
use crate::outcome::Refusal;
use crate::plan::Planner;
use crate::row_test::TestSpec;
use crate::value::from_count;

/// Which metrics AWS reports for a condition.
#[derive(Debug, Clone, Copy)]
struct Reported {
    least: bool,
    greatest: bool,
    share: bool,
}

fn reported(check: &Check<f64>) -> Reported {
    let (least, greatest) = match &check.form {
        CheckForm::Compare(CompareOperator::Greater | CompareOperator::GreaterOrEqual, _) => (true, false),
        CheckForm::Compare(CompareOperator::Less | CompareOperator::LessOrEqual, _) => (false, true),
        CheckForm::Compare(..) | CheckForm::Between { negated: false, .. } => (true, true),
        CheckForm::Between { negated: true, .. } | CheckForm::In { .. } => (false, false),
    };
    Reported { least, greatest, share: !least && !greatest }
}

fn null_passes(check: &Check<f64>) -> bool {
    match &check.form {
        CheckForm::In { .. } => check.holds(0.0),
        CheckForm::Compare(..) | CheckForm::Between { .. } => true,
    }
}

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let key = format!("Column.{name}.LengthCompliance");
    let column = planner.comparable_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let reported = reported(&check);
    let test = planner.test(TestSpec::Length { column, null: null_passes(&check), check })?;
    let metric = compliance(planner, test, filter);
    let lengths = (reported.least || reported.greatest).then(|| planner.metric(MetricSpec::Lengths { column, filter }));
    let extra = move |results: &crate::results::Results<'_>| {
        let Some((least, greatest)) = lengths.and_then(|lengths| results.lengths(lengths).extent) else {
            return Vec::new();
        };
        let least = reported.least.then(|| (format!("Column.{name}.MinimumLength"), from_count(least)));
        let greatest = reported.greatest.then(|| (format!("Column.{name}.MaximumLength"), from_count(greatest)));
        least.into_iter().chain(greatest).collect()
    };
    let mut lowered = share(key, metric, Check::equal(1.0), reported.share, extra, Marks::test(test, filter));
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}
