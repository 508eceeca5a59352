use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::S3Checksum;
use crate::disposition::{Dispose, Disposition};
use crate::object::{ObjectPath, ObjectVersion, VersionId};

/// An object's bytes as they arrive. It ends after exactly [`ObjectFacts::size_bytes`] bytes or with an error.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// User metadata (`x-amz-meta-*`), names in lower case without the prefix.
pub type UserMetadata = BTreeMap<String, String>;

/// How S3 keeps an object encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// ARN of the KMS key, for the two KMS algorithms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// Whether an S3 Bucket Key was used.
    pub bucket_key: bool,
}

/// What S3 says of one version beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Length in bytes.
    pub size_bytes: u64,
    /// Opaque: not an MD5 for multipart or KMS-encrypted objects.
    pub etag: String,
    /// When S3 made the version.
    pub last_modified: Timestamp,
    /// Every checksum that S3 shows; empty for objects older than S3's default checksums.
    pub checksums: Vec<S3Checksum>,
    /// Encryption at rest, when S3 says.
    pub encryption: Option<Encryption>,
    /// `x-amz-meta-*`.
    pub metadata: UserMetadata,
}

/// One version's facts and bytes, from the same answer.
pub struct ObjectBody {
    /// The facts.
    pub facts: ObjectFacts,
    /// The bytes.
    pub stream: ByteStream,
}

impl fmt::Debug for ObjectBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectBody").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A part of a multipart upload, as `GetObjectAttributes` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPart {
    /// Length in bytes.
    pub size_bytes: u64,
    /// The part's own checksum.
    pub checksum: Option<S3Checksum>,
}

/// Reads objects, by version only.
#[async_trait]
pub trait ObjectReader: Send + Sync {
    /// The facts of a version.
    async fn head(&self, at: &ObjectVersion) -> Result<ObjectFacts, StoreError>;

    /// The facts and the bytes of a version.
    async fn get(&self, at: &ObjectVersion) -> Result<ObjectBody, StoreError>;

    /// The version that is current at a path now. For mutable settings such as the pipeline policy only.
    async fn current(&self, at: &ObjectPath) -> Result<ObjectVersion, StoreError>;

    /// The parts of a multipart upload in order; empty for an object that was put whole or whose parts S3 does not list.
    async fn parts(&self, at: &ObjectVersion) -> Result<Vec<ObjectPart>, StoreError>;
}

/// Writes objects, each key once: every write carries `If-None-Match: *`.
#[async_trait]
pub trait ObjectWriter: Send + Sync {
    /// Writes a whole object.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the key is taken.
    async fn put_new(&self, at: &ObjectPath, body: Bytes, metadata: &UserMetadata) -> Result<VersionId, StoreError>;

    /// Begins a multipart upload. Nothing is visible under the key until it is completed.
    async fn upload_new(
        &self,
        at: &ObjectPath,
        metadata: &UserMetadata,
    ) -> Result<Box<dyn WriteOnceUpload>, StoreError>;
}

/// A multipart upload under way. Dropping it leaves parts behind that the bucket's lifecycle rule removes.
#[async_trait]
pub trait WriteOnceUpload: Send {
    /// Sends the next bytes, in any lengths: the implementation gathers them into parts.
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError>;

    /// Makes the object visible.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the key is taken.
    async fn complete(self: Box<Self>) -> Result<VersionId, StoreError>;

    /// Removes what was sent.
    async fn abort(self: Box<Self>) -> Result<(), StoreError>;
}

/// What can go wrong with the store. Unknown is not bad: only [`Self::NotFound`] says anything about an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such object, version or setting.
    #[error("{operation}: not found")]
    NotFound {
        /// The S3 operation.
        operation: &'static str,
    },
    /// The key is taken (412).
    #[error("{operation}: the key is taken")]
    Exists {
        /// The S3 operation.
        operation: &'static str,
    },
    /// Someone else writes the same key at this moment (409).
    #[error("{operation}: a concurrent write is under way")]
    Conflict {
        /// The S3 operation.
        operation: &'static str,
    },
    /// The role may not (403).
    #[error("{operation}: access denied; check the role's policy, the bucket policy and the KMS key policy")]
    Denied {
        /// The S3 operation.
        operation: &'static str,
    },
    /// S3 asks for less (503, 429).
    #[error("{operation}: throttled")]
    Throttled {
        /// The S3 operation.
        operation: &'static str,
    },
    /// The body ended early.
    #[error("{operation}: the body ended after {got} of {expected} bytes")]
    Truncated {
        /// The S3 operation.
        operation: &'static str,
        /// Bytes received.
        got: u64,
        /// Bytes announced.
        expected: u64,
    },
    /// More bytes than the caller allows.
    #[error("{operation}: more than {limit_bytes} bytes")]
    TooLarge {
        /// The S3 operation.
        operation: &'static str,
        /// The caller's limit.
        limit_bytes: u64,
    },
    /// Anything else: the network, a time-out, an answer that we do not understand.
    #[error("{operation}: {code}")]
    Other {
        /// The S3 operation.
        operation: &'static str,
        /// The error's code, never its message, which may quote a key.
        code: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Dispose for StoreError {
    fn disposition(&self) -> Disposition {
        match self {
            // The version that an event names is gone: no retry brings it back, and someone should know.
            Self::NotFound { .. } => Disposition::Alarm,
            Self::TooLarge { .. } => Disposition::Quarantine,
            Self::Exists { .. }
            | Self::Conflict { .. }
            | Self::Denied { .. }
            | Self::Throttled { .. }
            | Self::Truncated { .. }
            | Self::Other { .. } => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "object_not_found",
            Self::Exists { .. } => "key_taken",
            Self::Conflict { .. } => "concurrent_write",
            Self::Denied { .. } => "access_denied",
            Self::Throttled { .. } => "throttled",
            Self::Truncated { .. } => "body_truncated",
            Self::TooLarge { .. } => "object_too_large",
            Self::Other { .. } => "store_failed",
        }
    }
}
