//! Signing: ECDSA P-256 over `SHA-256(PAE)`, which KMS signs as a digest whatever the statement's size.

use sluice_common::Sha256Digest;
use sluice_common::port::{KeyError, SignatureDer, Signer};

use crate::dsse::{DsseError, Envelope, EnvelopeSignature, IN_TOTO_PAYLOAD_TYPE};
use crate::statement::{Predicate, Statement, StatementError};
use crate::verify::{KeyId, Opened, TrustedKeys, Verified, VerifyError};

/// A statement with its signature.
#[derive(Debug, Clone)]
pub struct Signed<P> {
    /// The envelope as it is kept.
    pub envelope_json: Vec<u8>,
    /// The statement, already verified with the trusted keys.
    pub verified: Verified<P>,
    /// The id of the request that signed, when the signer has one.
    pub request_id: Option<String>,
}

impl<P> Signed<P> {
    /// The key that signed.
    pub fn key_id(&self) -> Option<KeyId> {
        self.verified.key_ids().first().copied()
    }
}

/// Why a statement could not be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It cannot be encoded.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It is too large.
    #[error(transparent)]
    Dsse(#[from] DsseError),
    /// The key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What came back is not a signature of a trusted key.
    #[error("the signer's signature does not verify with the trusted keys: add its public key to them")]
    Untrusted(#[source] VerifyError),
}

/// Signs a statement and verifies the result: a signature that nobody can verify must not be kept for ever.
///
/// # Errors
/// When the statement cannot be encoded, the key cannot be used, or its signature is not a trusted one.
pub async fn sign<P: Predicate>(
    statement: &Statement<P>,
    signer: &dyn Signer,
    keys: &TrustedKeys,
) -> Result<Signed<P>, SignError> {
    let mut envelope = Envelope {
        payload_type: IN_TOTO_PAYLOAD_TYPE.to_owned(),
        payload: statement.payload()?,
        signatures: Vec::with_capacity(1),
    };
    let pae = envelope.pae();
    let sha256 = Sha256Digest::of(&pae);
    let (SignatureDer(signature), request_id) = signer.sign_on_record(&sha256).await?;
    let key_id = keys.key_of(&pae, &signature).map(|id| id.to_string());
    envelope.signatures.push(EnvelopeSignature { key_id, signature });
    let envelope_json = envelope.to_json()?;
    let verified = keys.open(envelope).and_then(Opened::read).map_err(SignError::Untrusted)?;
    Ok(Signed { envelope_json, verified, request_id })
}
