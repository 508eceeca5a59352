use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::disposition::{Dispose, Disposition};

/// The settings of a CloudTrail trail on which the audit rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // CloudTrail's switches
pub struct TrailPosture {
    /// Whether it records.
    pub is_logging: bool,
    /// Whether its log files are listed in signed digests.
    pub validates_log_files: bool,
    /// Whether it records every region.
    pub is_multi_region: bool,
    /// Whether changes of settings are recorded, reads and writes.
    pub records_management: bool,
    /// ARN prefixes of the S3 objects whose reads and writes are recorded, sorted.
    pub records_objects: Vec<String>,
}

/// A trail's settings could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {code}")]
pub struct TrailSettingsError {
    /// The CloudTrail operation.
    pub operation: &'static str,
    /// The error's code.
    pub code: String,
}

impl Dispose for TrailSettingsError {
    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }

    fn reason(&self) -> &'static str {
        "trail_settings_unreadable"
    }
}

/// Reads the settings of trails: `GetTrail`, `GetTrailStatus`, `GetEventSelectors`.
#[async_trait]
pub trait TrailInspector: Send + Sync {
    /// All settings of a trail, by its ARN.
    async fn trail_posture(&self, trail_arn: &str) -> Result<TrailPosture, TrailSettingsError>;
}
