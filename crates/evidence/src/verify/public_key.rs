//! A public key that signs statements, and its id.

use std::fmt;
use std::str::FromStr;

use p256::ecdsa::VerifyingKey;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

/// A key's id: hex SHA-256 of its `SubjectPublicKeyInfo` in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(Sha256Digest);

impl KeyId {
    /// The id of a key in DER. A P-256 point that is given compressed has another one here than in [`super::TrustedKeys`].
    pub fn of_spki(der: &[u8]) -> Self {
        Self(Sha256Digest::of(der))
    }

    /// The digest.
    pub const fn digest(&self) -> Sha256Digest {
        self.0
    }
}

impl FromStr for KeyId {
    type Err = <Sha256Digest as FromStr>::Err;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A public key of one of the kinds that sign statements.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PublicKey {
    /// Ours: signs the SHA-256 of the pre-authentication encoding.
    P256(VerifyingKey),
    /// Of others: signs the encoding itself.
    Ed25519(ed25519_dalek::VerifyingKey),
}

/// `SubjectPublicKeyInfo` of an Ed25519 key up to its 32 bytes (RFC 8410 §4).
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

impl PublicKey {
    pub(super) fn from_spki_der(der: &[u8]) -> Option<Self> {
        match der.strip_prefix(&ED25519_SPKI_PREFIX) {
            Some(key) => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
                (!key.is_weak()).then_some(Self::Ed25519(key))
            }
            None => VerifyingKey::from_public_key_der(der).ok().map(Self::P256),
        }
    }

    pub(super) fn to_spki_der(&self) -> Option<Vec<u8>> {
        Some(match self {
            Self::P256(key) => key.to_public_key_der().ok()?.into_vec(),
            Self::Ed25519(key) => [ED25519_SPKI_PREFIX.as_slice(), key.as_bytes()].concat(),
        })
    }

    /// SHA-256 of the key in DER, the same for a point that was given compressed.
    pub(super) fn id(&self) -> Option<KeyId> {
        Some(KeyId::of_spki(&self.to_spki_der()?))
    }

    /// Whether this key signed a pre-authentication encoding.
    pub(super) fn made(&self, pae: &[u8], signature: &[u8]) -> bool {
        match self {
            // Ring's assembly takes a fifth of the time that `p256` does, and a sweep verifies millions. It hashes by itself.
            Self::P256(key) => {
                let point = key.to_sec1_point(false);
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point.as_bytes()).verify(pae, signature).is_ok()
            }
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(pae, &signature).is_ok()),
        }
    }
}
