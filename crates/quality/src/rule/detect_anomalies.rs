//! `DetectAnomalies`: whether a metric is as its past lets expect. The model is that of [`Expectation`]; AWS's own is not
//! published.

use std::collections::BTreeMap;

use sluice_dqdl::RuleType;
use sluice_dqdl::ast::{Analyzer, Rule};

use super::{Lowered, Marks, column_key, lower_analyzer};
use crate::anomaly::{Expectation, HISTORY_VALUES, LEAST_VALUES};
use crate::outcome::{Outcome, Refusal, Verdict};
use crate::plan::Planner;

pub(super) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let Some((first, columns)) = rule.parameters.split_first() else {
        return Err(Refusal::error("DetectAnomalies needs the name of a metric, such as RowCount"));
    };
    let name = first.unescaped();
    let unknown =
        || Refusal::error(format!("`{name}` is no metric whose anomalies can be told; use one such as RowCount"));
    let metric = RuleType::from_name(&name).ok_or_else(unknown)?;
    let names: Vec<String> = columns.iter().map(sluice_dqdl::ast::Parameter::unescaped).collect();
    let keys = metric_keys(metric, &names).ok_or_else(unknown)?;
    let analyzer =
        Analyzer { rule_type: metric, parameters: columns.to_vec(), tags: rule.tags.clone(), span: rule.span };
    let measured = lower_analyzer(&analyzer, planner)?;
    let past: BTreeMap<String, Vec<f64>> = keys
        .into_iter()
        .map(|key| {
            let mut values = planner.history.last(&key, HISTORY_VALUES);
            values.reverse();
            (key, values)
        })
        .collect();
    Ok(Lowered::new(Marks::None, move |results| {
        let found = (measured.judge)(results);
        if found.metrics.is_empty() {
            return found;
        }
        let mut verdict = Verdict::new(Outcome::Passed, None);
        for (key, value) in &found.metrics {
            let Some(past) = past.get(key) else { continue };
            match Expectation::after(past) {
                None => {
                    let note = format!("{key} has {} earlier values; it is judged from {LEAST_VALUES} on", past.len());
                    verdict = verdict.with_note(&note);
                }
                Some(expected) if expected.holds(*value) => {}
                Some(expected) => {
                    let note = format!(
                        "{key} is {value:?}; after {} earlier values it was expected within {:?} and {:?}",
                        past.len(),
                        expected.least,
                        expected.greatest
                    );
                    verdict = verdict.with_note(&note);
                    verdict.outcome = Some(Outcome::Failed);
                }
            }
        }
        verdict.metrics = found.metrics;
        verdict
    }))
}

/// The keys of the metrics that a type records.
fn metric_keys(metric: RuleType, columns: &[String]) -> Option<Vec<String>> {
    use RuleType as T;
    let of_columns = |names: &[&str]| Some(names.iter().map(|name| column_key(columns, name)).collect());
    match metric {
        T::RowCount => Some(vec!["Dataset.*.RowCount".to_owned()]),
        T::ColumnCount => Some(vec!["Dataset.*.ColumnCount".to_owned()]),
        T::CustomSql => Some(vec!["Dataset.*.CustomSQL".to_owned()]),
        T::DuplicateRowCount if columns.is_empty() => Some(vec!["Dataset.*.DuplicateRowCount".to_owned()]),
        _ if columns.is_empty() => None,
        T::ColumnLength => of_columns(&["MinimumLength", "MaximumLength"]),
        T::ColumnValues => of_columns(&["Minimum", "Maximum"]),
        T::Completeness
        | T::Uniqueness
        | T::UniqueValueRatio
        | T::DistinctValuesCount
        | T::DuplicateRowCount
        | T::Entropy
        | T::Mean
        | T::Sum
        | T::StandardDeviation
        | T::Variance
        | T::Range
        | T::ZerosCount
        | T::Skewness
        | T::Kurtosis
        | T::InterquartileRange
        | T::ColumnCorrelation => of_columns(&[metric.spec().name]),
        _ => None,
    }
}
