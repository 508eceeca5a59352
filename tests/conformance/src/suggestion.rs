//! Rules that profiles suggest, by Deequ's heuristics: the lines `suggestion:*` of `analyzers.jsonl`.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value};
use sluice_profile::CellType;
use sluice_profile::suggest::{Category, Facts, Heuristic, IntervalStrategy};

use crate::suite::Report;

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    analyzer: String,
    params: Map<String, Value>,
    expected: Map<String, Value>,
}

const PREFIX: &str = "suggestion:";

pub(crate) fn run(cases: &str) -> Result<Report> {
    let suggestions: Vec<&str> = cases.lines().filter(|line| line.contains("\"suggestion:")).collect();
    Report::of_lines(&suggestions.join("\n"), |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    match case.analyzer.strip_prefix(PREFIX) {
        Some("ConfidenceInterval") => check_interval(case),
        Some(rule) => check_rule(case, heuristic(case, rule)?),
        None => Err(format!("{} is no suggestion", case.analyzer)),
    }
}

fn number(map: &Map<String, Value>, name: &str) -> Option<f64> {
    map.get(name).and_then(Value::as_f64)
}

fn strategy(case: &Case) -> IntervalStrategy {
    match case.params.get("strategy").or_else(|| case.params.get("intervalStrategy")).and_then(Value::as_str) {
        Some(name) if name.starts_with("Wilson") => IntervalStrategy::Wilson,
        _ => IntervalStrategy::Wald,
    }
}

fn rows(case: &Case) -> Result<u64, String> {
    case.params.get("numRecords").and_then(Value::as_u64).ok_or_else(|| "numRecords is missing".to_owned())
}

fn check_interval(case: &Case) -> Result<(), String> {
    let share = number(&case.params, "pHat").ok_or("pHat is missing")?;
    let confidence = number(&case.params, "confidence").unwrap_or(0.95);
    let found = strategy(case).interval(share, rows(case)?, confidence);
    let is_error = case.expected.contains_key("error") || case.expected.contains_key("throws");
    let Some(found) = found else {
        return if is_error { Ok(()) } else { Err("no interval".to_owned()) };
    };
    let wanted = (number(&case.expected, "lower"), number(&case.expected, "upper"));
    if wanted == (Some(found.lower), Some(found.upper)) { Ok(()) } else { Err(format!("{found:?}, wanted {wanted:?}")) }
}

fn heuristic(case: &Case, rule: &str) -> Result<Heuristic, String> {
    let strategy = strategy(case);
    let limit = |names: [&str; 2], usual| names.iter().find_map(|name| number(&case.params, name)).unwrap_or(usual);
    Ok(match rule {
        "CompleteIfCompleteRule" => Heuristic::CompleteIfComplete,
        "RetainCompletenessRule" => Heuristic::RetainCompleteness {
            minimum: limit(["minCompleteness", "minimumCompleteness"], 0.2),
            maximum: limit(["maxCompleteness", "maximumCompleteness"], 1.0),
            strategy,
        },
        "RetainTypeRule" => Heuristic::RetainType,
        "CategoricalRangeRule" => Heuristic::CategoricalRange,
        "FractionalCategoricalRangeRule" => Heuristic::FractionalCategoricalRange {
            coverage: limit(["targetDataCoverageFraction", "coverage"], 0.9),
            strategy,
        },
        "NonNegativeNumbersRule" => Heuristic::NonNegativeNumbers,
        "UniqueIfApproximatelyUniqueRule" => Heuristic::UniqueIfApproximatelyUnique,
        other => return Err(format!("{other} is not there yet")),
    })
}

fn check_rule(case: &Case, heuristic: Heuristic) -> Result<(), String> {
    let facts = facts(case.params.get("profile").and_then(Value::as_object).ok_or("profile is missing")?)?;
    let rows = rows(case)?;
    if let Some(wanted) = case.expected.get("applies").and_then(Value::as_bool) {
        let found = heuristic.applies(&facts, rows);
        if found != wanted {
            return Err(format!("applies: {found}, wanted {wanted}"));
        }
    }
    let Some(wanted) = case.expected.get("dqdl") else { return Ok(()) };
    let found = heuristic.suggest(&facts, rows);
    match (wanted.as_str(), found) {
        (None, None) => Ok(()),
        (Some(wanted), Some(found)) if canonical(wanted)? == canonical(&found)? => Ok(()),
        (_, found) => Err(format!("{found:?}, wanted {wanted}")),
    }
}

fn canonical(rule: &str) -> Result<String, String> {
    let ruleset = sluice_dqdl::parse(&format!("Rules = [ {rule} ]")).map_err(|problems| problems.to_string())?;
    Ok(ruleset.canonical_text())
}

fn facts(profile: &Map<String, Value>) -> Result<Facts, String> {
    let cell_type = match profile.get("dataType").and_then(Value::as_str) {
        Some("String") => CellType::String,
        Some("Integral") => CellType::Integral,
        Some("Fractional") => CellType::Fractional,
        Some("Boolean") => CellType::Boolean,
        Some("Unknown") | None => CellType::Unknown,
        Some(other) => return Err(format!("unknown type {other}")),
    };
    let histogram = profile.get("histogram").and_then(Value::as_object).map(|values| {
        let category = |(value, counts): (&String, &Value)| Category {
            value: (value != "NullValue").then(|| value.clone()),
            count: counts.get(0).and_then(Value::as_u64).unwrap_or_default(),
            ratio: counts.get(1).and_then(Value::as_f64).unwrap_or_default(),
        };
        values.iter().map(category).collect()
    });
    let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Facts {
        column: text("column"),
        completeness: number(profile, "completeness").ok_or("completeness is missing")?,
        distinct: profile.get("approxNumDistinct").and_then(Value::as_u64).unwrap_or_default(),
        cell_type,
        is_type_inferred: profile.get("isDataTypeInferred").and_then(Value::as_bool).unwrap_or_default(),
        histogram,
        minimum: number(profile, "minimum"),
        is_wide: false,
    })
}
