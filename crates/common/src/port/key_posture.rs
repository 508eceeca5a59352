use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::KeyError;

/// The settings of a KMS key on which our promises rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyPosture {
    /// `KeyState` of `DescribeKey`: `Enabled`, `Disabled`, `PendingDeletion` …
    pub state: String,
    /// Whether the key's material is renewed every year; nothing for a key whose material cannot be.
    pub is_rotated: Option<bool>,
    /// The key policy, JSON text.
    pub policy: String,
}

/// Reads the settings of KMS keys: `DescribeKey`, `GetKeyRotationStatus`, `GetKeyPolicy`.
#[async_trait]
pub trait KeyInspector: Send + Sync {
    /// All settings of a key, by its ARN.
    async fn key_posture(&self, key_arn: &str) -> Result<KeyPosture, KeyError>;
}
