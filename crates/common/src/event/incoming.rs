use serde_json::Value;

use super::{BatchError, EventError, EventFacts, EventName, batch_operations, bridge, manual, notification, sqs};
use crate::object::{BucketName, ObjectKey, ObjectPath, ObjectVersion, VersionId, VersionIdError};

/// What woke the function.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// How the caller wants its answer.
    pub delivery: Delivery,
    /// The messages in the caller's order; at least one.
    pub messages: Vec<Message>,
}

/// How the caller wants its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// An SQS event source mapping with `ReportBatchItemFailures`.
    Sqs,
    /// S3 Batch Operations.
    BatchOperations {
        /// `invocationSchemaVersion`, to be repeated.
        schema_version: String,
        /// `invocationId`, to be repeated.
        invocation_id: String,
    },
    /// S3 or `EventBridge` without a queue between, or a person: all of it succeeds or the invocation fails.
    Direct,
}

/// What succeeds or fails as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The caller's id for it: `messageId`, `taskId`, or `invocation`.
    pub id: String,
    /// What is in it; at least one part.
    pub parts: Vec<Part>,
}

/// One record of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// An object version to work on.
    Object(Box<Item>),
    /// An object of which no version is named. Only a stage that knows its keys to be write-once can tell which one is
    /// meant, [`crate::runner::Stage::resolve`]; for all others it is [`EventError::Unversioned`].
    Unversioned(Box<UnversionedItem>),
    /// Nothing to do: a deletion, a restore, a tag, `s3:TestEvent`. To be logged and acknowledged.
    Acknowledge(EventName),
    /// Not understood. The message must not be acknowledged.
    Undecodable(EventError),
}

/// An object version to work on, and what the event said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The object version.
    pub object: ObjectVersion,
    /// What the event said.
    pub event: EventFacts,
}

/// An object without a version, and what the event said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct UnversionedItem {
    /// Where it is.
    pub path: ObjectPath,
    /// What the event said.
    pub event: EventFacts,
}

/// The id of the only message of a direct delivery.
pub(super) const DIRECT_ID: &str = "invocation";

/// Records in one S3 notification. S3 sends one; the limit keeps a forged body from holding the function for hours.
const MAX_RECORDS: usize = 1_000;

impl Incoming {
    /// Decodes the payload of an invocation.
    ///
    /// # Errors
    /// Only when the batch as a whole cannot be answered message by message. Everything else stays with its message as
    /// [`Part::Undecodable`].
    pub fn decode(payload: &Value) -> Result<Self, BatchError> {
        if sqs::is_batch(payload) {
            return sqs::decode(payload);
        }
        if batch_operations::is_task_list(payload) {
            return batch_operations::decode(payload);
        }
        match decode_body(payload) {
            Err(EventError::UnknownShape) => Err(BatchError::UnknownShape),
            decoded => Ok(Self {
                delivery: Delivery::Direct,
                messages: vec![Message { id: DIRECT_ID.to_owned(), parts: parts_of(decoded) }],
            }),
        }
    }
}

/// Decodes what may stand alone or in the body of an SQS message.
pub(super) fn decode_body(body: &Value) -> Result<Vec<Part>, EventError> {
    if let Some(records) = body.get("Records") {
        let records = records.as_array().ok_or(EventError::Field { field: "Records" })?;
        return match records.len() {
            0 => Err(EventError::Empty),
            1..=MAX_RECORDS => Ok(records.iter().map(|record| part_of(notification::decode(record))).collect()),
            more => Err(EventError::TooManyRecords { records: more, limit: MAX_RECORDS }),
        };
    }
    if notification::is_test(body) {
        return Ok(vec![Part::Acknowledge(EventName::parse("s3:TestEvent"))]);
    }
    if bridge::is_event(body) {
        return bridge::decode(body).map(|part| vec![part]);
    }
    if manual::is_request(body) {
        return manual::decode(body).map(|part| vec![part]);
    }
    Err(EventError::UnknownShape)
}

/// One undecodable part for a body that was not understood.
pub(super) fn parts_of(decoded: Result<Vec<Part>, EventError>) -> Vec<Part> {
    decoded.unwrap_or_else(|error| vec![Part::Undecodable(error)])
}

fn part_of(decoded: Result<Part, EventError>) -> Part {
    decoded.unwrap_or_else(Part::Undecodable)
}

/// Puts the three names together.
pub(super) fn object_part(
    bucket: &str,
    key: ObjectKey,
    version_id: Option<String>,
    event: EventFacts,
) -> Result<Part, EventError> {
    let path = ObjectPath { bucket: BucketName::new(bucket)?, key };
    match VersionId::new(version_id.unwrap_or_default()) {
        Ok(version_id) => Ok(Part::Object(Box::new(Item { object: path.version(version_id), event }))),
        Err(VersionIdError::Unversioned) => Ok(Part::Unversioned(Box::new(UnversionedItem { path, event }))),
        Err(VersionIdError::Malformed) => Err(EventError::VersionId),
    }
}
