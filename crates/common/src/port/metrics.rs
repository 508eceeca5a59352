use async_trait::async_trait;

/// Units of CloudWatch metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // CloudWatch's names
pub enum MetricUnit {
    Count,
    Bytes,
    Milliseconds,
    None,
}

impl MetricUnit {
    /// The name in CloudWatch's API and in embedded metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// One value of one metric. Names and dimensions never hold data or object keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// The unit.
    pub unit: MetricUnit,
    /// Name and value of each dimension.
    pub dimensions: Vec<(&'static str, String)>,
}

/// CloudWatch `PutMetricData`, for metrics that must outlive the log group.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// Publishes the values.
    async fn put(&self, metrics: &[Metric]) -> Result<(), MetricsError>;
}

/// Metrics could not be published. The work itself is not undone by this.
#[derive(Debug, thiserror::Error)]
#[error("PutMetricData: {code}")]
pub struct MetricsError {
    /// The error's code.
    pub code: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
