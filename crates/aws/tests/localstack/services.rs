use sluice_common::port::{Metric, MetricUnit, Metrics as _, Queue as _};

use super::setup::{aws, sqs_admin, unique};

#[tokio::test]
async fn a_message_arrives_as_it_was_sent() {
    let admin = sqs_admin();
    let queue = admin.create_queue().queue_name(unique("sluice")).send().await.unwrap();
    let url = queue.queue_url().unwrap();
    let body = r#"{"bucket":"b","key":"a b+😀","versionId":"v"}"#;
    aws().await.queue(url).send(body.to_owned()).await.unwrap();
    let received = admin.receive_message().queue_url(url).send().await.unwrap();
    assert_eq!(received.messages()[0].body(), Some(body));
    let missing = aws().await.queue(format!("{url}-missing")).send(body.to_owned()).await.unwrap_err();
    assert!(missing.code.contains("NonExistentQueue") || missing.code == "QueueDoesNotExist", "{}", missing.code);
}

#[tokio::test]
async fn more_metrics_than_one_call_holds_are_published() {
    let metric = |index: u32| Metric {
        name: "SealedObjects",
        value: f64::from(index),
        unit: MetricUnit::Count,
        dimensions: vec![("dataset", "orders".to_owned())],
    };
    let metrics: Vec<Metric> = (0..1001).map(metric).collect();
    let namespace = aws().await.metrics(unique("Sluice"));
    namespace.put(&metrics).await.unwrap();
    let unsound = Metric { value: f64::NAN, ..metric(0) };
    assert_eq!(namespace.put(&[unsound]).await.unwrap_err().code, "ValueNotFinite");
}
