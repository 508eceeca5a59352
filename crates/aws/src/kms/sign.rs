//! `Sign` and `GetPublicKey`: digests with an `ECC_NIST_P256` key, messages with an `ECC_NIST_EDWARDS25519` key.

use async_trait::async_trait;
use aws_sdk_kms::operation::RequestId as _;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_smithy_types::Blob;
use sluice_common::Sha256Digest;
use sluice_common::port::{Ed25519Signature, KeyError, MessageSigner, SignatureDer, Signer, SpkiDer};

use super::unexpected;
use crate::error::Failure;

/// Signs with one KMS key, by the port through which it is used: digests by ECDSA, messages by Ed25519.
#[derive(Debug, Clone)]
pub struct KmsSigner {
    client: aws_sdk_kms::Client,
    key_arn: String,
}

impl KmsSigner {
    pub(crate) fn new(client: aws_sdk_kms::Client, key_arn: String) -> Self {
        Self { client, key_arn }
    }

    async fn fetch_public_key(&self) -> Result<SpkiDer, KeyError> {
        let operation = "GetPublicKey";
        let answer = self
            .client
            .get_public_key()
            .key_id(self.key_arn.as_str())
            .send()
            .await
            .map_err(|error| Failure::from(error).key(operation))?;
        let key = answer.public_key.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok(SpkiDer(key.into_inner()))
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn sign(&self, digest: &Sha256Digest) -> Result<SignatureDer, KeyError> {
        Ok(self.sign_on_record(digest).await?.0)
    }

    async fn sign_on_record(&self, digest: &Sha256Digest) -> Result<(SignatureDer, Option<String>), KeyError> {
        let operation = "Sign";
        let answer = self
            .client
            .sign()
            .key_id(self.key_arn.as_str())
            .message(Blob::new(digest.as_bytes().as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|error| Failure::from(error).key(operation))?;
        let request_id = answer.request_id().map(str::to_owned);
        let signature = answer.signature.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok((SignatureDer(signature.into_inner()), request_id))
    }

    async fn public_key(&self) -> Result<SpkiDer, KeyError> {
        self.fetch_public_key().await
    }
}

#[async_trait]
impl MessageSigner for KmsSigner {
    async fn sign_message(&self, message: &[u8]) -> Result<Ed25519Signature, KeyError> {
        let operation = "Sign";
        let answer = self
            .client
            .sign()
            .key_id(self.key_arn.as_str())
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|error| Failure::from(error).key(operation))?;
        let signature = answer.signature.ok_or_else(|| unexpected(operation, "IncompleteAnswer"))?;
        Ok(Ed25519Signature(signature.into_inner()))
    }

    async fn message_key(&self) -> Result<SpkiDer, KeyError> {
        self.fetch_public_key().await
    }
}
