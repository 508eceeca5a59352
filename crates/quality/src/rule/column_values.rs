//! `ColumnValues`: each value against numbers, texts, a pattern or days.

use sluice_dqdl::ast::{CompareOperator, Condition, Rule, StringOperand, StringTest, TagValue};

use super::support::{compliance, note_not_numbers, share, threshold};
use super::{Lowered, Marks, column_name, evaluated_rule};
use crate::cells::Kind;
use crate::condition::{Check, CheckForm, day_check};
use crate::metric::MetricSpec;
use crate::outcome::Refusal;
use crate::plan::{ColumnId, FilterId, Planner};
use crate::results::Results;
use crate::row_test::{TestSpec, TextSet};

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = column_name(rule, 0)?;
    let column = planner.comparable_column(&name)?;
    let filter = planner.filter(rule.where_clause.as_ref())?;
    match &rule.condition {
        Some(Condition::Number(condition)) => {
            let key = format!("Column.{name}.ColumnValues.Compliance");
            let check = planner.check(condition, &key)?;
            let mut lowered = numbers(rule, planner, &name, column, filter, check)?;
            lowered.evaluated_rule = evaluated_rule(rule, condition, &key, planner)?;
            Ok(lowered)
        }
        Some(Condition::String(condition)) => match &condition.test {
            StringTest::Matches { negated, pattern } => {
                let pattern = pattern.raw().unwrap_or_default().to_owned();
                let spec = TestSpec::Pattern { column, pattern, negated: *negated };
                of_share(rule, planner, format!("Column.{name}.PatternMatch"), spec, filter)
            }
            StringTest::Equal { negated, operand } => {
                let set = text_set(*negated, [(operand, operand.raw().map(str::to_owned))]);
                texts(rule, planner, &name, column, set, filter)
            }
            StringTest::In { negated, set } => {
                let set = text_set(*negated, set.operands.iter().map(|operand| (operand, operand.unescaped())));
                texts(rule, planner, &name, column, set, filter)
            }
        },
        Some(Condition::Date(condition)) => {
            let zone = rule.tag("timeZone").and_then(|tag| match &tag.value {
                TagValue::Text(zone) => Some(zone.as_str()),
                _ => None,
            });
            let now_epoch_seconds = planner.options.now_epoch_micros.div_euclid(1_000_000);
            let check = day_check(&condition.test, now_epoch_seconds, zone)
                .map_err(|problem| Refusal::error(problem.to_string()))?;
            // Deequ lets NULL pass `not between` for dates, though not for numbers.
            let null = check.null_passes() || matches!(check.form, CheckForm::Between { negated: true, .. });
            let spec = TestSpec::Day { column, check, null };
            of_share(rule, planner, format!("Column.{name}.ColumnValues.Compliance"), spec, filter)
        }
        _ => Err(Refusal::error("ColumnValues needs a condition on numbers, texts or dates")),
    }
}

fn of_share(
    rule: &Rule,
    planner: &mut Planner<'_>,
    key: String,
    spec: TestSpec,
    filter: Option<FilterId>,
) -> Result<Lowered, Refusal> {
    let threshold = threshold(rule, &key, planner)?;
    let test = planner.test(spec)?;
    let metric = compliance(planner, test, filter);
    Ok(share(key, metric, threshold, true, |_| Vec::new(), Marks::test(test, filter)))
}

fn numbers(
    rule: &Rule,
    planner: &mut Planner<'_>,
    name: &str,
    column: ColumnId,
    filter: Option<FilterId>,
    check: Check<f64>,
) -> Result<Lowered, Refusal> {
    let only_null = matches!(&check.form, CheckForm::In { values, .. } if values.is_empty());
    if only_null {
        let mut set = TextSet::new(check.is_negated());
        set.null = true;
        return texts(rule, planner, name, column, set, filter);
    }
    planner.want_numbers(column)?;
    let (least, greatest) = match &check.form {
        CheckForm::Compare(CompareOperator::Greater | CompareOperator::GreaterOrEqual, _) => (true, false),
        CheckForm::Compare(CompareOperator::Less | CompareOperator::LessOrEqual, _) => (false, true),
        CheckForm::Compare(CompareOperator::Equal, _) => (true, true),
        _ => (false, false),
    };
    let is_text = planner.kind(column) == Kind::Text;
    let moments = (least || greatest || is_text).then(|| planner.metric(MetricSpec::Moments { column, filter }));
    let key = format!("Column.{name}.ColumnValues.Compliance");
    let threshold = threshold(rule, &key, planner)?;
    let has_threshold = rule.threshold.is_some();
    let test = planner.test(TestSpec::Number { column, null: check.null_passes(), check })?;
    let metric = compliance(planner, test, filter);
    let name = name.to_owned();
    let extra = move |results: &Results<'_>| {
        let Some(moments) = moments else { return Vec::new() };
        let found = results.moments(moments);
        let metric = |wanted: bool, name_of: &str, value: Option<f64>| {
            value.filter(|_| wanted).map(|value| (format!("Column.{name}.{name_of}"), value))
        };
        let least = metric(least, "Minimum", found.least());
        let greatest = metric(greatest, "Maximum", found.greatest());
        least.into_iter().chain(greatest).collect()
    };
    let report_share = has_threshold || (!least && !greatest);
    let inner = share(key, metric, threshold, report_share, extra, Marks::test(test, filter));
    let judge = inner.judge;
    Ok(Lowered::new(inner.marks, move |results| {
        let not_numbers = moments.map_or(0, |moments| results.moments(moments).rejected);
        note_not_numbers(judge(results), not_numbers)
    }))
}

fn text_set<'o>(negated: bool, operands: impl IntoIterator<Item = (&'o StringOperand, Option<String>)>) -> TextSet {
    let mut set = TextSet::new(negated);
    for (operand, text) in operands {
        match operand {
            StringOperand::Text { .. } => set.insert(&text.unwrap_or_default()),
            StringOperand::Null => set.null = true,
            StringOperand::Empty => set.empty = true,
            StringOperand::WhitespacesOnly => set.whitespace = true,
        }
    }
    set
}

fn texts(
    rule: &Rule,
    planner: &mut Planner<'_>,
    name: &str,
    column: ColumnId,
    set: TextSet,
    filter: Option<FilterId>,
) -> Result<Lowered, Refusal> {
    of_share(rule, planner, format!("Column.{name}.ColumnValues.Compliance"), TestSpec::Text { column, set }, filter)
}
