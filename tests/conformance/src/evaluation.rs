//! Rulesets on tables: outcomes, metrics, row results, reasons.

use crate::suite::Report;
use crate::table::{Column, Table};
use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use sluice_quality::{
    CompositeScope, Evaluation, EvaluationOptions, FilteredRows, NoHistory, Outcome, RowMark, RowResults, RuleOutcome,
};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    id: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    additional_datasets: Option<BTreeMap<String, Table>>,
    ruleset: String,
    expected: Vec<Expected>,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
    #[serde(default)]
    informational: bool,
    metric_keys: Option<Vec<String>>,
    metric_assertions: Option<Vec<Assertion>>,
    metric_tolerance: Option<BTreeMap<String, f64>>,
    row_level_overall: Option<Vec<String>>,
    row_level_arrays: Option<BTreeMap<String, Vec<Vec<String>>>>,
    failure_reason_contains: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Expected {
    outcome: Option<String>,
    metrics: Option<BTreeMap<String, Value>>,
    row_level: Option<Vec<Option<String>>>,
    outcome_source: Option<String>,
}

#[derive(Deserialize)]
struct Assertion {
    op: String,
    value: f64,
    key: Option<String>,
}

/// Any time will do: relative dates in the tables are taken from it, too. 2024-06-15T12:00Z.
const NOW_EPOCH_MICROS: i64 = 1_718_452_800_000_000;

/// Judges the lines of `dqdl-eval.jsonl`.
pub(crate) fn run(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    if case.informational {
        return Ok(());
    }
    let report = evaluate(case)?;
    if report.rules.len() != case.expected.len() {
        return Err(format!("{} outcomes, wanted {}", report.rules.len(), case.expected.len()));
    }
    for (index, (found, expected)) in report.rules.iter().zip(&case.expected).enumerate() {
        check_rule(case, found, expected)?;
        if let (Some(wanted), Some(rows)) = (&expected.row_level, &report.row_results) {
            check_rows(rows, index, wanted)?;
        }
    }
    let metrics: BTreeMap<&String, f64> =
        report.rules.iter().flat_map(|rule| rule.metrics.iter().map(|(key, value)| (key, *value))).collect();
    for key in case.metric_keys.iter().flatten() {
        if !metrics.contains_key(key) {
            return Err(format!("no metric {key} among {:?}", metrics.keys()));
        }
    }
    for assertion in case.metric_assertions.iter().flatten() {
        if assertion.op == "skip_list_size" {
            check_skipped(assertion.value, &report)?;
            continue;
        }
        check_assertion(
            assertion,
            &metrics,
            report.rules.iter().map(|rule| rule.metrics.len()).max().unwrap_or_default(),
        )?;
    }
    for part in case.failure_reason_contains.iter().flatten() {
        if !report.rules.iter().any(|rule| rule.message.as_ref().is_some_and(|message| message.contains(part))) {
            let messages: Vec<_> = report.rules.iter().map(|rule| &rule.message).collect();
            return Err(format!("no reason contains {part:?}: {messages:?}"));
        }
    }
    match &report.row_results {
        Some(rows) => check_all_rules(case, &report.rules, rows),
        None => Err("no row results".to_owned()),
    }
}

fn evaluate(case: &Case) -> Result<sluice_quality::Report, String> {
    let ruleset = sluice_dqdl::parse(&case.ruleset).map_err(|problems| format!("refused: {problems}"))?;
    let table = Table { columns: case.columns.clone(), rows: case.rows.clone() }.batch(NOW_EPOCH_MICROS)?;
    let mut references = BTreeMap::new();
    for (alias, table) in case.additional_datasets.iter().flatten() {
        references.insert(alias.clone(), table.batch(NOW_EPOCH_MICROS)?);
    }
    let mut options = EvaluationOptions::at(NOW_EPOCH_MICROS);
    options.row_results = true;
    options.references = references.iter().map(|(alias, batch)| (alias.clone(), batch.schema())).collect();
    for (name, value) in case.options.iter().flatten() {
        match (name.as_str(), value.as_str()) {
            ("rowLevelConfiguration.filteredRowLabel", "SKIPPED") => options.filtered_rows = FilteredRows::Skip,
            ("compositeRuleEvaluation.method", "ROW") => options.composite_scope = CompositeScope::Row,
            _ => return Err(format!("option {name} = {value}")),
        }
    }
    let mut evaluation = Evaluation::new(&ruleset, &table.schema(), &options, &NoHistory);
    #[cfg(feature = "sql")]
    if !evaluation.sql_questions().is_empty() {
        options.sql_answers = answers(&table, &references, evaluation.sql_questions())?;
        evaluation = Evaluation::new(&ruleset, &table.schema(), &options, &NoHistory);
    }
    let project = |batch: &arrow_array::RecordBatch, names: Vec<String>| {
        let schema = batch.schema();
        let indices: Vec<usize> = names.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        batch.project(&indices).map_err(|error| error.to_string())
    };
    for (alias, batch) in &references {
        let batch = project(batch, evaluation.reference_columns(alias))?;
        evaluation.update_reference(alias, &batch).map_err(|error| error.to_string())?;
    }
    let names = evaluation.required_columns().into_iter().map(str::to_owned).collect();
    let batch = project(&table, names)?;
    // Two batches, so that states meet a second one.
    let half = batch.num_rows() / 2;
    for (start, length) in [(0, half), (half, batch.num_rows() - half)] {
        let first_row = u64::try_from(start).unwrap_or_default();
        evaluation.update(&batch.slice(start, length), first_row).map_err(|error| error.to_string())?;
    }
    evaluation.finish().map_err(|error| error.to_string())
}

#[cfg(feature = "sql")]
fn answers(
    table: &arrow_array::RecordBatch,
    references: &BTreeMap<String, arrow_array::RecordBatch>,
    questions: &[sluice_quality::SqlQuestion],
) -> Result<sluice_quality::SqlAnswers, String> {
    use sluice_quality_sql::{DataFusionEngine, MemoryTable, SqlLimits, SqlTables};
    let in_memory = |batch: &arrow_array::RecordBatch| MemoryTable::new(batch.schema(), vec![batch.clone()]);
    let tables = references
        .iter()
        .fold(SqlTables::of(in_memory(table)), |tables, (alias, batch)| tables.with_reference(alias, in_memory(batch)));
    let limits = SqlLimits::until(std::time::Instant::now() + std::time::Duration::from_secs(30));
    let engine = DataFusionEngine::new(tables, limits, NOW_EPOCH_MICROS);
    sluice_quality::SqlAnswers::ask(&engine, questions).map_err(|error| error.to_string())
}

fn check_rule(case: &Case, found: &RuleOutcome, expected: &Expected) -> Result<(), String> {
    let outcome = match found.outcome {
        Outcome::Passed => "Passed",
        Outcome::Failed => "Failed",
        Outcome::Error => "Error",
    };
    if let (Some(wanted), Some(_)) = (&expected.outcome, &expected.outcome_source)
        && wanted != outcome
    {
        return Err(format!("{}: {outcome} ({:?} {:?}), wanted {wanted}", found.rule, found.message, found.metrics));
    }
    for (key, wanted) in expected.metrics.iter().flatten() {
        let Some(value) = found.metrics.get(key) else {
            return Err(format!("{}: no metric {key} among {:?}", found.rule, found.metrics));
        };
        let tolerance = case.metric_tolerance.as_ref().and_then(|all| all.get(key)).copied().unwrap_or(0.0);
        let is_same = match wanted {
            Value::String(text) if text == "NaN" => value.is_nan(),
            Value::String(text) if text == "Infinity" => *value == f64::INFINITY,
            number => number.as_f64().is_some_and(|number| (number - value).abs() <= tolerance),
        };
        if !is_same {
            return Err(format!("{}: {key} is {value}, wanted {wanted}", found.rule));
        }
    }
    Ok(())
}

fn check_rows(rows: &RowResults, rule: usize, wanted: &[Option<String>]) -> Result<(), String> {
    for (row, wanted) in wanted.iter().enumerate() {
        let mark = rows.mark(rule, row);
        let word = match mark {
            RowMark::Passed => Some("Passed"),
            RowMark::Failed => Some("Failed"),
            RowMark::Skipped => Some("Skipped"),
        };
        if wanted.is_some() && wanted.as_deref() != word {
            return Err(format!("rule {rule}, row {row}: {mark:?}, wanted {wanted:?}"));
        }
    }
    Ok(())
}

fn check_all_rules(case: &Case, rules: &[RuleOutcome], rows: &RowResults) -> Result<(), String> {
    let passing = rows.passing_rows();
    for (row, wanted) in case.row_level_overall.iter().flatten().enumerate() {
        let word = if passing.value(row) { "Passed" } else { "Failed" };
        if word != wanted && wanted != "Skipped" {
            return Err(format!("row {row}: {word}, wanted {wanted}"));
        }
    }
    for (list, by_row) in case.row_level_arrays.iter().flatten() {
        let wanted_mark = match list.as_str() {
            "pass" => RowMark::Passed,
            "fail" => RowMark::Failed,
            _ => RowMark::Skipped,
        };
        for (row, wanted) in by_row.iter().enumerate() {
            let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let mut found: Vec<&str> = Vec::new();
            for (rule, outcome) in rules.iter().enumerate() {
                if rows.mark(rule, row) == wanted_mark {
                    found.push(&outcome.rule);
                }
            }
            wanted.sort_unstable();
            found.sort_unstable();
            if wanted != found {
                return Err(format!("row {row}: {list} {found:?}, wanted {wanted:?}"));
            }
        }
    }
    Ok(())
}

#[expect(clippy::float_cmp, reason = "the peers' assertions are exact")]
fn check_assertion(assertion: &Assertion, metrics: &BTreeMap<&String, f64>, most: usize) -> Result<(), String> {
    let value = match &assertion.key {
        Some(key) => metrics.iter().find(|(known, _)| **known == key).map(|(_, value)| *value),
        None => metrics.values().next().copied(),
    };
    let holds = match (assertion.op.as_str(), value) {
        ("metric_count", _) => f64::from(u32::try_from(most).unwrap_or(u32::MAX)) == assertion.value,
        (_, None) => false,
        ("trunc", Some(value)) => value.trunc() == assertion.value,
        ("trunc_x100", Some(value)) => (value * 100.0).trunc() == assertion.value,
        ("gt", Some(value)) => value > assertion.value,
        ("single_value", Some(value)) => metrics.len() == 1 && value == assertion.value,
        ("approx_comment_only", Some(value)) => (value - assertion.value).abs() < 1e-9,
        (other, _) => return Err(format!("assertion {other}")),
    };
    if holds {
        Ok(())
    } else {
        Err(format!("{} of {:?} is {value:?}, wanted {}", assertion.op, assertion.key, assertion.value))
    }
}

/// How many rules each row is skipped by.
#[expect(clippy::float_cmp, reason = "a count")]
fn check_skipped(wanted: f64, report: &sluice_quality::Report) -> Result<(), String> {
    let Some(rows) = &report.row_results else { return Err("no row results".to_owned()) };
    for row in 0..rows.rows() {
        let skipped = (0..report.rules.len()).filter(|rule| rows.mark(*rule, row) == RowMark::Skipped).count();
        if f64::from(u32::try_from(skipped).unwrap_or(u32::MAX)) != wanted {
            return Err(format!("row {row}: skipped by {skipped} rules, wanted {wanted}"));
        }
    }
    Ok(())
}
