//! CloudWatch embedded metric format: metrics as log lines, without a call to CloudWatch.
//!
//! Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::port::MetricUnit;

/// Metrics in one line.
pub const MAX_METRICS: usize = 100;
/// Dimensions in one set.
pub const MAX_DIMENSIONS: usize = 30;
/// Bytes of a dimension's value and of a namespace.
pub const MAX_NAME_BYTES: usize = 255;

/// Metrics of one moment under one set of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedMetrics<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// When they were taken.
    pub time: Timestamp,
    /// Names and values that select them.
    pub dimensions: &'a [(&'static str, &'a str)],
    /// Names, values and units.
    pub metrics: &'a [(&'static str, u64, MetricUnit)],
    /// Names and values that only explain them, for a person who searches the logs.
    pub properties: &'a [(&'static str, &'a str)],
}

/// Why metrics cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmfError {
    /// More metrics than one line holds.
    #[error("{0} metrics; one line holds 1 to {MAX_METRICS}")]
    Metrics(usize),
    /// More dimensions than a set holds.
    #[error("{0} dimensions; a set holds {MAX_DIMENSIONS}")]
    Dimensions(usize),
    /// A name that CloudWatch refuses.
    #[error("namespace or dimension {0}: expected 1 to {MAX_NAME_BYTES} bytes of visible ASCII")]
    Name(&'static str),
    /// The same name twice.
    #[error("the name {0} stands twice")]
    Duplicate(&'static str),
    /// The line could not be put together or written.
    #[error("the line could not be written")]
    Write(#[from] io::Error),
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    metadata: Metadata<'a>,
    #[serde(flatten)]
    members: BTreeMap<&'a str, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'a str>; 1],
    metrics: Vec<Definition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'static str,
}

impl EmbeddedMetrics<'_> {
    /// The line, without a line break.
    ///
    /// # Errors
    /// When CloudWatch would not take it.
    pub fn line(&self) -> Result<String, EmfError> {
        self.check()?;
        let mut members = BTreeMap::new();
        for &(name, text) in self.dimensions.iter().chain(self.properties) {
            if members.insert(name, Value::from(text)).is_some() {
                return Err(EmfError::Duplicate(name));
            }
        }
        for &(name, value, _) in self.metrics {
            if members.insert(name, Value::from(value)).is_some() {
                return Err(EmfError::Duplicate(name));
            }
        }
        let directive = Directive {
            namespace: self.namespace,
            dimensions: [self.dimensions.iter().map(|&(name, _)| name).collect()],
            metrics: self.metrics.iter().map(|&(name, _, unit)| Definition { name, unit: unit.as_str() }).collect(),
        };
        let metadata = Metadata { timestamp: self.time.as_millisecond(), cloud_watch_metrics: [directive] };
        serde_json::to_string(&Line { metadata, members }).map_err(|json| EmfError::Write(json.into()))
    }

    /// Writes the line to standard output.
    ///
    /// # Errors
    /// When CloudWatch would not take it, or standard output is closed.
    pub fn print(&self) -> Result<(), EmfError> {
        let mut line = self.line()?;
        line.push('\n');
        Ok(io::stdout().lock().write_all(line.as_bytes())?)
    }

    fn check(&self) -> Result<(), EmfError> {
        if self.metrics.is_empty() || self.metrics.len() > MAX_METRICS {
            return Err(EmfError::Metrics(self.metrics.len()));
        }
        if self.dimensions.len() > MAX_DIMENSIONS {
            return Err(EmfError::Dimensions(self.dimensions.len()));
        }
        let is_name = |text: &str| {
            (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        };
        if !is_name(self.namespace) {
            return Err(EmfError::Name("namespace"));
        }
        match self.dimensions.iter().find(|(_, value)| !is_name(value)) {
            Some(&(name, _)) => Err(EmfError::Name(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metrics<'a>(
        dimensions: &'a [(&'static str, &'a str)],
        metrics: &'a [(&'static str, u64, MetricUnit)],
    ) -> EmbeddedMetrics<'a> {
        EmbeddedMetrics {
            namespace: "Sluice",
            time: Timestamp::from_millisecond(1_574_109_732_004).unwrap(),
            dimensions,
            metrics,
            properties: &[("requestId", "989ffbf8-9ace-4817-a57c-e4dd734019ee")],
        }
    }

    #[test]
    fn line_has_the_documented_shape() {
        let line = metrics(&[("Function", "seal")], &[("Bytes", 100, MetricUnit::Bytes)]).line().unwrap();
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_574_109_732_004_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Sluice",
                        "Dimensions": [["Function"]],
                        "Metrics": [{"Name": "Bytes", "Unit": "Bytes"}]
                    }]
                },
                "Function": "seal",
                "Bytes": 100,
                "requestId": "989ffbf8-9ace-4817-a57c-e4dd734019ee"
            })
        );
    }

    #[test]
    fn limits_hold() {
        let many = vec![("A", 1, MetricUnit::Count); MAX_METRICS + 1];
        assert!(matches!(metrics(&[], &many).line(), Err(EmfError::Metrics(101))));
        assert!(matches!(metrics(&[], &[]).line(), Err(EmfError::Metrics(0))));
        let wide = vec![("D", "x"); MAX_DIMENSIONS + 1];
        let one = [("A", 1, MetricUnit::Count)];
        assert!(matches!(metrics(&wide, &one).line(), Err(EmfError::Dimensions(31))));
        assert!(matches!(metrics(&[("D", "")], &one).line(), Err(EmfError::Name("D"))));
        assert!(matches!(metrics(&[("A", "x")], &one).line(), Err(EmfError::Duplicate("A"))));
    }
}
