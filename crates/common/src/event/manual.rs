//! `{"bucket","key","versionId"}`: a person with `cargo lambda invoke`, or the sweep. The key is plain.

use serde::Deserialize;
use serde_json::Value;

use super::incoming::object_part;
use super::{EventError, EventFacts, EventSource, Part};
use crate::object::ObjectKey;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    bucket: String,
    key: String,
    #[serde(default)]
    version_id: Option<String>,
}

pub(super) fn is_request(body: &Value) -> bool {
    body.get("bucket").is_some() && body.get("key").is_some()
}

pub(super) fn decode(body: &Value) -> Result<Part, EventError> {
    let request = Request::deserialize(body).map_err(|_shape| EventError::Field { field: "{bucket,key,versionId}" })?;
    object_part(
        &request.bucket,
        ObjectKey::new(request.key)?,
        request.version_id,
        EventFacts { source: EventSource::Manual, ..EventFacts::default() },
    )
}
