//! `PutMetricData`.

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use sluice_common::port::{Metric, MetricUnit, Metrics, MetricsError};

use crate::error::Failure;

/// The most values of one call.
const METRICS_A_CALL: usize = 1000;
/// The most dimensions of one metric.
const MAX_DIMENSIONS: usize = 30;

/// Metrics in one CloudWatch namespace.
#[derive(Debug, Clone)]
pub struct CloudWatchMetrics {
    client: aws_sdk_cloudwatch::Client,
    namespace: String,
}

impl CloudWatchMetrics {
    pub(crate) fn new(client: aws_sdk_cloudwatch::Client, namespace: String) -> Self {
        Self { client, namespace }
    }
}

fn unit(unit: MetricUnit) -> StandardUnit {
    match unit {
        MetricUnit::Count => StandardUnit::Count,
        MetricUnit::Bytes => StandardUnit::Bytes,
        MetricUnit::Milliseconds => StandardUnit::Milliseconds,
        MetricUnit::None => StandardUnit::None,
    }
}

/// Why CloudWatch would refuse a value, and with it every other value of the same call.
fn defect(metric: &Metric) -> Option<&'static str> {
    if !metric.value.is_finite() {
        Some("ValueNotFinite")
    } else if metric.dimensions.len() > MAX_DIMENSIONS {
        Some("TooManyDimensions")
    } else {
        None
    }
}

fn datum(metric: &Metric) -> MetricDatum {
    let dimension = |(name, value): &(&'static str, String)| Dimension::builder().name(*name).value(value).build();
    MetricDatum::builder()
        .metric_name(metric.name)
        .value(metric.value)
        .unit(unit(metric.unit))
        .set_dimensions(Some(metric.dimensions.iter().map(dimension).collect()))
        .build()
}

#[async_trait]
impl Metrics for CloudWatchMetrics {
    /// Publishes what CloudWatch takes; a value that it would not take is an error after the others are published.
    async fn put(&self, metrics: &[Metric]) -> Result<(), MetricsError> {
        let sound: Vec<MetricDatum> = metrics.iter().filter(|metric| defect(metric).is_none()).map(datum).collect();
        for data in sound.chunks(METRICS_A_CALL) {
            self.client
                .put_metric_data()
                .namespace(self.namespace.as_str())
                .set_metric_data(Some(data.to_vec()))
                .send()
                .await
                .map_err(|error| Failure::from(error).metrics())?;
        }
        match metrics.iter().find_map(defect) {
            Some(code) => Err(MetricsError { code: code.to_owned(), source: None }),
            None => Ok(()),
        }
    }
}
