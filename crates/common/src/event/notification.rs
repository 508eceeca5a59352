//! S3 event notifications, structure version 2.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::facts::{hint, shorten, text};
use super::incoming::object_part;
use super::key::decode_form_key;
use super::{EventError, EventFacts, EventName, EventSource, Part, Principal, Sequencer};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_version: String,
    event_source: String,
    event_name: String,
    #[serde(default, deserialize_with = "hint")]
    event_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "hint")]
    user_identity: Option<UserIdentity>,
    #[serde(default, deserialize_with = "hint")]
    response_elements: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    s3: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    principal_id: String,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    size: Option<u64>,
    #[serde(default, rename = "eTag", deserialize_with = "hint")]
    etag: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    sequencer: Option<String>,
}

/// Sent once when a notification is configured: `{"Service":"Amazon S3","Event":"s3:TestEvent",…}`, no `Records`.
pub(super) fn is_test(body: &Value) -> bool {
    body.get("Event").and_then(Value::as_str) == Some("s3:TestEvent")
}

pub(super) fn decode(record: &Value) -> Result<Part, EventError> {
    let record = Record::deserialize(record)
        .map_err(|_shape| EventError::Field { field: "Records[].{eventVersion,eventSource,eventName}" })?;
    if record.event_source != "aws:s3" {
        return Err(EventError::Source { field: "Records[].eventSource" });
    }
    // "We recommend that you do an equal-to comparison on the major version": minor versions only add fields.
    if record.event_version.split('.').next() != Some("2") {
        let version = shorten(&record.event_version);
        return Err(EventError::Version { field: "Records[].eventVersion", version, supported: "2.x" });
    }
    let name = EventName::parse(&record.event_name);
    if !name.is_creation() {
        return Ok(Part::Acknowledge(name));
    }
    let entity = record.s3.map(Entity::deserialize).and_then(Result::ok);
    let Entity { bucket, object } =
        entity.ok_or(EventError::Field { field: "Records[].s3.{bucket.name,object.key,object.versionId}" })?;
    let request_id = record.response_elements.and_then(|mut elements| elements.remove("x-amz-request-id"));
    object_part(
        &bucket.name,
        decode_form_key(&object.key)?,
        object.version_id,
        EventFacts {
            source: EventSource::Notification,
            name: Some(name),
            sequencer: object.sequencer.as_deref().and_then(Sequencer::parse),
            time: record.event_time,
            principal: text(record.user_identity.map(|identity| identity.principal_id)).map(Principal::new),
            request_id: text(request_id.and_then(|id| id.as_str().map(str::to_owned))),
            size_bytes: object.size,
            etag: text(object.etag),
        },
    )
}
