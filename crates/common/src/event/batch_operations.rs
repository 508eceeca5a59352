//! Tasks of S3 Batch Operations, invocation schema 1.0 and 2.0.

use serde::Deserialize;
use serde_json::Value;

use super::facts::shorten;
use super::incoming::object_part;
use super::key::decode_form_key;
use super::{BatchError, Delivery, EventError, EventFacts, EventSource, Incoming, Message, Part};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>
#[derive(Deserialize)]
struct Invocation {
    #[serde(rename = "invocationSchemaVersion")]
    schema_version: String,
    #[serde(rename = "invocationId")]
    id: String,
    tasks: Vec<Value>,
}

#[derive(Deserialize)]
struct Task {
    #[serde(rename = "s3Key")]
    key: String,
    #[serde(default, rename = "s3VersionId")]
    version_id: Option<String>,
    /// Schema 1.0.
    #[serde(default, rename = "s3BucketArn")]
    bucket_arn: Option<String>,
    /// Schema 2.0.
    #[serde(default, rename = "s3Bucket")]
    bucket: Option<String>,
}

/// S3 sends one task today; the field is a list.
const MAX_TASKS: usize = 1_000;

pub(super) fn is_task_list(payload: &Value) -> bool {
    payload.get("invocationSchemaVersion").is_some() && payload.get("tasks").is_some()
}

pub(super) fn decode(payload: &Value) -> Result<Incoming, BatchError> {
    let invocation = Invocation::deserialize(payload)
        .map_err(|_shape| BatchError::Field { field: "{invocationSchemaVersion,invocationId,tasks}" })?;
    if !matches!(invocation.schema_version.as_str(), "1.0" | "2.0") {
        return Err(BatchError::Schema { version: shorten(&invocation.schema_version) });
    }
    match invocation.tasks.len() {
        0 => return Err(BatchError::Field { field: "tasks" }),
        1..=MAX_TASKS => {}
        more => return Err(BatchError::TooManyMessages { messages: more, limit: MAX_TASKS }),
    }
    let messages = invocation.tasks.iter().enumerate().map(|(index, task)| message(index, task));
    Ok(Incoming {
        messages: messages.collect::<Result<_, _>>()?,
        delivery: Delivery::BatchOperations { schema_version: invocation.schema_version, invocation_id: invocation.id },
    })
}

fn message(index: usize, task: &Value) -> Result<Message, BatchError> {
    let id = task.get("taskId").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or(BatchError::MissingId { index, field: "taskId" })?.to_owned();
    Ok(Message { id, parts: vec![decode_task(task).unwrap_or_else(Part::Undecodable)] })
}

fn decode_task(task: &Value) -> Result<Part, EventError> {
    let task = Task::deserialize(task)
        .map_err(|_shape| EventError::Field { field: "tasks[].{s3Key,s3VersionId,s3BucketArn,s3Bucket}" })?;
    // An ARN ends with the bucket's name whatever its partition.
    let from_arn = || task.bucket_arn.as_deref().and_then(|arn| arn.rsplit(':').next());
    let bucket = task.bucket.as_deref().or_else(from_arn);
    let bucket = bucket.ok_or(EventError::Field { field: "tasks[].{s3BucketArn,s3Bucket}" })?;
    // Keys come as they stand in the manifest, and manifests are URL-encoded; an inventory writes a space as '+'.
    object_part(
        bucket,
        decode_form_key(&task.key)?,
        task.version_id,
        EventFacts { source: EventSource::BatchOperations, ..EventFacts::default() },
    )
}
