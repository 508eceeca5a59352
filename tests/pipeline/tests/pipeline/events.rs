//! The bodies that AWS puts into queues.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sluice_common::ObjectVersion;

/// What S3 leaves as it is in the key of a notification; a space becomes `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// An S3 notification. The key is form-encoded.
pub(crate) fn notification(at: &ObjectVersion) -> String {
    let key = utf8_percent_encode(at.key.as_str(), FORM).to_string().replace(' ', "+");
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:uploader"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "seal",
            "bucket": {"name": at.bucket.as_str(), "arn": format!("arn:aws:s3:::{}", at.bucket)},
            "object": {"key": key, "versionId": at.version_id.as_str(), "sequencer": "0055AED6DCD90281E5"}
        }
    }]})
    .to_string()
}

/// The same by way of `EventBridge`, where keys are plain.
pub(crate) fn bridged(at: &ObjectVersion) -> String {
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-01-01T00:00:00Z",
        "region": "eu-central-1",
        "resources": [format!("arn:aws:s3:::{}", at.bucket)],
        "detail": {
            "version": "0",
            "bucket": {"name": at.bucket.as_str()},
            "object": {"key": at.key.as_str(), "version-id": at.version_id.as_str(), "sequencer": "617f08299329d189"},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "reason": "PutObject"
        }
    })
    .to_string()
}

/// The same from a rule that passes no version on.
pub(crate) fn bridged_without_version(at: &ObjectVersion) -> String {
    let mut event: Value = serde_json::from_str(&bridged(at)).unwrap();
    event["detail"]["object"].as_object_mut().unwrap().remove("version-id").unwrap();
    event.to_string()
}

/// A batch of messages as an event source mapping hands it over.
pub(crate) fn batch<'a>(messages: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let record = |(id, body): (&str, &str)| {
        json!({
            "messageId": id,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:queue",
            "awsRegion": "eu-central-1"
        })
    };
    json!({"Records": messages.map(record).collect::<Vec<_>>()})
}
