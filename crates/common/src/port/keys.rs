use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::digest::Sha256Digest;
use crate::disposition::{Dispose, Disposition};

/// Context that KMS binds to a data key: without the same pairs it cannot be unwrapped. Not secret; CloudTrail shows it.
pub type EncryptionContext = BTreeMap<String, String>;

/// An ECDSA signature as KMS gives it, ASN.1 DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureDer(pub Vec<u8>);

/// A public key as KMS gives it, DER of `SubjectPublicKeyInfo` (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpkiDer(pub Vec<u8>);

/// A 256-bit key in clear and as wrapped by KMS.
pub struct DataKey {
    /// The key. Wiped when dropped.
    pub plaintext: Zeroizing<[u8; 32]>,
    /// The same key, encrypted under the KMS key.
    pub wrapped: Vec<u8>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey([redacted])")
    }
}

/// Signs statements: KMS `Sign`, `ECC_NIST_P256`, `ECDSA_SHA_256`, message type `DIGEST`.
#[async_trait]
pub trait Signer: Send + Sync {
    /// Signs a SHA-256 digest.
    async fn sign(&self, digest: &Sha256Digest) -> Result<SignatureDer, KeyError>;

    /// Signs a SHA-256 digest and tells the id of the request, under which the service's own record of the use can be found:
    /// `requestID` of CloudTrail's event. A signer that nobody records has none.
    async fn sign_on_record(&self, digest: &Sha256Digest) -> Result<(SignatureDer, Option<String>), KeyError> {
        Ok((self.sign(digest).await?, None))
    }

    /// The key that verifies.
    async fn public_key(&self) -> Result<SpkiDer, KeyError>;
}

/// An Ed25519 signature, 64 bytes (RFC 8032).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ed25519Signature(pub Vec<u8>);

/// Signs the log's checkpoints: KMS `Sign`, `ECC_NIST_EDWARDS25519`, `ED25519_SHA_512`, message type `RAW`. The same message
/// always gives the same signature, so whoever signs again after a crash signs the same note.
#[async_trait]
pub trait MessageSigner: Send + Sync {
    /// Signs a message of at most 4,096 bytes, KMS's limit.
    async fn sign_message(&self, message: &[u8]) -> Result<Ed25519Signature, KeyError>;

    /// The key that verifies.
    async fn message_key(&self) -> Result<SpkiDer, KeyError>;
}

/// Makes and opens data keys: KMS `GenerateDataKey` and `Decrypt` under one key.
#[async_trait]
pub trait DataKeys: Send + Sync {
    /// A new key, bound to a context.
    async fn generate(&self, context: &EncryptionContext) -> Result<DataKey, KeyError>;

    /// Opens a wrapped key. The context must be the one it was made with.
    async fn unwrap_key(&self, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>, KeyError>;
}

/// What can go wrong with keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The role or the key policy says no.
    #[error("{operation}: access denied; check the role's policy, the key policy and the encryption context")]
    Denied {
        /// The KMS operation.
        operation: &'static str,
    },
    /// The wrapped key or its context was changed.
    #[error("{operation}: the wrapped key does not open under this encryption context: one of the two was altered")]
    InvalidCiphertext {
        /// The KMS operation.
        operation: &'static str,
    },
    /// The key is disabled, pending deletion or gone.
    #[error("{operation}: the KMS key is not usable ({code}); enable it or cancel its deletion")]
    Unusable {
        /// The KMS operation.
        operation: &'static str,
        /// The error's code.
        code: String,
    },
    /// KMS asks for less.
    #[error("{operation}: throttled")]
    Throttled {
        /// The KMS operation.
        operation: &'static str,
    },
    /// Anything else.
    #[error("{operation}: {code}")]
    Other {
        /// The KMS operation.
        operation: &'static str,
        /// The error's code.
        code: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Dispose for KeyError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::InvalidCiphertext { .. } => Disposition::Alarm,
            Self::Denied { .. } | Self::Unusable { .. } | Self::Throttled { .. } | Self::Other { .. } => {
                Disposition::Retry
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "key_access_denied",
            Self::InvalidCiphertext { .. } => "wrapped_key_altered",
            Self::Unusable { .. } => "key_unusable",
            Self::Throttled { .. } => "key_throttled",
            Self::Other { .. } => "key_failed",
        }
    }
}
