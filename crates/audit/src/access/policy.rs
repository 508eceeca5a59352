//! Who may do what, as a document.
//!
//! ```json
//! {
//!   "version": 1,
//!   "accounts": ["111122223333"],
//!   "buckets": {
//!     "lake-raw": {
//!       "zone": "raw",
//!       "readers": [{"role": "lake-seal", "session": "lake-seal"}],
//!       "writers": ["lake-uploader"],
//!       "retainers": ["lake-seal"]
//!     }
//!   },
//!   "keys": [{"purpose": "signing", "arns": ["arn:aws:kms:…"], "users": ["lake-seal"]}],
//!   "administrators": ["deployer"],
//!   "resources": ["lake-*"],
//!   "vpcEndpoints": ["vpce-0a1b2c3d4e5f60718"]
//! }
//! ```
//!
//! A list that is absent asks nothing; an empty one allows nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use super::principal::{Entry, Listed, Principal, glob};
use super::record::Record;

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessPolicy {
    /// 1.
    pub version: u32,
    /// Our accounts; without any, the one that a record was delivered to.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// Our buckets, by name.
    pub buckets: BTreeMap<String, BucketAccess>,
    /// Our keys.
    #[serde(default)]
    pub keys: Vec<KeyAccess>,
    /// Who may change settings, roles, functions, keys and trails.
    #[serde(default)]
    pub administrators: Vec<Entry>,
    /// Names or ARNs of the functions, roles, keys, trails, queues and rules that are ours; absent: all of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// The VPC endpoints that reads of raw and vault and writes of evidence must come through; none: any network.
    #[serde(default)]
    pub vpc_endpoints: Vec<String>,
}

/// Who may do what to a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BucketAccess {
    /// What it holds.
    pub zone: Zone,
    /// Who may read objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Vec<Entry>>,
    /// Who may write objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writers: Option<Vec<Entry>>,
    /// Who may set retention and legal holds; absent: nobody.
    #[serde(default)]
    pub retainers: Vec<Entry>,
    /// Who may delete; absent: nobody.
    #[serde(default)]
    pub erasers: Vec<Entry>,
}

/// What a bucket holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // DESIGN: the zones of the pipeline
pub enum Zone {
    Raw,
    Curated,
    Evidence,
    Vault,
    Trail,
}

/// Who may use a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyAccess {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Its ARN; several for several keys, `*` for any characters.
    #[serde(default)]
    pub arns: Vec<String>,
    /// Uses with this encryption context are meant, whatever else it holds.
    #[serde(default)]
    pub encryption_context: BTreeMap<String, String>,
    /// Who may use it.
    pub users: Vec<Entry>,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Turns pseudonyms back.
    Pseudonym,
    /// Signs statements or checkpoints.
    Signing,
    /// Encrypts data at rest.
    Data,
}

/// Why a document is no access policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessPolicyError {
    /// It is not the document.
    #[error("the access policy is refused: {0}")]
    Document(String),
    /// Of another version.
    #[error("the access policy is of version {0}; this program knows version 1")]
    Version(u32),
    /// A key that nothing can match.
    #[error("the access policy is refused: keys[{0}] names neither arns nor an encryptionContext")]
    KeyWithoutName(usize),
}

impl AccessPolicy {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no access policy; the message names line and column.
    pub fn from_json(json: &[u8]) -> Result<Self, AccessPolicyError> {
        let policy: Self =
            serde_json::from_slice(json).map_err(|error| AccessPolicyError::Document(error.to_string()))?;
        if policy.version != 1 {
            return Err(AccessPolicyError::Version(policy.version));
        }
        let nameless = |key: &KeyAccess| key.arns.is_empty() && key.encryption_context.is_empty();
        match policy.keys.iter().position(nameless) {
            Some(index) => Err(AccessPolicyError::KeyWithoutName(index)),
            None => Ok(policy),
        }
    }

    /// Whether a principal may use the signing key of a record.
    pub fn may_sign(&self, record: &Record<'_>, principal: &Principal<'_>) -> bool {
        let ours: Vec<&str> = if self.accounts.is_empty() {
            record.recipient_account().into_iter().collect()
        } else {
            self.accounts.iter().map(String::as_str).collect()
        };
        let arns: Vec<&str> = record.resources().chain(record.text_parameter("keyId")).collect();
        let is_meant = |key: &&KeyAccess| {
            key.purpose == KeyPurpose::Signing
                && key.arns.iter().any(|pattern| arns.iter().any(|arn| glob(pattern, arn)))
        };
        let mut keys = self.keys.iter().filter(is_meant);
        keys.any(|key| principal.listed(&key.users, &ours) == Listed::Yes)
    }

    /// SHA-256 of its canonical form.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&sluice_evidence::canonical::to_vec(self).unwrap_or_default())
    }
}
