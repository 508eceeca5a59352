//! `GenerateDataKey` and `Decrypt` under one symmetric key.

use async_trait::async_trait;
use aws_sdk_kms::types::DataKeySpec;
use aws_smithy_types::Blob;
use sluice_common::port::{DataKey, DataKeys, EncryptionContext, KeyError};
use zeroize::Zeroizing;

use super::unexpected;
use crate::error::Failure;

/// Makes and opens data keys under one KMS key.
#[derive(Debug, Clone)]
pub struct KmsDataKeys {
    client: aws_sdk_kms::Client,
    key_arn: String,
}

impl KmsDataKeys {
    pub(crate) fn new(client: aws_sdk_kms::Client, key_arn: String) -> Self {
        Self { client, key_arn }
    }
}

/// Moves the key out of the answer and wipes what is left of it. The SDK's own buffer of the answer is out of reach.
fn key_of(plaintext: Option<Blob>, operation: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let bytes = Zeroizing::new(plaintext.map(Blob::into_inner).unwrap_or_default());
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(unexpected(operation, "UnexpectedKeyLength"));
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

#[async_trait]
impl DataKeys for KmsDataKeys {
    async fn generate(&self, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let operation = "GenerateDataKey";
        let answer = self
            .client
            .generate_data_key()
            .key_id(self.key_arn.as_str())
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(context.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| Failure::from(error).key(operation))?;
        let plaintext = key_of(answer.plaintext, operation)?;
        let wrapped = answer.ciphertext_blob.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok(DataKey { plaintext, wrapped: wrapped.into_inner() })
    }

    /// Names the key, so that a blob wrapped under any other key is refused whatever the role may decrypt.
    async fn unwrap_key(&self, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let operation = "Decrypt";
        let answer = self
            .client
            .decrypt()
            .key_id(self.key_arn.as_str())
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(context.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| Failure::from(error).key(operation))?;
        key_of(answer.plaintext, operation)
    }
}
