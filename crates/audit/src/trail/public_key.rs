//! CloudTrail's public keys.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use spki::der::Decode as _;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// `rsaEncryption`, RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// One key of `ListPublicKeys`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// MD5 of the DER as AWS publishes it, in hexadecimal. The documentation does not say so; it holds for every
    /// published key.
    pub fingerprint: String,
    /// The first moment at which it signs.
    pub valid_from: Timestamp,
    /// The last moment at which it signs.
    pub valid_to: Timestamp,
    der: Vec<u8>,
}

/// Why a list of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It is not the document.
    #[error("not an answer of `aws cloudtrail list-public-keys`: {0}")]
    NotAList(String),
    /// A key of it makes no sense.
    #[error("key {index} of the list: {problem}")]
    Key {
        /// Which, from 0.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {} to {})", self.fingerprint, self.valid_from, self.valid_to)
    }
}

impl PublicKey {
    /// A key from its DER, which is an RSA public key by itself (PKCS#1) or within a `SubjectPublicKeyInfo`: AWS
    /// publishes both.
    pub fn new(der: Vec<u8>, valid_from: Timestamp, valid_to: Timestamp) -> Self {
        Self { fingerprint: hex::encode(Md5::digest(&der)), valid_from, valid_to, der }
    }

    /// The RSA public key, PKCS#1 DER.
    pub fn pkcs1_der(&self) -> &[u8] {
        match SubjectPublicKeyInfoRef::from_der(&self.der) {
            Ok(info) if info.algorithm.oid == RSA_ENCRYPTION => info.subject_public_key.raw_bytes(),
            Ok(_) | Err(_) => &self.der,
        }
    }

    /// Whether a signature over a message is this key's: RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pkcs1_der()).verify(message, signature).is_ok()
    }

    /// Whether the key signs at a moment.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_from <= at && at <= self.valid_to
    }
}

/// Keys by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<String, PublicKey>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Answer {
        #[serde(rename = "PublicKeyList")]
        keys: Vec<Published>,
    },
    List(Vec<Published>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    value: String,
    validity_start_time: Time,
    validity_end_time: Time,
    fingerprint: Option<String>,
}

/// The command line prints text, the API gives seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Text(Timestamp),
    Whole(i64),
    Seconds(f64),
}

impl Time {
    fn timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Text(at) => Some(*at),
            Self::Whole(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Seconds(seconds) => {
                Timestamp::UNIX_EPOCH.checked_add(jiff::SignedDuration::try_from_secs_f64(*seconds).ok()?).ok()
            }
        }
    }
}

impl PublicKeys {
    /// Some keys.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self(keys.into_iter().map(|key| (key.fingerprint.clone(), key)).collect())
    }

    /// Reads an answer of `aws cloudtrail list-public-keys`, or its list alone.
    ///
    /// # Errors
    /// When it is none, or a fingerprint is not that of its key.
    pub fn from_json(json: &[u8]) -> Result<Self, PublicKeyError> {
        let document = serde_json::from_slice(json).map_err(|error| PublicKeyError::NotAList(error.to_string()))?;
        let (Document::Answer { keys } | Document::List(keys)) = document;
        let read = |(index, key): (usize, Published)| {
            let refuse = |problem| PublicKeyError::Key { index, problem };
            let der = BASE64.decode(&key.value).map_err(|_not_base64| refuse("Value is not base64"))?;
            let from = key.validity_start_time.timestamp().ok_or_else(|| refuse("ValidityStartTime is no time"))?;
            let to = key.validity_end_time.timestamp().ok_or_else(|| refuse("ValidityEndTime is no time"))?;
            let read = PublicKey::new(der, from, to);
            match key.fingerprint {
                Some(stated) if stated != read.fingerprint => Err(refuse("Fingerprint is not the MD5 of Value")),
                _ => Ok(read),
            }
        };
        Ok(Self::new(keys.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?))
    }

    /// Adds keys.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The key with a fingerprint.
    pub fn find(&self, fingerprint: &str) -> Option<&PublicKey> {
        self.0.get(fingerprint)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
