//! Past values of metrics: what dynamic rules compare with and `DetectAnomalies` judges by.
//!
//! A [`HistoryRecord`] is written once for each object, under a name that sorts by time, the newest first; the first few
//! of a listing make the [`RecordedHistory`] of the next run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, RuleOutcome};
use crate::report::Report;
use crate::value::{count, from_count};

/// Where the values of earlier runs come from.
pub trait MetricHistory {
    /// At most `count` values of the metric called `key` (such as `Column.price.Mean`), the newest first.
    fn last(&self, key: &str, count: usize) -> Vec<f64>;
}

/// No earlier run is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHistory;

impl MetricHistory for NoHistory {
    fn last(&self, _: &str, _: usize) -> Vec<f64> {
        Vec::new()
    }
}

/// Earlier values by metric, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedHistory {
    /// The values of each metric.
    pub values: BTreeMap<String, Vec<f64>>,
}

impl RecordedHistory {
    /// The history that `records` tell, the newest of them first.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r HistoryRecord>) -> Self {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for record in records {
            for (key, value) in &record.metrics {
                values.entry(key.clone()).or_default().push(*value);
            }
        }
        Self { values }
    }
}

impl MetricHistory for RecordedHistory {
    fn last(&self, key: &str, count: usize) -> Vec<f64> {
        self.values.get(key).map(|values| values.iter().take(count).copied().collect()).unwrap_or_default()
    }
}

const VERSION: u32 = 1;
const MOST_BYTES: usize = 4 << 20;
const MOST_METRICS: usize = 20_000;

/// The metrics of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRecord {
    version: u32,
    /// When the data arrived, in microseconds since 1970-01-01T00:00Z.
    pub at_epoch_micros: i64,
    /// What was judged, for people: a URI and a digest.
    pub subject: String,
    /// Finite metrics by key.
    pub metrics: BTreeMap<String, f64>,
    /// What became of each rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RecordedRule>,
}

/// A rule and its outcome in an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRule {
    /// The rule, as AWS prints it.
    pub rule: String,
    /// `PASS`, `FAIL` or `ERROR`.
    pub outcome: String,
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// Larger than any record is.
    #[error("the record of metrics is larger than {MOST_BYTES} bytes or {MOST_METRICS} metrics; it is not one of ours")]
    Large,
    /// Not a record.
    #[error("the record of metrics cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("the record of metrics has version {0}, this engine reads version {VERSION}")]
    Version(u32),
}

impl HistoryRecord {
    /// The metrics of a report. NaN and infinite ones are left out: nothing can be expected from them.
    pub fn of(report: &Report, subject: impl Into<String>, at_epoch_micros: i64) -> Self {
        let rules = report.rules.iter().flat_map(|rule| &rule.metrics);
        let analyzers = report.analyzers.iter().flat_map(|analyzer| &analyzer.metrics);
        let finite = rules.chain(analyzers).filter(|(_, value)| value.is_finite());
        let metrics = finite.map(|(key, value)| (key.clone(), *value)).collect();
        let recorded =
            |rule: &RuleOutcome| RecordedRule { rule: rule.rule.clone(), outcome: rule.outcome.as_glue().to_owned() };
        let rules = report.rules.iter().map(recorded).collect();
        Self { version: VERSION, at_epoch_micros, subject: subject.into(), metrics, rules }
    }

    /// The share of rules that passed, 0 to 1; 1 without any rule.
    pub fn score(&self) -> f64 {
        let passed = self.rules.iter().filter(|rule| rule.outcome == Outcome::Passed.as_glue()).count();
        if self.rules.is_empty() { 1.0 } else { from_count(count(passed)) / from_count(count(self.rules.len())) }
    }

    /// The record as JSON, the same bytes for the same record.
    ///
    /// # Errors
    /// None that is known: every member has a JSON form.
    pub fn to_json(&self) -> Result<Vec<u8>, HistoryError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The bytes are too many, no record, or one of another version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, HistoryError> {
        if bytes.len() > MOST_BYTES {
            return Err(HistoryError::Large);
        }
        let record: Self = serde_json::from_slice(bytes)?;
        if record.version != VERSION {
            return Err(HistoryError::Version(record.version));
        }
        if record.metrics.len() > MOST_METRICS {
            return Err(HistoryError::Large);
        }
        Ok(record)
    }

    /// The last part of the record's name. Names sort by arrival, the newest first, because S3 lists in one direction
    /// only; two runs on one object share it when they share the object's id.
    pub fn file_name(&self, object_id: &str) -> String {
        format!("{}-{object_id}.json", Self::newest_first(self.at_epoch_micros))
    }

    /// A time as 16 hexadecimal digits that sort the newest first.
    pub fn newest_first(at_epoch_micros: i64) -> String {
        // Offset binary, so that times before 1970 sort, too; its complement turns the order round.
        let sortable = at_epoch_micros.cast_unsigned() ^ (1 << 63);
        format!("{:016x}", !sortable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at_epoch_micros: i64, mean: f64) -> HistoryRecord {
        HistoryRecord {
            version: VERSION,
            at_epoch_micros,
            subject: "s3://raw/orders.csv".to_owned(),
            metrics: BTreeMap::from([("Column.price.Mean".to_owned(), mean)]),
            rules: vec![RecordedRule { rule: "RowCount > 0".to_owned(), outcome: "PASS".to_owned() }],
        }
    }

    #[test]
    fn records_are_read_back_and_make_a_history() {
        let (older, newer) = (record(-5, 1.5), record(7, 2.5));
        assert_eq!(HistoryRecord::from_json(&newer.to_json().unwrap()).unwrap(), newer);
        assert!(newer.file_name("a") < older.file_name("a"));
        assert!(crate::value::same(newer.score(), 1.0));
        let history = RecordedHistory::of([&newer, &older]);
        assert_eq!(history.last("Column.price.Mean", 5), [2.5, 1.5]);
        assert_eq!(history.last("Column.price.Sum", 5), [0.0; 0]);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(matches!(HistoryRecord::from_json(b"[]"), Err(HistoryError::Json(_))));
        let other = br#"{"version":2,"at_epoch_micros":0,"subject":"","metrics":{}}"#;
        assert!(matches!(HistoryRecord::from_json(other), Err(HistoryError::Version(2))));
        assert!(matches!(HistoryRecord::from_json(&vec![b' '; MOST_BYTES + 1]), Err(HistoryError::Large)));
    }
}
