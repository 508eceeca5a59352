use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{BucketName, ObjectKey};
use crate::digest::Sha256Digest;

/// The id that S3 gave one version. `null`, the id of objects written without versioning, is not one: such an object
/// can be overwritten in place, so nothing that we sign about it would stay true.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(String);

/// Why a text is not a version id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionIdError {
    /// The bucket keeps no versions.
    #[error("the object has no version id: turn on versioning of the bucket, then upload it again")]
    Unversioned,
    /// S3 version ids are at most 1,024 bytes of URL-ready text.
    #[error("not a version id: expected 1 to 1,024 visible ASCII characters")]
    Malformed,
}

impl VersionId {
    /// Parses an id.
    ///
    /// # Errors
    /// [`VersionIdError::Unversioned`] for an empty id and for `null`, else [`VersionIdError::Malformed`].
    pub fn new(id: impl Into<String>) -> Result<Self, VersionIdError> {
        let id = id.into();
        if id.is_empty() || id == "null" {
            return Err(VersionIdError::Unversioned);
        }
        if id.len() > 1024 || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(VersionIdError::Malformed);
        }
        Ok(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for VersionId {
    type Error = VersionIdError;
    fn try_from(id: String) -> Result<Self, VersionIdError> {
        Self::new(id)
    }
}

impl From<VersionId> for String {
    fn from(id: VersionId) -> Self {
        id.0
    }
}

/// Where an object is or shall be written, whichever version that gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// The bucket.
    pub bucket: BucketName,
    /// The key in it.
    pub key: ObjectKey,
}

impl ObjectPath {
    /// Names one version here.
    pub fn version(&self, version_id: VersionId) -> ObjectVersion {
        ObjectVersion { bucket: self.bucket.clone(), key: self.key.clone(), version_id }
    }
}

/// One version of one object: bytes that cannot change any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectVersion {
    /// The bucket.
    pub bucket: BucketName,
    /// The key in it.
    pub key: ObjectKey,
    /// The version of that key.
    pub version_id: VersionId,
}

/// Why a text is not the URI of an object version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an object version's URI: expected s3://bucket/key?versionId=id with the key percent-encoded")]
pub struct ObjectUriError;

/// Everything but the unreserved characters of RFC 3986 and `/` is encoded, so `?` and `#` in a key cannot be mistaken.
const URI_KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl ObjectVersion {
    /// The path without the version.
    pub fn path(&self) -> ObjectPath {
        ObjectPath { bucket: self.bucket.clone(), key: self.key.clone() }
    }

    /// The id under which evidence about this version is kept.
    pub fn id(&self) -> ObjectVersionId {
        ObjectVersionId::of(self)
    }

    /// `s3://bucket/key?versionId=id`, the key percent-encoded.
    pub fn uri(&self) -> String {
        let key = utf8_percent_encode(self.key.as_str(), URI_KEY);
        let version = utf8_percent_encode(self.version_id.as_str(), URI_KEY);
        format!("s3://{}/{key}?versionId={version}", self.bucket)
    }

    /// Reads what [`Self::uri`] wrote.
    ///
    /// # Errors
    /// When any of the three parts is missing or malformed.
    pub fn from_uri(uri: &str) -> Result<Self, ObjectUriError> {
        let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
        let parse = || {
            let (bucket, rest) = uri.strip_prefix("s3://")?.split_once('/')?;
            let (key, version_id) = rest.split_once("?versionId=")?;
            Some(Self {
                bucket: BucketName::new(bucket).ok()?,
                key: ObjectKey::new(decode(key)?).ok()?,
                version_id: VersionId::new(decode(version_id)?).ok()?,
            })
        };
        parse().ok_or(ObjectUriError)
    }
}

/// Hex SHA-256 of `bucket NUL key NUL versionId`: names a version where its key must not appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectVersionId(Sha256Digest);

impl ObjectVersionId {
    /// The id of a version.
    pub fn of(version: &ObjectVersion) -> Self {
        // NUL stands in none of the three but possibly in a key; bucket and version id cannot hold one, so the first
        // and the last NUL still separate the parts without doubt.
        let mut hasher = Sha256::new();
        hasher.update(version.bucket.as_str());
        hasher.update([0]);
        hasher.update(version.key.as_str());
        hasher.update([0]);
        hasher.update(version.version_id.as_str());
        Self(Sha256Digest::from_bytes(hasher.finalize().into()))
    }

    /// The digest.
    pub fn digest(&self) -> &Sha256Digest {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(hex: &str) -> Result<Self, crate::digest::DigestError> {
        hex.parse().map(Self)
    }
}

impl fmt::Display for ObjectVersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(key: &str, id: &str) -> ObjectVersion {
        ObjectVersion {
            bucket: BucketName::new("lake-raw").unwrap(),
            key: ObjectKey::new(key).unwrap(),
            version_id: VersionId::new(id).unwrap(),
        }
    }

    #[test]
    fn null_is_no_version() {
        assert_eq!(VersionId::new("null"), Err(VersionIdError::Unversioned));
        assert_eq!(VersionId::new(""), Err(VersionIdError::Unversioned));
        assert_eq!(VersionId::new("a b"), Err(VersionIdError::Malformed));
    }

    #[test]
    fn a_key_that_looks_like_a_version_stays_a_key() {
        let tricky = version("a?versionId=x#y", "v1");
        assert_eq!(ObjectVersion::from_uri(&tricky.uri()), Ok(tricky));
    }

    #[test]
    fn id_is_pinned() {
        // printf 'lake-raw\0a.csv\0v1' | sha256sum
        let id = version("a.csv", "v1").id().to_string();
        assert_eq!(id, "900c4e51320a4719b8f52680e96b1c4fe7a356adbddc2cb52554d13bd46f9a8d");
    }

    proptest! {
        #[test]
        fn uri_round_trips(key in any::<String>().prop_filter("S3 key", |k| !k.is_empty() && k.len() <= 1024), id in "[!-~]{1,40}") {
            prop_assume!(id != "null");
            let version = version(&key, &id);
            prop_assert_eq!(ObjectVersion::from_uri(&version.uri()), Ok(version));
        }
    }
}
