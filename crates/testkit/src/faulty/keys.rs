use async_trait::async_trait;
use sluice_common::Sha256Digest;
use sluice_common::port::{
    DataKey, DataKeys, Ed25519Signature, EncryptionContext, KeyError, MessageSigner, SignatureDer, Signer, SpkiDer,
};
use zeroize::Zeroizing;

use super::{Faulty, call};

#[async_trait]
impl<T: Signer> Signer for Faulty<T> {
    async fn sign(&self, digest: &Sha256Digest) -> Result<SignatureDer, KeyError> {
        call(&self.plan, "sign", self.inner.sign(digest)).await
    }

    async fn sign_on_record(&self, digest: &Sha256Digest) -> Result<(SignatureDer, Option<String>), KeyError> {
        call(&self.plan, "sign", self.inner.sign_on_record(digest)).await
    }

    async fn public_key(&self) -> Result<SpkiDer, KeyError> {
        call(&self.plan, "public_key", self.inner.public_key()).await
    }
}

#[async_trait]
impl<T: MessageSigner> MessageSigner for Faulty<T> {
    async fn sign_message(&self, message: &[u8]) -> Result<Ed25519Signature, KeyError> {
        call(&self.plan, "sign_message", self.inner.sign_message(message)).await
    }

    async fn message_key(&self) -> Result<SpkiDer, KeyError> {
        call(&self.plan, "message_key", self.inner.message_key()).await
    }
}

#[async_trait]
impl<T: DataKeys> DataKeys for Faulty<T> {
    async fn generate(&self, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        call(&self.plan, "generate", self.inner.generate(context)).await
    }

    async fn unwrap_key(&self, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        call(&self.plan, "unwrap_key", self.inner.unwrap_key(wrapped, context)).await
    }
}
