//! Past values of metrics, which dynamic rules compare with.

use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Default)]
pub struct RecordedHistory {
    /// The values of each metric.
    pub values: BTreeMap<String, Vec<f64>>,
}

impl MetricHistory for RecordedHistory {
    fn last(&self, key: &str, count: usize) -> Vec<f64> {
        self.values.get(key).map(|values| values.iter().take(count).copied().collect()).unwrap_or_default()
    }
}
