use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sluice_common::port::{Metric, Metrics, MetricsError};

use crate::locked;

/// Metrics in memory. Clones share the values.
#[derive(Debug, Clone, Default)]
pub struct MemoryMetrics(Arc<Mutex<Vec<Metric>>>);

impl MemoryMetrics {
    /// No metrics yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The values put so far, in order.
    pub fn values(&self) -> Vec<Metric> {
        locked(&self.0).clone()
    }

    /// The sum of one metric over all its dimensions.
    pub fn sum(&self, name: &str) -> f64 {
        locked(&self.0).iter().filter(|metric| metric.name == name).map(|metric| metric.value).sum()
    }
}

#[async_trait]
impl Metrics for MemoryMetrics {
    async fn put(&self, metrics: &[Metric]) -> Result<(), MetricsError> {
        locked(&self.0).extend_from_slice(metrics);
        Ok(())
    }
}
