//! What signs a statement from the command line: a key in a file, or one in KMS.

use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use sluice_common::Sha256Digest;
use sluice_common::port::{KeyError, SignatureDer, Signer, SpkiDer};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::cloud::Cloud;

/// A signer, and the runtime that its clients live in.
pub(super) struct StatementSigner {
    pub(super) signer: Arc<dyn Signer>,
    /// Held as long as the clients are used.
    #[expect(dead_code, reason = "the clients live in it")]
    pub(super) runtime: Option<Runtime>,
}

/// Opens what `--signing-key` names.
pub(super) fn open(key: &str) -> anyhow::Result<StatementSigner> {
    if key.starts_with("arn:") {
        let cloud = Cloud::connect()?;
        let signer = Arc::new(cloud.aws.signer(key));
        return Ok(StatementSigner { signer, runtime: Some(cloud.runtime) });
    }
    let pem = Zeroizing::new(fs::read_to_string(key).with_context(|| key.to_owned())?);
    let signing = SigningKey::from_pkcs8_pem(&pem)
        .map_err(|_would_quote_the_key| anyhow::anyhow!("expected a P-256 private key in PEM (PKCS #8)"))
        .with_context(|| key.to_owned())?;
    Ok(StatementSigner { signer: Arc::new(FileSigner(signing)), runtime: None })
}

struct FileSigner(SigningKey);

#[async_trait]
impl Signer for FileSigner {
    async fn sign(&self, digest: &Sha256Digest) -> Result<SignatureDer, KeyError> {
        let signature: Signature = self.0.sign_prehash(digest.as_bytes()).map_err(|error| KeyError::Other {
            operation: "sign",
            code: "LocalKey".to_owned(),
            source: Some(error.to_string().into()),
        })?;
        Ok(SignatureDer(signature.to_der().as_bytes().to_vec()))
    }

    async fn public_key(&self) -> Result<SpkiDer, KeyError> {
        let der = self.0.verifying_key().to_public_key_der().map_err(|error| KeyError::Other {
            operation: "public key",
            code: "LocalKey".to_owned(),
            source: Some(error.to_string().into()),
        })?;
        Ok(SpkiDer(der.into_vec()))
    }
}
