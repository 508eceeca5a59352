//! S3 events by way of `EventBridge`. Keys are plain there.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::facts::{hint, shorten, text};
use super::incoming::object_part;
use super::{EventError, EventFacts, EventName, EventSource, Part, Principal, Sequencer};
use crate::object::ObjectKey;

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
#[derive(Deserialize)]
struct Event {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    #[serde(default, deserialize_with = "hint")]
    time: Option<Timestamp>,
    detail: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    #[serde(default)]
    version: Option<String>,
    bucket: Bucket,
    object: Object,
    #[serde(default, deserialize_with = "hint")]
    request_id: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    requester: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "hint")]
    etag: Option<String>,
    #[serde(default, deserialize_with = "hint")]
    sequencer: Option<String>,
}

pub(super) fn is_event(body: &Value) -> bool {
    body.get("detail-type").is_some() && body.get("detail").is_some()
}

pub(super) fn decode(body: &Value) -> Result<Part, EventError> {
    let event =
        Event::deserialize(body).map_err(|_shape| EventError::Field { field: "{source,detail-type,detail}" })?;
    if event.source != "aws.s3" {
        return Err(EventError::Source { field: "source" });
    }
    let kind: String = shorten(&event.detail_type).split_whitespace().collect();
    if kind != "ObjectCreated" {
        return Ok(Part::Acknowledge(EventName { kind, name: String::new() }));
    }
    let detail = Detail::deserialize(event.detail)
        .map_err(|_shape| EventError::Field { field: "detail.{bucket.name,object.key,object.version-id}" })?;
    match detail.version.as_deref() {
        None | Some("0") => {}
        Some(other) => {
            return Err(EventError::Version { field: "detail.version", version: shorten(other), supported: "0" });
        }
    }
    let name = EventName { kind, name: detail.reason.as_deref().map(shorten).unwrap_or_default() };
    object_part(
        &detail.bucket.name,
        ObjectKey::new(detail.object.key)?,
        detail.object.version_id,
        EventFacts {
            source: EventSource::EventBridge,
            name: Some(name),
            sequencer: detail.object.sequencer.as_deref().and_then(Sequencer::parse),
            time: event.time,
            principal: text(detail.requester).map(Principal::new),
            request_id: text(detail.request_id),
            size_bytes: detail.object.size,
            etag: text(detail.object.etag),
        },
    )
}
