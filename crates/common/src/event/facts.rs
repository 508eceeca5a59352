use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Sequencer;
use crate::digest::Sha256Digest;

/// What an event says beside the object version. All of it is a hint: S3 itself is asked before anything is signed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventFacts {
    /// Which way it came.
    pub source: EventSource,
    /// What happened.
    pub name: Option<EventName>,
    /// Its place among the events of the same key.
    pub sequencer: Option<Sequencer>,
    /// When S3 finished the request.
    pub time: Option<Timestamp>,
    /// Who made the request.
    pub principal: Option<Principal>,
    /// `x-amz-request-id` of the request.
    pub request_id: Option<String>,
    /// Length in bytes.
    pub size_bytes: Option<u64>,
    /// The entity tag.
    pub etag: Option<String>,
}

/// Which way an event came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventSource {
    /// S3 event notification.
    Notification,
    /// `EventBridge`.
    EventBridge,
    /// S3 Batch Operations.
    BatchOperations,
    /// A person, or the sweep.
    #[default]
    Manual,
}

impl EventSource {
    /// The name in statements.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "s3-notification",
            Self::EventBridge => "eventbridge",
            Self::BatchOperations => "s3-batch-operations",
            Self::Manual => "manual",
        }
    }
}

/// What happened: `ObjectCreated:Put` is of kind `ObjectCreated` and has the name `Put`. Not an enum, because AWS adds
/// names. From `EventBridge` the kind is the detail type without spaces, and the name its `reason`, such as `PutObject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventName {
    /// The kind.
    pub kind: String,
    /// The name; empty when there is none.
    pub name: String,
}

impl EventName {
    /// Splits `ObjectCreated:Put`, with or without `s3:` before it.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.strip_prefix("s3:").unwrap_or(text);
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        Self { kind: shorten(kind), name: shorten(name) }
    }

    /// Whether there is a new version to work on.
    pub fn is_creation(&self) -> bool {
        self.kind == "ObjectCreated"
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

/// Who made a request, as S3 names them. It may hold a person's name, so it is shown nowhere and signed only as a digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal(String);

impl Principal {
    pub(super) fn new(id: String) -> Self {
        Self(id)
    }

    /// SHA-256 of the id.
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal([redacted])")
    }
}

/// Hints longer than this are not kept.
const HINT_MAX_BYTES: usize = 1024;

/// Reads an optional field leniently: a hint of another type is as good as none.
pub(super) fn hint<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: serde::de::DeserializeOwned,
    D: serde::Deserializer<'de>,
{
    Value::deserialize(deserializer).map(|value| T::deserialize(value).ok())
}

/// A text hint, unless it is empty or absurdly long.
pub(super) fn text(hint: Option<String>) -> Option<String> {
    hint.filter(|text| !text.is_empty() && text.len() <= HINT_MAX_BYTES)
}

/// The first characters of a text from outside, for an error message.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}
