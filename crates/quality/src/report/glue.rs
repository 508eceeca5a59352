//! The report in the shape of AWS Glue's `GetDataQualityResult` (AWS Glue API reference, "`GetDataQualityResult`").

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Report;
use crate::outcome::{AnalyzerOutcome, Outcome, RuleOutcome};
use crate::value::count;

/// What Glue's result says besides the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GlueContext {
    /// What was evaluated, e.g. an object and its digest; it only enters `ResultId`.
    pub subject: String,
    /// `RulesetName`.
    pub ruleset_name: Option<String>,
    /// `EvaluationContext`.
    pub evaluation_context: Option<String>,
    /// Database and table of `DataSource.GlueTable`.
    pub table: Option<(String, String)>,
}

/// The report as JSON. It is a function of its arguments alone: `ResultId` is a digest, and no time stands in it.
///
/// NaN and infinite metrics are the texts `NaN`, `Infinity` and `-Infinity`, as AWS writes them in JSON. Beside Glue's
/// members stand `FailingRows` (numbers of the first failing rows, from 0, and how many fail).
pub fn glue_json(report: &Report, context: &GlueContext) -> Value {
    let mut result = Map::new();
    result.insert("Score".into(), number(report.score()));
    if let Some((database, table)) = &context.table {
        result.insert("DataSource".into(), json!({ "GlueTable": { "DatabaseName": database, "TableName": table } }));
    }
    if let Some(name) = &context.ruleset_name {
        result.insert("RulesetName".into(), json!(name));
    }
    if let Some(evaluation_context) = &context.evaluation_context {
        result.insert("EvaluationContext".into(), json!(evaluation_context));
    }
    let rules: Vec<Value> = report.rules.iter().zip(1..).map(|(rule, number)| rule_json(rule, number)).collect();
    result.insert("RuleResults".into(), rules.into());
    if !report.analyzers.is_empty() {
        let analyzers = report.analyzers.iter().zip(1..).map(|(analyzer, number)| analyzer_json(analyzer, number));
        result.insert("AnalyzerResults".into(), analyzers.collect());
    }
    result.insert("AggregatedMetrics".into(), aggregated(report));
    let digest = Sha256::digest(format!("{}\n{}", context.subject, Value::Object(result.clone())).as_bytes());
    let mut id = hex::encode(digest);
    id.truncate(40);
    result.insert("ResultId".into(), json!(format!("dqresult-{id}")));
    Value::Object(result)
}

fn rule_json(rule: &RuleOutcome, position: u64) -> Value {
    let mut result = Map::new();
    result.insert("Name".into(), json!(format!("Rule_{position}")));
    result.insert("Description".into(), json!(rule.rule));
    if let Some(message) = &rule.message {
        result.insert("EvaluationMessage".into(), json!(message));
    }
    result.insert("Result".into(), json!(rule.outcome.as_glue()));
    result.insert("EvaluatedMetrics".into(), metrics(rule.metrics.iter()));
    result.insert("EvaluatedRule".into(), json!(rule.evaluated_rule.as_ref().unwrap_or(&rule.rule)));
    if !rule.labels.is_empty() {
        result.insert("Labels".into(), json!(rule.labels));
    }
    if rule.outcome != Outcome::Passed && (rule.failing_rows.is_some() || !rule.first_failing_rows.is_empty()) {
        result.insert("FailingRows".into(), json!({ "Count": rule.failing_rows, "First": rule.first_failing_rows }));
    }
    Value::Object(result)
}

fn analyzer_json(analyzer: &AnalyzerOutcome, position: u64) -> Value {
    let mut result = Map::new();
    result.insert("Name".into(), json!(format!("Analyzer_{position}")));
    result.insert("Description".into(), json!(analyzer.analyzer));
    if let Some(message) = &analyzer.message {
        result.insert("EvaluationMessage".into(), json!(message));
    }
    result.insert("EvaluatedMetrics".into(), metrics(analyzer.metrics.iter()));
    Value::Object(result)
}

fn metrics<'m>(metrics: impl Iterator<Item = (&'m String, &'m f64)>) -> Value {
    Value::Object(metrics.map(|(key, value)| (key.clone(), number(*value))).collect())
}

fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(
        || {
            let text = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            json!(text)
        },
        Value::Number,
    )
}

fn aggregated(report: &Report) -> Value {
    let passed = report.count_of(Outcome::Passed);
    let mut result = json!({
        "TotalRowsProcessed": report.rows,
        "TotalRulesProcessed": count(report.rules.len()),
        "TotalRulesPassed": passed,
        "TotalRulesFailed": count(report.rules.len()) - passed,
    });
    if let (Some(rows), Some(result)) = (&report.row_results, result.as_object_mut()) {
        let passing = count(rows.passing_rows().count_set_bits());
        result.insert("TotalRowsPassed".into(), json!(passing));
        result.insert("TotalRowsFailed".into(), json!(report.rows - passing));
    }
    result
}
