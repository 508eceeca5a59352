use crate::object::{BucketNameError, ObjectKeyError};

/// Why one message, or one record in it, cannot be understood.
///
/// Such a message is never dropped: it goes back to its queue, ends in the dead-letter queue and raises the alarm there.
/// The messages name fields and offsets, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The body of an SQS message is not JSON.
    #[error("message body is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// More bytes than any sender may send.
    #[error("message body has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More records than one message can hold.
    #[error("message holds {records} records; at most {limit} are read")]
    TooManyRecords {
        /// Records found.
        records: usize,
        /// Records allowed.
        limit: usize,
    },
    /// A message without any record.
    #[error("message holds no record")]
    Empty,
    /// None of the shapes that we know.
    #[error(
        "not an S3 notification, an EventBridge S3 event, an s3:TestEvent or {{bucket, key, versionId}}; check what sends to this queue"
    )]
    UnknownShape,
    /// A field that we need is absent or of another type.
    #[error("{field}: absent, or not of the documented type")]
    Field {
        /// The path of the field.
        field: &'static str,
    },
    /// The structure has a version that we do not know.
    #[error("{field}: version {version:?} is not supported; this release reads {supported}")]
    Version {
        /// The path of the field.
        field: &'static str,
        /// What it says, shortened.
        version: String,
        /// What we read.
        supported: &'static str,
    },
    /// The event comes from another service.
    #[error("{field}: not an event of Amazon S3; check the rule or the notification that sends to this queue")]
    Source {
        /// The path of the field.
        field: &'static str,
    },
    /// The bucket's name breaks the rules.
    #[error(transparent)]
    Bucket(#[from] BucketNameError),
    /// The key is empty or too long.
    #[error(transparent)]
    Key(#[from] ObjectKeyError),
    /// A `%` that no two hexadecimal digits follow.
    #[error("object key: '%' at byte {offset} is not followed by two hexadecimal digits")]
    KeyEscape {
        /// Where in the encoded key.
        offset: usize,
    },
    /// The decoded key is not UTF-8.
    #[error("object key is not UTF-8 from byte {offset} on, once decoded")]
    KeyNotUtf8 {
        /// Where in the decoded key.
        offset: usize,
    },
    /// The version id holds characters that S3 does not use.
    #[error("version id: expected 1 to 1,024 visible ASCII characters")]
    VersionId,
    /// The event names no version, and no stage knew which one is meant. An object that was written without versioning can
    /// still change.
    #[error("the object has no version id: turn on versioning of the bucket, then upload the object again")]
    Unversioned,
}

impl EventError {
    /// A stable, low-cardinality name for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "event_not_json",
            Self::TooLarge { .. } | Self::TooManyRecords { .. } => "event_too_large",
            Self::Empty => "event_empty",
            Self::UnknownShape => "event_unknown_shape",
            Self::Field { .. } => "event_field",
            Self::Version { .. } => "event_version",
            Self::Source { .. } => "event_source",
            Self::Bucket(_) => "event_bucket_name",
            Self::Key(_) | Self::KeyEscape { .. } | Self::KeyNotUtf8 { .. } => "event_key",
            Self::VersionId => "event_version_id",
            Self::Unversioned => "unversioned",
        }
    }
}

/// Why a whole invocation cannot be answered message by message. The function fails, and its caller keeps every message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Not a shape that wakes a function.
    #[error(
        "payload is not an SQS batch, an S3 or EventBridge event, an S3 Batch Operations task or {{bucket, key, versionId}}"
    )]
    UnknownShape,
    /// A message without the id that would name it in the answer.
    #[error("message {index} of the batch has no {field}: it could not be named in the answer")]
    MissingId {
        /// Its place, from 0.
        index: usize,
        /// The field.
        field: &'static str,
    },
    /// A field of the envelope is absent or of another type.
    #[error("{field}: absent, or not of the documented type")]
    Field {
        /// The path of the field.
        field: &'static str,
    },
    /// More messages than a batch can hold.
    #[error("batch holds {messages} messages; at most {limit} are read")]
    TooManyMessages {
        /// Messages found.
        messages: usize,
        /// Messages allowed.
        limit: usize,
    },
    /// A version of the Batch Operations schema that we do not know.
    #[error("invocationSchemaVersion {version:?} is not supported; this release reads 1.0 and 2.0")]
    Schema {
        /// What it says, shortened.
        version: String,
    },
}
