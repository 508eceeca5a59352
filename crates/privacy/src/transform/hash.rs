use arrow_array::ArrayRef;
use arrow_schema::DataType;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use sluice_common::policy::{HashAlgorithm, HashConstruction};
use zeroize::Zeroizing;

use super::text::{has_text, map_text};
use super::{ColumnTransform, TransformError};
use crate::keyring::{KeyPurpose, ScopedKey};

/// The least salt, in bytes: 128 bits.
pub(super) const MIN_SALT_BYTES: usize = 16;

/// The salt is too short to keep anyone from trying every value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a salt has at least {MIN_SALT_BYTES} bytes")]
pub struct SaltTooShort;

/// A keyed digest in hexadecimal digits: HMAC, or the hash of value and secret salt, as Presidio makes it
/// (`H(utf8(text) ‖ salt)`). The second is there for those who must match digests of others; the first is the better one.
///
/// A hash without a key is not offered: whoever knows the format of a number can try all of them.
pub struct Hash(Keyed);

/// The state after the key, so that a value costs only its own blocks.
#[derive(Clone)]
enum Keyed {
    Hmac256(Hmac<Sha256>),
    Hmac512(Hmac<Sha512>),
    Salted256(Zeroizing<Vec<u8>>),
    Salted512(Zeroizing<Vec<u8>>),
}

impl Hash {
    /// Digests under a key of a domain.
    pub fn new<'k>(algorithm: HashAlgorithm, construction: HashConstruction, key: impl Into<ScopedKey<'k>>) -> Self {
        let secret = key.into().derive::<32>(KeyPurpose::Hash);
        match construction {
            HashConstruction::Hmac => Self(Keyed::hmac(algorithm, &secret)),
            HashConstruction::Salted => Self(Keyed::salted(algorithm, secret.as_slice())),
        }
    }

    /// Digests with a salt of one's own.
    ///
    /// # Errors
    /// When it is shorter than 16.
    pub fn with_salt(algorithm: HashAlgorithm, salt: &[u8]) -> Result<Self, SaltTooShort> {
        if salt.len() < MIN_SALT_BYTES {
            return Err(SaltTooShort);
        }
        Ok(Self(Keyed::salted(algorithm, salt)))
    }

    /// Appends the digest of a text.
    pub fn hash(&self, text: &str, out: &mut String) {
        let text = text.as_bytes();
        match &self.0 {
            Keyed::Hmac256(mac) => push_hex(&mac.clone().chain_update(text).finalize().into_bytes(), out),
            Keyed::Hmac512(mac) => push_hex(&mac.clone().chain_update(text).finalize().into_bytes(), out),
            Keyed::Salted256(salt) => push_hex(&Sha256::new().chain_update(text).chain_update(salt).finalize(), out),
            Keyed::Salted512(salt) => push_hex(&Sha512::new().chain_update(text).chain_update(salt).finalize(), out),
        }
    }
}

impl Keyed {
    fn hmac(algorithm: HashAlgorithm, secret: &[u8; 32]) -> Self {
        // The key of HMAC, padded to a block of the hash (RFC 2104 §2).
        match algorithm {
            HashAlgorithm::Sha256 => {
                let mut block = Zeroizing::new([0; 64]);
                block.iter_mut().zip(secret).for_each(|(place, byte)| *place = *byte);
                Self::Hmac256(Hmac::new((&*block).into()))
            }
            HashAlgorithm::Sha512 => {
                let mut block = Zeroizing::new([0; 128]);
                block.iter_mut().zip(secret).for_each(|(place, byte)| *place = *byte);
                Self::Hmac512(Hmac::new((&*block).into()))
            }
        }
    }

    fn salted(algorithm: HashAlgorithm, salt: &[u8]) -> Self {
        let salt = Zeroizing::new(salt.to_vec());
        match algorithm {
            HashAlgorithm::Sha256 => Self::Salted256(salt),
            HashAlgorithm::Sha512 => Self::Salted512(salt),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Hmac256(_) => "HMAC-SHA-256",
            Self::Hmac512(_) => "HMAC-SHA-512",
            Self::Salted256(_) => "salted SHA-256",
            Self::Salted512(_) => "salted SHA-512",
        }
    }
}

fn push_hex(bytes: &[u8], out: &mut String) {
    out.extend(
        bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)),
    );
}

impl ColumnTransform for Hash {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        map_text(input, |text, out| self.hash(text, out))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({}, [redacted])", self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hmac_sha256;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn hash(hash: &Hash, text: &str) -> String {
        let mut out = String::new();
        hash.hash(text, &mut out);
        out
    }

    #[test]
    fn hmac_and_salted_hash() {
        let key = DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        let secret = key.derive::<32>(KeyPurpose::Hash);
        let hmac = Hash::new(HashAlgorithm::Sha256, HashConstruction::Hmac, &key);
        assert_eq!(hash(&hmac, "a"), hex::encode(hmac_sha256(secret.as_slice(), b"a")));
        let salted = Hash::new(HashAlgorithm::Sha256, HashConstruction::Salted, &key);
        assert_eq!(hash(&salted, "a"), hex::encode(Sha256::digest([b"a", secret.as_slice()].concat())));
        let long = Hash::new(HashAlgorithm::Sha512, HashConstruction::Hmac, key.of_column("c"));
        assert_eq!(hash(&long, "a").len(), 128);
        assert!(!format!("{long:?}").contains(&hex::encode(secret.as_slice())));
    }

    #[test]
    fn short_salts_are_refused() {
        assert_eq!(Hash::with_salt(HashAlgorithm::Sha256, &[7; 15]).err(), Some(SaltTooShort));
        // Python: hashlib.sha256(b"abc" + bytes(16)).hexdigest()
        let zeros = Hash::with_salt(HashAlgorithm::Sha256, &[0; 16]).unwrap();
        assert_eq!(hash(&zeros, "abc"), hex::encode(Sha256::digest(b"abc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")));
    }
}
