//! A digest file's content and signature.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use sluice_common::Sha256Digest;

use super::gzip::{GzipError, inflate};
use super::key::FileAt;

/// `digestSignatureAlgorithm` of every digest.
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// `hashAlgorithm` of every log file.
const HASH_ALGORITHM: &str = "SHA-256";

/// More than the digest of an hour with 100,000 log files.
const MAX_DIGEST_BYTES: u64 = 64 << 20;

/// A digest document. Nothing in it is to be believed before its signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestDocument {
    /// The account whose events it covers.
    pub account: Option<String>,
    /// The beginning of its hour.
    pub start: Timestamp,
    /// The end of its hour.
    pub end: Timestamp,
    /// The end as it is written, which the signature covers.
    pub end_text: String,
    /// Where it says that it lies.
    pub at: FileAt,
    /// The key that signed it.
    pub key_fingerprint: String,
    /// The digest before it; none for the first of a chain.
    pub previous: Option<PreviousDigest>,
    /// The log files of its hour.
    pub logs: Vec<ListedLog>,
    /// SHA-256 of the document.
    pub sha256: Sha256Digest,
    /// Whether its algorithms are CloudTrail's and its hour ends after it begins.
    pub is_sound: bool,
}

/// The link to the digest before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousDigest {
    /// Where it lies, when that is told.
    pub at: Option<FileAt>,
    /// SHA-256 of its content.
    pub sha256: Option<Sha256Digest>,
    /// Its signature, in hexadecimal.
    pub signature: String,
}

/// A log file as a digest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLog {
    /// Where it lies.
    pub at: FileAt,
    /// SHA-256 of its content; none when what is listed is no digest, which no file then has.
    pub sha256: Option<Sha256Digest>,
}

/// Why bytes are no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not one gzip member.
    #[error(transparent)]
    Gzip(#[from] GzipError),
    /// Not the document.
    #[error("not a digest document: {0}")]
    Document(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    aws_account_id: Option<String>,
    digest_start_time: Timestamp,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    digest_s3_bucket: String,
    #[serde(rename = "digestS3Object")]
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: Option<String>,
    #[serde(rename = "previousDigestS3Bucket")]
    previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object")]
    previous_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    #[serde(deserialize_with = "present")]
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<WireLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
    hash_algorithm: Option<String>,
}

/// A field that must be there and may be null.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(value)
}

impl DigestDocument {
    /// Reads a digest file.
    ///
    /// # Errors
    /// When it is not one gzip member or not a digest document.
    pub fn from_file(body: &[u8]) -> Result<Self, DigestError> {
        let json = inflate(body, MAX_DIGEST_BYTES)?;
        let refuse = |error: &dyn std::fmt::Display| DigestError::Document(error.to_string());
        let wire: Wire = serde_json::from_slice(&json).map_err(|error| refuse(&error))?;
        // Values that make no sense are kept out and refused later: that the signature does not hold is the better reason.
        let hash = |text: &str| text.to_ascii_lowercase().parse::<Sha256Digest>().ok();
        let known = |stated: Option<&str>, algorithm| stated.is_none_or(|stated| stated == algorithm);
        let has_known_hashes = wire.log_files.iter().all(|log| known(log.hash_algorithm.as_deref(), HASH_ALGORITHM));
        let end = wire.digest_end_time.parse::<Timestamp>().map_err(|error| refuse(&error))?;
        let is_sound = has_known_hashes
            && known(wire.digest_signature_algorithm.as_deref(), SIGNATURE_ALGORITHM)
            && known(wire.previous_digest_hash_algorithm.as_deref(), HASH_ALGORITHM)
            && end > wire.digest_start_time;
        let previous_sha256 = wire.previous_digest_hash_value.as_deref().and_then(hash);
        let previous = wire.previous_digest_signature.map(|signature| PreviousDigest {
            at: wire.previous_bucket.zip(wire.previous_object).map(|(bucket, key)| FileAt { bucket, key }),
            sha256: previous_sha256,
            signature,
        });
        let listed =
            |log: WireLog| ListedLog { sha256: hash(&log.hash_value), at: FileAt::new(log.bucket, log.object) };
        Ok(Self {
            account: wire.aws_account_id,
            start: wire.digest_start_time,
            end,
            end_text: wire.digest_end_time,
            at: FileAt::new(wire.digest_s3_bucket, wire.digest_s3_object),
            key_fingerprint: wire.digest_public_key_fingerprint,
            previous,
            logs: wire.log_files.into_iter().map(listed).collect(),
            is_sound,
            sha256: Sha256Digest::of(&json),
        })
    }

    /// The text that its signature covers.
    pub fn string_to_sign(&self) -> String {
        string_to_sign(
            &self.end_text,
            &self.at,
            &self.sha256,
            self.previous.as_ref().map(|link| link.signature.as_str()),
        )
    }
}

/// The text that a digest's signature covers.
///
/// Source: "Custom implementations of CloudTrail log file integrity validation", AWS CloudTrail User Guide.
pub fn string_to_sign(end_text: &str, at: &FileAt, sha256: &Sha256Digest, previous_signature: Option<&str>) -> String {
    format!("{end_text}\n{}/{}\n{sha256}\n{}", at.bucket, at.key, previous_signature.unwrap_or("null"))
}
