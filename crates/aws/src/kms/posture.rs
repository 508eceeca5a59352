//! The settings of keys: `DescribeKey`, `GetKeyRotationStatus`, `GetKeyPolicy`.

use async_trait::async_trait;
use aws_sdk_kms::types::{KeyMetadata, KeySpec, OriginType};
use sluice_common::port::{KeyError, KeyInspector, KeyPosture};

use super::unexpected;
use crate::error::Failure;

/// Reads the settings of any key.
#[derive(Debug, Clone)]
pub struct KmsInspector {
    client: aws_sdk_kms::Client,
}

impl KmsInspector {
    pub(crate) fn new(client: aws_sdk_kms::Client) -> Self {
        Self { client }
    }

    async fn is_rotated(&self, key_arn: &str, metadata: &KeyMetadata) -> Result<Option<bool>, KeyError> {
        // KMS renews symmetric material of its own alone.
        let can_be = metadata.key_spec() == Some(&KeySpec::SymmetricDefault)
            && metadata.origin().is_none_or(|origin| *origin == OriginType::AwsKms);
        if !can_be {
            return Ok(None);
        }
        let answer = self.client.get_key_rotation_status().key_id(key_arn).send().await;
        let answer = answer.map_err(|error| Failure::from(error).key("GetKeyRotationStatus"))?;
        Ok(Some(answer.key_rotation_enabled()))
    }
}

#[async_trait]
impl KeyInspector for KmsInspector {
    async fn key_posture(&self, key_arn: &str) -> Result<KeyPosture, KeyError> {
        let operation = "DescribeKey";
        let answer = self.client.describe_key().key_id(key_arn).send().await;
        let answer = answer.map_err(|error| Failure::from(error).key(operation))?;
        let metadata = answer.key_metadata().ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        let state = metadata.key_state().ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?.as_str().to_owned();
        let is_rotated = self.is_rotated(key_arn, metadata).await?;
        let operation = "GetKeyPolicy";
        let policy = self.client.get_key_policy().key_id(key_arn).policy_name("default").send().await;
        let policy = policy.map_err(|error| Failure::from(error).key(operation))?;
        let policy = policy.policy.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok(KeyPosture { state, is_rotated, policy })
    }
}
