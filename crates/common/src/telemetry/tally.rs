use std::time::Duration;

use jiff::Timestamp;

use super::emf::{EmbeddedMetrics, EmfError};
use crate::port::MetricUnit;

/// What one invocation did, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Objects whose work was done.
    pub processed: u64,
    /// Objects for which a quarantine statement was written.
    pub quarantined: u64,
    /// Objects for which a finding was written.
    pub alarms: u64,
    /// Objects given back for another attempt.
    pub retries: u64,
    /// Of those, the ones whose handler panicked.
    pub panics: u64,
    /// Records that could not be understood; their messages are given back.
    pub undecodable: u64,
    /// Records without work: deletions, tags, test events.
    pub acknowledged: u64,
    /// Bytes read from objects.
    pub bytes: u64,
    /// Rows read from tables.
    pub rows: u64,
}

impl Tally {
    /// Writes the counters as one embedded-metric line to standard output, by function.
    ///
    /// # Errors
    /// When the namespace or the function's name is not one for CloudWatch, or standard output is closed.
    pub fn print(
        &self,
        namespace: &str,
        function: &str,
        request_id: &str,
        time: Timestamp,
        duration: Duration,
    ) -> Result<(), EmfError> {
        EmbeddedMetrics {
            namespace,
            time,
            dimensions: &[("Function", function)],
            metrics: &self.metrics(duration),
            properties: &[("requestId", request_id)],
        }
        .print()
    }

    fn metrics(&self, duration: Duration) -> [(&'static str, u64, MetricUnit); 10] {
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        [
            ("Processed", self.processed, MetricUnit::Count),
            ("Quarantined", self.quarantined, MetricUnit::Count),
            ("Alarms", self.alarms, MetricUnit::Count),
            ("Retries", self.retries, MetricUnit::Count),
            ("Panics", self.panics, MetricUnit::Count),
            ("Undecodable", self.undecodable, MetricUnit::Count),
            ("Acknowledged", self.acknowledged, MetricUnit::Count),
            ("Bytes", self.bytes, MetricUnit::Bytes),
            ("Rows", self.rows, MetricUnit::Count),
            ("Duration", duration_ms, MetricUnit::Milliseconds),
        ]
    }
}
