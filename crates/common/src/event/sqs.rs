//! Batches from an SQS event source mapping.

use serde_json::Value;

use super::incoming::{decode_body, parts_of};
use super::{BatchError, Delivery, EventError, Incoming, Message, Part};

/// Messages in one batch, the largest that a mapping can ask for.
const MAX_MESSAGES: usize = 10_000;

/// The largest message that SQS takes, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;

/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
pub(super) fn is_batch(payload: &Value) -> bool {
    let first = payload.get("Records").and_then(Value::as_array).and_then(|records| records.first());
    first.is_some_and(|record| record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs"))
}

pub(super) fn decode(payload: &Value) -> Result<Incoming, BatchError> {
    let records = payload.get("Records").and_then(Value::as_array).ok_or(BatchError::Field { field: "Records" })?;
    if records.len() > MAX_MESSAGES {
        return Err(BatchError::TooManyMessages { messages: records.len(), limit: MAX_MESSAGES });
    }
    let messages = records.iter().enumerate().map(|(index, record)| message(index, record));
    Ok(Incoming { delivery: Delivery::Sqs, messages: messages.collect::<Result<_, _>>()? })
}

/// The id comes first: without it the message could be neither kept nor acknowledged, and Lambda would take the whole
/// batch for done.
fn message(index: usize, record: &Value) -> Result<Message, BatchError> {
    let id = record.get("messageId").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or(BatchError::MissingId { index, field: "messageId" })?.to_owned();
    Ok(Message { id, parts: parts_of(parse_body(record)) })
}

fn parse_body(record: &Value) -> Result<Vec<Part>, EventError> {
    let body = record.get("body").and_then(Value::as_str).ok_or(EventError::Field { field: "Records[].body" })?;
    if body.len() > MAX_BODY_BYTES {
        return Err(EventError::TooLarge { bytes: body.len(), limit: MAX_BODY_BYTES });
    }
    // serde_json stops at 128 levels of nesting.
    let body: Value =
        serde_json::from_str(body).map_err(|json| EventError::NotJson { line: json.line(), column: json.column() })?;
    decode_body(&body)
}
