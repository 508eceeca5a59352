//! Anomalies in series of metrics.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value};
use sluice_quality::{AnomalyStrategy, Bounds, Deviations};

use crate::suite::Report;

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    strategy: String,
    params: Map<String, Value>,
    series: Vec<f64>,
    interval: Option<(usize, usize)>,
    /// Positions, or `"ERROR"`; null when only their number is known.
    expected_indices: Value,
    #[serde(default)]
    expected_count: Option<usize>,
}

pub(crate) fn run(cases: &str) -> Result<Report> {
    Report::of_lines(cases, |case: &Case| &case.id, check)
}

fn check(case: &Case) -> Result<(), String> {
    let strategy = strategy(case)?;
    let (start, end) = case.interval.unwrap_or((0, usize::MAX));
    let found = strategy.detect(&case.series, start..end);
    if case.expected_indices == "ERROR" {
        return found.map_or(Ok(()), |found| Err(format!("found {found:?}, wanted an error")));
    }
    let found = found.map_err(|error| error.to_string())?;
    if let Some(wanted) = case.expected_count.filter(|wanted| *wanted != found.len()) {
        return Err(format!("found {found:?}, wanted {wanted}"));
    }
    if case.expected_indices.is_null() || case.expected_indices == serde_json::json!(found) {
        Ok(())
    } else {
        Err(format!("found {found:?}, wanted {}", case.expected_indices))
    }
}

fn strategy(case: &Case) -> Result<AnomalyStrategy, String> {
    let number = |name: &str| case.params.get(name).and_then(Value::as_f64);
    let flag = |name: &str, default| case.params.get(name).and_then(Value::as_bool).unwrap_or(default);
    let order = case.params.get("order").and_then(Value::as_u64).and_then(|order| usize::try_from(order).ok());
    let order = order.unwrap_or(1);
    let change = Bounds { least: number("maxRateDecrease"), greatest: number("maxRateIncrease") };
    let factor = |name: &str| if case.params.contains_key(name) { number(name) } else { Some(3.0) };
    let deviations = Deviations { lower: factor("lowerDeviationFactor"), upper: factor("upperDeviationFactor") };
    Ok(match case.strategy.as_str() {
        "AbsoluteChange" => AnomalyStrategy::AbsoluteChange { bounds: change, order },
        "RelativeRateOfChange" | "RateOfChange" => AnomalyStrategy::RelativeRateOfChange { bounds: change, order },
        "SimpleThreshold" => {
            AnomalyStrategy::SimpleThreshold(Bounds { least: number("lowerBound"), greatest: number("upperBound") })
        }
        "OnlineNormal" => AnomalyStrategy::OnlineNormal {
            deviations,
            ignored_start: number("ignoreStartPercentage").unwrap_or(0.1),
            ignore_anomalies: flag("ignoreAnomalies", true),
        },
        "BatchNormal" => AnomalyStrategy::BatchNormal { deviations, include_interval: flag("includeInterval", false) },
        "HoltWinters" => AnomalyStrategy::HoltWinters { period: period(&case.params)? },
        other => return Err(format!("strategy {other} is not there yet")),
    })
}

fn period(parameters: &Map<String, Value>) -> Result<usize, String> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("interval"), text("seasonality")) {
        ("Hourly", "Daily") => Ok(24),
        ("Daily", "Weekly") => Ok(7),
        ("Monthly", "Yearly") => Ok(12),
        other => Err(format!("season {other:?}")),
    }
}
