use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::{ObjectKey, ObjectVersion};

const VERSION: &str = "096fKKXTRTtl3on89fVO.nfljtsv6qko";

/// `application/x-www-form-urlencoded` as S3 writes it: `/` is kept, a space becomes `+`.
fn form_encode(key: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
    utf8_percent_encode(key, KEPT).to_string().replace(' ', "+")
}

fn notification(encoded_key: &str) -> Value {
    // The fields of the example in the Amazon S3 User Guide, with values.
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-2",
        "eventTime": "1970-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testConfigRule",
            "bucket": {
                "name": "amzn-s3-demo-bucket",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::amzn-s3-demo-bucket"
            },
            "object": {
                "key": encoded_key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": VERSION,
                "sequencer": "0055AED6DCD90281E5"
            }
        }
    }]})
}

fn bridge(plain_key: &str) -> Value {
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2021-11-12T00:00:00Z",
        "region": "ca-central-1",
        "resources": ["arn:aws:s3:::amzn-s3-demo-bucket"],
        "detail": {
            "version": "0",
            "event-version": "1.0",
            "bucket": {"name": "amzn-s3-demo-bucket"},
            "object": {
                "key": plain_key,
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": VERSION,
                "sequencer": "617f08299329d189"
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject"
        }
    })
}

fn task(schema: &str, encoded_key: &str) -> Value {
    let mut task = json!({"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": encoded_key, "s3VersionId": VERSION});
    if schema == "1.0" {
        task["s3BucketArn"] = json!("arn:aws-cn:s3:::amzn-s3-demo-bucket");
    } else {
        task["s3Bucket"] = json!("amzn-s3-demo-bucket");
    }
    json!({
        "invocationSchemaVersion": schema,
        "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
        "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
        "tasks": [task]
    })
}

fn manual(plain_key: &str) -> Value {
    json!({"bucket": "amzn-s3-demo-bucket", "key": plain_key, "versionId": VERSION})
}

fn sqs(body: impl Into<String>) -> Value {
    json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEB",
        "body": body.into(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
        "awsRegion": "us-east-2"
    }]})
}

fn only_part(payload: &Value) -> Part {
    let mut incoming = Incoming::decode(payload).unwrap();
    assert_eq!(incoming.messages.len(), 1);
    let mut message = incoming.messages.remove(0);
    assert_eq!(message.parts.len(), 1);
    message.parts.remove(0)
}

fn only_item(payload: &Value) -> Item {
    match only_part(payload) {
        Part::Object(item) => *item,
        other => panic!("no object in it: {other:?}"),
    }
}

fn only_error(payload: &Value) -> EventError {
    match only_part(payload) {
        Part::Undecodable(error) => error,
        other => panic!("was understood: {other:?}"),
    }
}

/// Every way on which a key can come, each as its sender would write it.
fn every_route(key: &str) -> Vec<(&'static str, Value)> {
    let encoded = form_encode(key);
    vec![
        ("s3", notification(&encoded)),
        ("sqs-s3", sqs(notification(&encoded).to_string())),
        ("eventbridge", bridge(key)),
        ("sqs-eventbridge", sqs(bridge(key).to_string())),
        ("batch 1.0", task("1.0", &encoded)),
        ("batch 2.0", task("2.0", &encoded)),
        ("manual", manual(key)),
        ("sqs-manual", sqs(manual(key).to_string())),
    ]
}

fn expected(key: &str) -> ObjectVersion {
    ObjectVersion {
        bucket: "amzn-s3-demo-bucket".parse().unwrap(),
        key: ObjectKey::new(key).unwrap(),
        version_id: VERSION.to_owned().try_into().unwrap(),
    }
}

#[test]
fn hostile_keys_arrive_on_every_route() {
    let longest = "k".repeat(1021) + "你";
    for key in [
        "a b",
        "a+b",
        "a%2Bb",
        "a%25",
        "100%",
        "%",
        "dt=2026-01-01/x:y",
        "你好/😊.csv",
        "\"q\"'`",
        "folder/",
        "a//b/../c",
        " ",
        "\u{0}\n\t",
        "{\"key\":1}",
        &longest,
    ] {
        for (route, payload) in every_route(key) {
            assert_eq!(only_item(&payload).object, expected(key), "{route}: {key:?}");
        }
    }
}

#[test]
fn facts_of_a_notification() {
    let event = only_item(&notification("a.csv")).event;
    assert_eq!(event.source, EventSource::Notification);
    assert_eq!(event.name, Some(EventName { kind: "ObjectCreated".to_owned(), name: "Put".to_owned() }));
    assert_eq!(event.sequencer.unwrap().as_str(), "0055AED6DCD90281E5");
    assert_eq!(event.time, Some(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(event.principal.unwrap().sha256(), crate::Sha256Digest::of(b"AIDAJDPLRKLG7UEXAMPLE"));
    assert_eq!(event.request_id.as_deref(), Some("C3D13FE58DE4C810"));
    assert_eq!(event.size_bytes, Some(1024));
    assert_eq!(event.etag.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
}

#[test]
fn facts_of_an_eventbridge_event() {
    let event = only_item(&bridge("a.csv")).event;
    assert_eq!(event.source, EventSource::EventBridge);
    assert_eq!(event.name, Some(EventName { kind: "ObjectCreated".to_owned(), name: "PutObject".to_owned() }));
    assert_eq!(event.sequencer.unwrap().as_str(), "617F08299329D189");
    assert_eq!(event.time, Some("2021-11-12T00:00:00Z".parse().unwrap()));
    assert_eq!(event.request_id.as_deref(), Some("N4N7GDK58NMKJ12R"));
    assert_eq!(event.size_bytes, Some(5));
}

#[test]
fn hints_of_a_wrong_type_do_not_cost_the_message() {
    let mut payload = notification("a.csv");
    let record = &mut payload["Records"][0];
    record["eventTime"] = json!("yesterday");
    record["userIdentity"] = json!(7);
    record["responseElements"] = json!([]);
    record["s3"]["object"]["size"] = json!(-1);
    record["s3"]["object"]["eTag"] = json!({});
    record["s3"]["object"]["sequencer"] = json!("not hex");
    record["somethingNew"] = json!({"deep": [1, 2, 3]});
    let item = only_item(&payload);
    assert_eq!(item.object, expected("a.csv"));
    let bare = EventFacts { source: EventSource::Notification, name: item.event.name.clone(), ..EventFacts::default() };
    assert_eq!(item.event, bare);
}

#[test]
fn deliveries_are_told_apart() {
    let delivery = |payload: &Value| Incoming::decode(payload).unwrap().delivery;
    assert_eq!(delivery(&notification("a")), Delivery::Direct);
    assert_eq!(delivery(&bridge("a")), Delivery::Direct);
    assert_eq!(delivery(&manual("a")), Delivery::Direct);
    assert_eq!(delivery(&sqs("{}")), Delivery::Sqs);
    for schema in ["1.0", "2.0"] {
        let invocation_id = "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo".to_owned();
        let expected = Delivery::BatchOperations { schema_version: schema.to_owned(), invocation_id };
        assert_eq!(delivery(&task(schema, "a")), expected);
    }
}

#[test]
fn test_events_are_acknowledged() {
    let test_event = json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2014-10-13T15:57:02.089Z",
        "Bucket": "amzn-s3-demo-bucket",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"
    });
    for payload in [sqs(test_event.to_string()), test_event] {
        assert!(matches!(only_part(&payload), Part::Acknowledge(name) if name.kind == "TestEvent"));
    }
}

#[test]
fn only_creations_carry_work() {
    for (name, is_work) in [
        ("ObjectCreated:Put", true),
        ("ObjectCreated:CompleteMultipartUpload", true),
        ("ObjectCreated:SomethingNew", true),
        ("s3:ObjectCreated:Copy", true),
        ("ObjectRemoved:DeleteMarkerCreated", false),
        ("LifecycleExpiration:Delete", false),
        ("ObjectTagging:Put", false),
        ("ObjectAnnotation:Put", false),
        ("ObjectCreatedNot:Put", false),
        ("", false),
    ] {
        let mut payload = notification("a.csv");
        payload["Records"][0]["eventName"] = json!(name);
        assert_eq!(matches!(only_part(&payload), Part::Object(_)), is_work, "{name}");
        if !is_work {
            // Such a record may lack what only creations have.
            payload["Records"][0]["s3"]["object"] = json!({});
            assert!(matches!(only_part(&payload), Part::Acknowledge(_)), "{name}");
        }
    }
    for (detail_type, is_work) in [("Object Created", true), ("Object Deleted", false), ("Object Tags Added", false)] {
        let mut payload = bridge("a.csv");
        payload["detail-type"] = json!(detail_type);
        assert_eq!(matches!(only_part(&payload), Part::Object(_)), is_work, "{detail_type}");
    }
}

#[test]
fn versions_of_the_structure() {
    for (version, supported) in
        [("2.0", true), ("2.9", true), ("2", true), ("3.0", false), ("20.1", false), ("", false)]
    {
        let mut payload = notification("a.csv");
        payload["Records"][0]["eventVersion"] = json!(version);
        assert_eq!(matches!(only_part(&payload), Part::Object(_)), supported, "{version}");
    }
    let mut payload = bridge("a.csv");
    payload["detail"]["version"] = json!("1");
    assert!(matches!(only_error(&payload), EventError::Version { .. }));
    assert_eq!(Incoming::decode(&task("3.0", "a")), Err(BatchError::Schema { version: "3.0".to_owned() }));
}

#[test]
fn objects_without_a_version_are_told_apart() {
    for absent in [json!(null), json!("null"), json!("")] {
        let mut payloads = [notification("a"), bridge("a"), task("1.0", "a"), manual("a")];
        payloads[0]["Records"][0]["s3"]["object"]["versionId"] = absent.clone();
        payloads[1]["detail"]["object"]["version-id"] = absent.clone();
        payloads[2]["tasks"][0]["s3VersionId"] = absent.clone();
        payloads[3]["versionId"] = absent.clone();
        for payload in payloads {
            let path = expected("a").path();
            assert!(matches!(only_part(&payload), Part::Unversioned(item) if item.path == path), "{payload}");
        }
    }
    let mut payload = notification("a");
    payload["Records"][0]["s3"]["object"].as_object_mut().unwrap().remove("versionId");
    assert!(matches!(only_part(&payload), Part::Unversioned(_)));
}

#[test]
fn events_of_other_services_are_not_work() {
    let mut payload = bridge("a");
    payload["source"] = json!("aws.ec2");
    assert_eq!(only_error(&payload), EventError::Source { field: "source" });
    let mut payload = notification("a");
    payload["Records"][0]["eventSource"] = json!("aws:dynamodb");
    assert!(matches!(only_error(&payload), EventError::Source { .. }));
}

#[test]
fn bodies_that_are_not_understood_stay_with_their_message() {
    for (body, reason) in [
        ("", "event_not_json"),
        ("{", "event_not_json"),
        ("null", "event_unknown_shape"),
        ("[]", "event_unknown_shape"),
        ("{}", "event_unknown_shape"),
        (r#"{"Records": []}"#, "event_empty"),
        (r#"{"Records": {}}"#, "event_field"),
        (r#"{"Records": [{}]}"#, "event_field"),
        (r#"{"bucket": 1, "key": 2}"#, "event_field"),
        (r#"{"bucket": "NO", "key": "a", "versionId": "v"}"#, "event_bucket_name"),
        (r#"{"bucket": "lake-raw", "key": "", "versionId": "v"}"#, "event_key"),
        (r#"{"bucket": "lake-raw", "key": "a", "versionId": "a b"}"#, "event_version_id"),
    ] {
        assert_eq!(only_error(&sqs(body)).reason(), reason, "{body}");
    }
    assert_eq!(only_error(&sqs("x".repeat((1 << 20) + 1))).reason(), "event_too_large");
    assert_eq!(only_error(&sqs("[".repeat(1 << 20))).reason(), "event_not_json");
    // A batch within a batch is nobody's message.
    assert!(matches!(
        only_error(&sqs(sqs(manual("a").to_string()).to_string())),
        EventError::Source { .. } | EventError::Field { .. }
    ));
}

#[test]
fn a_bad_record_does_not_hide_its_neighbours() {
    let mut payload = notification("good");
    let mut bad = payload["Records"][0].clone();
    bad["s3"]["object"]["key"] = json!("%zz");
    payload["Records"].as_array_mut().unwrap().insert(0, bad);
    let incoming = Incoming::decode(&sqs(payload.to_string())).unwrap();
    assert!(matches!(
        incoming.messages[0].parts.as_slice(),
        [Part::Undecodable(EventError::KeyEscape { offset: 0 }), Part::Object(_)]
    ));
}

#[test]
fn a_message_without_id_fails_the_batch() {
    let mut payload = sqs("{}");
    let second = {
        let mut record = payload["Records"][0].clone();
        record.as_object_mut().unwrap().remove("messageId");
        record
    };
    payload["Records"].as_array_mut().unwrap().push(second);
    assert_eq!(Incoming::decode(&payload), Err(BatchError::MissingId { index: 1, field: "messageId" }));
    let mut payload = task("1.0", "a");
    payload["tasks"][0]["taskId"] = json!("");
    assert_eq!(Incoming::decode(&payload), Err(BatchError::MissingId { index: 0, field: "taskId" }));
}

#[test]
fn payloads_that_wake_nobody() {
    for payload in [json!(null), json!({}), json!([1]), json!("x"), json!({"tasks": []}), json!({"detail-type": "x"})] {
        assert_eq!(Incoming::decode(&payload), Err(BatchError::UnknownShape), "{payload}");
    }
}

#[test]
fn every_file_of_the_events_folder_is_understood() {
    // Tests run in their package's folder; a path from compile time would be that of whichever checkout compiled this.
    let events = std::path::Path::new("../../events");
    let mut files = 0;
    for function in ["seal", "quality", "pseudonymize"] {
        for file in std::fs::read_dir(events.join(function)).unwrap() {
            let path = file.unwrap().path();
            let payload: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let incoming = Incoming::decode(&payload).unwrap();
            let parts: Vec<&Part> = incoming.messages.iter().flat_map(|message| &message.parts).collect();
            let unversioned = path.file_stem().unwrap().to_str().unwrap().contains("without-version");
            for part in parts {
                assert_eq!(matches!(part, Part::Unversioned(_)), unversioned, "{}", path.display());
                assert!(!matches!(part, Part::Undecodable(_)), "{}", path.display());
            }
            files += 1;
        }
    }
    assert!(files >= 12, "{files}");
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ +%=:/&?#\"'a-z0-9é你😊]{1,60}", "(%[0-9A-Fa-f]{2}|[+ ]){1,20}",]
        .prop_filter("S3 key", |key| !key.is_empty() && key.len() <= ObjectKey::MAX_BYTES)
}

/// JSON that holds the names which the decoder looks for, at any place and with any value.
fn hostile_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "Records",
        "body",
        "messageId",
        "eventSource",
        "eventVersion",
        "eventName",
        "s3",
        "bucket",
        "object",
        "name",
        "key",
        "versionId",
        "detail",
        "detail-type",
        "source",
        "Event",
        "tasks",
        "taskId",
        "invocationSchemaVersion",
        "invocationId",
        "s3Key",
        "s3Bucket",
        "s3BucketArn",
        "size",
        "sequencer",
        "eventTime",
    ];
    const TEXTS: &[&str] = &[
        "aws:sqs",
        "aws:s3",
        "aws.s3",
        "2.1",
        "1.0",
        "ObjectCreated:Put",
        "Object Created",
        "s3:TestEvent",
        "%",
        "+",
        "null",
        "lake-raw",
        "{\"Records\":[{}]}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(NAMES), inner), 0..8)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_key_survives_every_route(key in any_key()) {
        for (route, payload) in every_route(&key) {
            prop_assert_eq!(&only_item(&payload).object, &expected(&key), "{}", route);
        }
    }

    #[test]
    fn hostile_payloads_end_in_messages_or_errors(payload in hostile_json()) {
        if let Ok(incoming) = Incoming::decode(&payload) {
            prop_assert!(!incoming.messages.is_empty());
            prop_assert!(incoming.messages.iter().all(|message| !message.parts.is_empty() && !message.id.is_empty()));
        }
    }

    #[test]
    fn hostile_bodies_stay_with_their_message(json in hostile_json(), text in ".{0,200}") {
        for body in [json.to_string(), text] {
            let incoming = Incoming::decode(&sqs(body)).unwrap();
            prop_assert_eq!(incoming.messages.len(), 1);
            prop_assert!(!incoming.messages[0].parts.is_empty());
        }
    }
}
