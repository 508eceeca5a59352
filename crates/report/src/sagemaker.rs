//! `statistics.json` and `constraints.json` of Amazon SageMaker Model Monitor (SageMaker Developer Guide, "Schema for
//! Statistics" and "Schema for Constraints"), from a profile.
//!
//! Dates, times and booleans are strings there. Of a column whose values are concealed only what is present and missing
//! is told.

use serde_json::{Map, Value, json};
use sluice_profile::{CellType, ColumnProfile, NumberValues, Profile};

/// Buckets of a distribution, as the prebuilt container makes them.
const BUCKETS: u32 = 10;
/// Values up to which a column's domain is a constraint.
const LARGEST_DOMAIN: usize = 20;

/// `statistics.json`.
pub fn statistics(profile: &Profile) -> Value {
    let features: Vec<Value> = profile.columns.iter().map(|column| statistics_of(column, profile.rows)).collect();
    json!({ "version": 0, "dataset": { "item_count": profile.rows }, "features": features })
}

/// `constraints.json`, with the monitoring configuration that the container writes by default.
pub fn constraints(profile: &Profile) -> Value {
    let features: Vec<Value> = profile.columns.iter().map(constraints_of).collect();
    json!({
        "version": 0,
        "features": features,
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
            },
        },
    })
}

fn inferred_type(column: &ColumnProfile) -> &'static str {
    match column.cell_type {
        CellType::Integral => "Integral",
        CellType::Fractional => "Fractional",
        CellType::Unknown | CellType::Opaque => "Unknown",
        CellType::Boolean | CellType::Date | CellType::Timestamp | CellType::String => "String",
    }
}

fn statistics_of(column: &ColumnProfile, rows: u64) -> Value {
    let missing = column.nulls.count.min(rows);
    let common = json!({ "num_present": rows - missing, "num_missing": missing });
    let mut feature = Map::new();
    feature.insert("name".into(), json!(column.name));
    feature.insert("inferred_type".into(), json!(inferred_type(column)));
    match column.cell_type {
        CellType::Unknown | CellType::Opaque => {}
        CellType::Integral | CellType::Fractional => {
            let mut found = Map::from_iter([("common".to_owned(), common)]);
            if let Some(values) = column.numbers.as_ref().and_then(|numbers| numbers.values.as_ref()) {
                found.extend(numbers_of(values));
            }
            feature.insert("numerical_statistics".into(), found.into());
        }
        CellType::Boolean | CellType::Date | CellType::Timestamp | CellType::String => {
            let mut found = Map::from_iter([("common".to_owned(), common)]);
            found.insert("distinct_count".into(), json!(column.distinct.values));
            if let Some(domain) = domain(column) {
                let buckets: Vec<Value> =
                    domain.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect();
                found.insert("distribution".into(), json!({ "categorical": { "buckets": buckets } }));
            }
            feature.insert("string_statistics".into(), found.into());
        }
    }
    Value::Object(feature)
}

fn numbers_of(values: &NumberValues) -> Map<String, Value> {
    let buckets: Vec<Value> = values
        .buckets(BUCKETS)
        .iter()
        .map(|bucket| json!({ "lower_bound": bucket.low, "upper_bound": bucket.high, "count": bucket.count }))
        .collect();
    let sketch = &values.sketch;
    let kll = json!({
        "buckets": buckets,
        "sketch": {
            "parameters": { "c": sketch.shrinking_factor(), "k": sketch.k() },
            "data": sketch.levels(),
        },
    });
    Map::from_iter([
        ("mean".to_owned(), json!(values.mean)),
        ("sum".to_owned(), json!(values.sum)),
        ("std_dev".to_owned(), json!(values.standard_deviation)),
        ("min".to_owned(), json!(values.min)),
        ("max".to_owned(), json!(values.max)),
        ("distribution".to_owned(), json!({ "kll": kll })),
    ])
}

fn constraints_of(column: &ColumnProfile) -> Value {
    let mut feature = Map::new();
    feature.insert("name".into(), json!(column.name));
    feature.insert("inferred_type".into(), json!(inferred_type(column)));
    feature.insert("completeness".into(), json!(column.completeness));
    if let Some(numbers) = column.numbers.as_ref().filter(|_| column.cell_type.is_numeric()) {
        feature.insert("num_constraints".into(), json!({ "is_non_negative": numbers.negative == 0 }));
    }
    if let Some(domain) = domain(column).filter(|domain| domain.len() <= LARGEST_DOMAIN) {
        let values: Vec<&str> = domain.iter().map(|(value, _)| *value).collect();
        feature.insert("string_constraints".into(), json!({ "domains": values }));
    }
    Value::Object(feature)
}

/// All values of a column of texts and their exact counts, when they are few and recur.
fn domain(column: &ColumnProfile) -> Option<Vec<(&str, u64)>> {
    let top = column.top_values.as_ref().filter(|_| inferred_type(column) == "String")?;
    let is_domain = top.is_complete && top.error == 0 && column.distinct.uniqueness <= 0.1 && !top.values.is_empty();
    let is_whole = top.values.iter().all(|value| !value.is_cut);
    (is_domain && is_whole).then(|| top.values.iter().map(|value| (value.value.as_str(), value.count)).collect())
}
