//! What several families share: rules on a share of rows, analyzers.

use sluice_dqdl::ast::{Analyzer, CompareOperator, NumberCondition, NumberExpr, NumberKind, Rule, Test};
use sluice_dqdl::{RuleType, Span};

use super::{Lowered, Marks};
use crate::condition::Check;
use crate::metric::{Compliance, MetricSpec};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::{FilterId, MetricId, Planner, TestId};
use crate::results::Results;
use crate::value::{from_count, same};

/// A condition for a rule of which only the metrics are wanted: every number passes, but that equality is what lets
/// `ColumnValues` report the least and the greatest.
pub(super) fn measuring(rule_type: RuleType, span: Span) -> NumberCondition {
    let operand = NumberExpr { kind: NumberKind::Literal { value: f64::NAN, text: String::new() }, span };
    let equal = rule_type == RuleType::ColumnValues;
    let operator = if equal { CompareOperator::Equal } else { CompareOperator::NotEqual };
    NumberCondition { test: Test::Compare { operator, operand }, span }
}

/// What the share of passing rows is compared with: the rule's threshold, or all.
pub(super) fn threshold(rule: &Rule, key: &str, planner: &Planner<'_>) -> Result<Check<f64>, Refusal> {
    match &rule.threshold {
        Some(threshold) => planner.check(threshold, key),
        None => Ok(Check::equal(1.0)),
    }
}

/// Rows that pass a test, as a metric.
pub(super) fn compliance(planner: &mut Planner<'_>, test: TestId, filter: Option<FilterId>) -> MetricId {
    planner.metric(MetricSpec::Compliance { test, filter })
}

/// Plans a rule on the share of rows that pass a test. `extra` adds further metrics.
pub(super) fn share(
    key: String,
    metric: MetricId,
    threshold: Check<f64>,
    report_share: bool,
    extra: impl Fn(&Results<'_>) -> Vec<(String, f64)> + Send + Sync + 'static,
    marks: Marks,
) -> Lowered {
    Lowered::new(marks, move |results| {
        let found = results.compliance(metric);
        if found.rows == 0 {
            return Verdict::no_rows();
        }
        let mut verdict = judge_share(&found, &threshold);
        if report_share {
            verdict = verdict.with_metric(&key, found.ratio());
        }
        verdict.metrics.extend(extra(results));
        verdict
    })
}

/// Judges a share of rows, of which there is at least one.
pub(super) fn judge_share(found: &Compliance, threshold: &Check<f64>) -> Verdict {
    let ratio = found.ratio();
    let mut verdict = if threshold.holds(ratio) {
        Verdict::new(Outcome::Passed, None)
    } else if *threshold == Check::equal(1.0) {
        Verdict::failed(format!(
            "Value: {ratio:?} does not meet the constraint requirement! {:.2}% of rows passed",
            ratio * 100.0
        ))
    } else {
        Verdict::of_value(false, ratio)
    };
    verdict.failing_rows = Some(found.rows - found.passed);
    verdict.first_failing_rows.clone_from(&found.first_failing);
    verdict
}

/// Says how many cells of a column of texts were no numbers, when any were.
pub(super) fn note_not_numbers(verdict: Verdict, not_numbers: u64) -> Verdict {
    if not_numbers == 0 {
        return verdict;
    }
    verdict.with_note(&format!("{not_numbers} cells are not numbers and were left out"))
}

/// `AllStatistics`: everything about one column that one pass tells.
pub(super) fn all_statistics(analyzer: &Analyzer, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let name = analyzer.parameters.first().map(sluice_dqdl::ast::Parameter::unescaped).unwrap_or_default();
    let column = planner.comparable_column(&name)?;
    let completeness = planner.metric(MetricSpec::Completeness { column, filter: None });
    let distinct = planner.metric(MetricSpec::Distinct { columns: vec![column], filter: None });
    let lengths = planner.metric(MetricSpec::Lengths { column, filter: None });
    let moments =
        planner.want_numbers(column).is_ok().then(|| planner.metric(MetricSpec::Moments { column, filter: None }));
    Ok(Lowered::new(Marks::None, move |results| {
        let mut verdict = Verdict::new(Outcome::Passed, None);
        let mut add = |metric: &str, value: Option<f64>| {
            if let Some(value) = value {
                verdict.metrics.push((format!("Column.{name}.{metric}"), value));
            }
        };
        let found = results.completeness(completeness);
        add("Completeness", (found.rows > 0).then(|| found.ratio()));
        let found = results.distinct(distinct);
        let (distinct, once) = (from_count(found.distinct), from_count(found.once));
        add("DistinctValuesCount", Some(distinct + if found.null_rows > 0 { 1.0 } else { 0.0 }));
        add("Uniqueness", (found.rows > 0).then(|| once / from_count(found.rows)));
        add("UniqueValueRatio", (!same(distinct, 0.0)).then(|| once / distinct));
        add("Entropy", (found.rows > 0).then(|| found.entropy()));
        if let Some((least, greatest)) = results.lengths(lengths).extent {
            add("MinimumLength", Some(from_count(least)));
            add("MaximumLength", Some(from_count(greatest)));
        }
        if let Some(moments) = moments {
            let found = results.moments(moments);
            add("Minimum", found.least());
            add("Maximum", found.greatest());
            add("Mean", found.mean());
            add("Sum", found.sum());
            add("StandardDeviation", found.standard_deviation());
        }
        verdict
    }))
}
