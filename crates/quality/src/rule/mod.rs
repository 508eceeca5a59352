//! Rules: what each needs to be measured, and what it makes of the measurements. One file for each family.

mod aggregate_match;
mod column_correlation;
mod column_count;
mod column_data_type;
mod column_exists;
mod column_length;
mod column_names;
mod column_values;
mod completeness;
mod custom_sql;
mod data_freshness;
mod dataset_match;
mod detect_anomalies;
mod distinctness;
mod distribution;
mod file;
mod primary_key;
mod referential_integrity;
mod row_count;
mod row_count_match;
mod schema_match;
mod statistic;
mod support;

pub(crate) use custom_sql::is_beyond_one_pass;
pub(crate) use distinctness::repeated_rows;

use arrow_buffer::BooleanBuffer;
use sluice_dqdl::RuleType;
use sluice_dqdl::ast::{Analyzer, Condition, NumberCondition, Rule};

use crate::condition::{Check, evaluated};
use crate::outcome::{Refusal, Verdict};
use crate::plan::{FilterId, MetricId, Planner, TestId};
use crate::results::Results;

/// Turns measurements into a verdict.
pub(crate) type Judge = Box<dyn Fn(&Results<'_>) -> Verdict + Send + Sync>;

/// Which row results a rule has.
#[derive(Debug, Clone)]
pub(crate) enum Marks {
    /// None: the rule judges the dataset.
    None,
    /// Rows pass all these tests and, of each count of keys, are unique.
    Rows { tests: Vec<TestId>, unique: Vec<MetricId>, filter: Option<FilterId> },
    /// The rows that pass are known beforehand.
    Kept(BooleanBuffer),
    /// No row passes.
    NoRow,
}

impl Marks {
    pub(crate) fn test(test: TestId, filter: Option<FilterId>) -> Self {
        Self::Rows { tests: vec![test], unique: Vec::new(), filter }
    }

    pub(crate) fn unique(metric: MetricId, filter: Option<FilterId>) -> Self {
        Self::Rows { tests: Vec::new(), unique: vec![metric], filter }
    }
}

/// A rule, ready to be judged.
pub(crate) struct Lowered {
    pub(crate) judge: Judge,
    pub(crate) marks: Marks,
    /// The rule with functions of past values replaced, when it has any.
    pub(crate) evaluated_rule: Option<String>,
}

impl std::fmt::Debug for Lowered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lowered").field("marks", &self.marks).finish_non_exhaustive()
    }
}

impl Lowered {
    pub(crate) fn new(marks: Marks, judge: impl Fn(&Results<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        Self { judge: Box::new(judge), marks, evaluated_rule: None }
    }
}

/// Plans a rule.
pub(crate) fn lower(rule: &Rule, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    use RuleType as T;
    match rule.rule_type {
        T::RowCount => row_count::lower(rule, planner),
        T::ColumnCount => column_count::lower(rule, planner),
        T::ColumnExists => column_exists::lower(rule, planner),
        T::ColumnNamesMatchPattern => column_names::lower(rule, planner),
        T::Completeness | T::IsComplete => completeness::lower(rule, planner),
        T::Uniqueness
        | T::IsUnique
        | T::UniqueValueRatio
        | T::DistinctValuesCount
        | T::Entropy
        | T::DuplicateRowCount => distinctness::lower(rule, planner),
        T::IsPrimaryKey => primary_key::lower(rule, planner),
        T::Mean
        | T::Sum
        | T::StandardDeviation
        | T::Variance
        | T::Range
        | T::ZerosCount
        | T::Skewness
        | T::Kurtosis
        | T::InterquartileRange => statistic::lower(rule, planner),
        T::ColumnCorrelation => column_correlation::lower(rule, planner),
        T::ColumnLength => column_length::lower(rule, planner),
        T::ColumnValues => column_values::lower(rule, planner),
        T::ColumnDataType => column_data_type::lower(rule, planner),
        T::DataFreshness => data_freshness::lower(rule, planner),
        T::RowCountMatch => row_count_match::lower(rule, planner),
        T::SchemaMatch => schema_match::lower(rule, planner),
        T::ReferentialIntegrity => referential_integrity::lower(rule, planner),
        T::DatasetMatch => dataset_match::lower(rule, planner),
        T::AggregateMatch => aggregate_match::lower(rule, planner),
        T::CustomSql => custom_sql::lower(rule, planner),
        T::DetectAnomalies => detect_anomalies::lower(rule, planner),
        T::Distribution => distribution::lower(rule, planner),
        T::FileFreshness | T::FileSize | T::FileUniqueness | T::FileMatch => file::lower(rule, planner),
        T::AllStatistics => Err(Refusal::error("AllStatistics judges nothing; write it among the analyzers")),
    }
}

/// Plans an analyzer: the rule of the same type with a condition that anything passes.
pub(crate) fn lower_analyzer(analyzer: &Analyzer, planner: &mut Planner<'_>) -> Result<Lowered, Refusal> {
    let types = match analyzer.rule_type {
        RuleType::AllStatistics => return support::all_statistics(analyzer, planner),
        other => other,
    };
    let condition = types.spec().kinds.contains(&sluice_dqdl::ast::ConditionKind::Number);
    let rule = Rule {
        rule_type: types,
        parameters: analyzer.parameters.clone(),
        condition: condition.then(|| Condition::Number(support::measuring(types, analyzer.span))),
        where_clause: None,
        threshold: None,
        tags: analyzer.tags.clone(),
        span: analyzer.span,
    };
    lower(&rule, planner)
}

/// The name of column parameter `index`.
fn column_name(rule: &Rule, index: usize) -> Result<String, Refusal> {
    rule.parameters
        .get(index)
        .map(sluice_dqdl::ast::Parameter::unescaped)
        .ok_or_else(|| Refusal::error(format!("{} needs parameter {}", rule.rule_type, index + 1)))
}

/// The numeric condition of the rule, its operands worked out for the metric called `key`, and the rule's evaluated text.
fn number_condition(rule: &Rule, key: &str, planner: &Planner<'_>) -> Result<(Check<f64>, Option<String>), Refusal> {
    let Some(Condition::Number(condition)) = &rule.condition else {
        return Err(Refusal::error(format!("{} needs a condition on a number, such as > 0.9", rule.rule_type)));
    };
    let check = planner.check(condition, key)?;
    Ok((check, evaluated_rule(rule, condition, key, planner)?))
}

fn evaluated_rule(
    rule: &Rule,
    condition: &NumberCondition,
    key: &str,
    planner: &Planner<'_>,
) -> Result<Option<String>, Refusal> {
    let replaced = evaluated(condition, key, planner.history).map_err(|problem| Refusal::error(problem.to_string()))?;
    Ok(replaced.map(|condition| {
        let mut rule = rule.clone();
        rule.condition = Some(Condition::Number(condition));
        rule.to_string()
    }))
}

/// Plans a rule on one number: `value` reads it from the results.
fn lower_number(
    rule: &Rule,
    planner: &Planner<'_>,
    key: String,
    marks: Marks,
    value: impl Fn(&Results<'_>) -> Measured + Send + Sync + 'static,
) -> Result<Lowered, Refusal> {
    let (check, evaluated_rule) = number_condition(rule, &key, planner)?;
    let mut lowered = Lowered::new(marks, move |results| judge_number(value(results), &key, &check));
    lowered.evaluated_rule = evaluated_rule;
    Ok(lowered)
}

/// What a rule on a number finds.
enum Measured {
    Value(f64),
    /// There is nothing to measure: no row, or none that the filter selects.
    NoRows,
    /// There are rows, but no value among them, or it could not be had.
    Nothing(Verdict),
}

fn judge_number(measured: Measured, key: &str, check: &Check<f64>) -> Verdict {
    match measured {
        Measured::Value(value) => Verdict::of_value(check.holds(value), value).with_metric(key, value),
        Measured::NoRows => Verdict::no_rows(),
        Measured::Nothing(verdict) => verdict,
    }
}

/// `Column.c.Name`, or `Multicolumn.a,b.Name` for several columns.
fn column_key(columns: &[String], name: &str) -> String {
    let entity = if columns.len() == 1 { "Column" } else { "Multicolumn" };
    format!("{entity}.{}.{name}", columns.join(","))
}

fn parameter_names(rule: &Rule) -> Vec<String> {
    rule.parameters.iter().map(sluice_dqdl::ast::Parameter::unescaped).collect()
}
