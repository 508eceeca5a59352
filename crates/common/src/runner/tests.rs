use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;
use crate::disposition::Dispose;
use crate::object::{ObjectPath, ObjectVersion};

/// What the stage shall do with a key.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Work,
    Fail(Disposition),
    FailAndSettleFails(Disposition),
    FailAndSettlePanics,
    Panic,
    Hang,
}

#[derive(Debug, thiserror::Error)]
#[error("planned failure")]
struct Planned(Disposition);

impl Dispose for Planned {
    fn disposition(&self) -> Disposition {
        self.0
    }

    fn reason(&self) -> &'static str {
        match self.0 {
            Disposition::Retry => "throttled",
            Disposition::Quarantine => "not_a_table",
            Disposition::Alarm => "digest_mismatch",
        }
    }
}

#[derive(Default)]
struct PlannedStage {
    plans: BTreeMap<&'static str, Plan>,
    settled: Mutex<Vec<(String, Disposition)>>,
    handled: Mutex<Vec<String>>,
}

#[async_trait]
impl Stage for PlannedStage {
    type Error = Planned;

    async fn handle(&self, item: &Item, _deadline: Deadline) -> Result<Done, Planned> {
        let key = item.object.key.as_str();
        self.handled.lock().unwrap().push(key.to_owned());
        match self.plans.get(key).copied().unwrap_or(Plan::Work) {
            Plan::Work => Ok(Done::new("sealed", 10).with_rows(2)),
            Plan::Fail(disposition) | Plan::FailAndSettleFails(disposition) => Err(Planned(disposition)),
            Plan::FailAndSettlePanics => Err(Planned(Disposition::Quarantine)),
            Plan::Panic => panic!("poison"),
            Plan::Hang => std::future::pending().await,
        }
    }

    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Planned> {
        match path.key.as_str() {
            "att/known" => Ok(Some(path.version("only".to_owned().try_into().unwrap()))),
            "att/rewritten" | "att/unstated" => Err(Planned(Disposition::Alarm)),
            "att/unread" => Err(Planned(Disposition::Retry)),
            "att/poison" => panic!("poison"),
            _ => Ok(None),
        }
    }

    async fn settle(&self, item: &Item, _error: &Planned, disposition: Disposition) -> Result<(), Planned> {
        let key = item.object.key.as_str();
        match self.plans.get(key) {
            Some(Plan::FailAndSettleFails(_)) => Err(Planned(Disposition::Quarantine)),
            Some(Plan::FailAndSettlePanics) => panic!("poison"),
            _ => {
                self.settled.lock().unwrap().push((key.to_owned(), disposition));
                Ok(())
            }
        }
    }

    async fn settle_unversioned(&self, item: &UnversionedItem, error: &Planned) -> Result<bool, Planned> {
        let key = item.path.key.as_str();
        let is_stated = key == "att/rewritten";
        if is_stated {
            self.settled.lock().unwrap().push((key.to_owned(), error.disposition()));
        }
        Ok(is_stated)
    }
}

/// A clock that each look moves on by a step.
struct SteppingClock {
    now: Mutex<Timestamp>,
    step: SignedDuration,
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        let mut now = self.now.lock().unwrap();
        *now += self.step;
        *now
    }
}

fn runner(plans: &[(&'static str, Plan)], step: SignedDuration) -> Runner<PlannedStage> {
    let stage = PlannedStage { plans: plans.iter().copied().collect(), ..PlannedStage::default() };
    let clock = SteppingClock { now: Mutex::new(Timestamp::UNIX_EPOCH), step };
    Runner::new("seal", stage, Arc::new(clock), "Sluice")
}

fn deadline() -> Deadline {
    Deadline::at(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(900))
}

fn body(key: &str) -> serde_json::Value {
    json!({"bucket": "lake-raw", "key": key, "versionId": "v1"})
}

fn sqs(messages: &[(&str, String)]) -> serde_json::Value {
    let record = |(id, body): &(&str, String)| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

fn sqs_keys(keys: &[&str]) -> serde_json::Value {
    let messages: Vec<(&str, String)> = keys.iter().map(|key| (*key, body(key).to_string())).collect();
    sqs(&messages)
}

async fn run(runner: &Runner<PlannedStage>, payload: serde_json::Value) -> (serde_json::Value, Tally) {
    let (answer, tally) = runner.answer(&payload, deadline()).await;
    (answer.unwrap(), tally)
}

#[tokio::test]
async fn answer_to_sqs_names_only_what_is_to_be_given_back() {
    let runner = runner(
        &[
            ("retry", Plan::Fail(Disposition::Retry)),
            ("poison", Plan::Fail(Disposition::Quarantine)),
            ("forged", Plan::Fail(Disposition::Alarm)),
            ("panic", Plan::Panic),
            ("unsettled", Plan::FailAndSettleFails(Disposition::Quarantine)),
            ("unalarmed", Plan::FailAndSettleFails(Disposition::Alarm)),
            ("settle-panics", Plan::FailAndSettlePanics),
        ],
        SignedDuration::ZERO,
    );
    let keys = ["good", "retry", "poison", "forged", "panic", "unsettled", "unalarmed", "settle-panics", "last"];
    let (answer, tally) = run(&runner, sqs_keys(&keys)).await;
    assert_eq!(
        answer,
        json!({"batchItemFailures": [
            {"itemIdentifier": "retry"},
            {"itemIdentifier": "panic"},
            {"itemIdentifier": "unsettled"},
            {"itemIdentifier": "unalarmed"},
            {"itemIdentifier": "settle-panics"}
        ]})
    );
    let expected = Tally {
        processed: 2,
        quarantined: 1,
        alarms: 1,
        retries: 5,
        panics: 2,
        bytes: 20,
        rows: 4,
        ..Tally::default()
    };
    assert_eq!(tally, expected);
    let settled = runner.stage.settled.lock().unwrap();
    assert_eq!(*settled, [("poison".to_owned(), Disposition::Quarantine), ("forged".to_owned(), Disposition::Alarm)]);
}

#[tokio::test]
async fn a_batch_in_which_all_is_well_has_an_empty_list() {
    let (answer, _) = run(&runner(&[], SignedDuration::ZERO), sqs_keys(&["a", "b"])).await;
    assert_eq!(answer.to_string(), r#"{"batchItemFailures":[]}"#);
}

#[tokio::test]
async fn what_is_not_understood_goes_back_to_the_queue() {
    let unversioned = json!({"bucket": "lake-raw", "key": "a"}).to_string();
    let payload = sqs(&[("m1", "not json".to_owned()), ("m2", body("a").to_string()), ("m3", unversioned)]);
    let (answer, tally) = run(&runner(&[], SignedDuration::ZERO), payload).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}));
    assert_eq!((tally.undecodable, tally.processed), (2, 1));
}

#[tokio::test]
async fn a_stage_may_know_the_version_of_a_write_once_key() {
    let runner = runner(&[], SignedDuration::ZERO);
    let bare = |key: &str| json!({"bucket": "lake-evidence", "key": key}).to_string();
    let keys = ["att/known", "att/rewritten", "att/unstated", "att/unread", "att/poison", "att/other"];
    let messages: Vec<(&str, String)> = keys.iter().map(|key| (*key, bare(key))).collect();
    let (answer, tally) = run(&runner, sqs(&messages)).await;
    assert_eq!(
        answer,
        json!({"batchItemFailures": [
            {"itemIdentifier": "att/unstated"},
            {"itemIdentifier": "att/unread"},
            {"itemIdentifier": "att/poison"},
            {"itemIdentifier": "att/other"}
        ]})
    );
    assert_eq!((tally.processed, tally.retries, tally.panics, tally.undecodable), (1, 3, 1, 1));
    assert_eq!(tally.alarms, 1);
    assert_eq!(*runner.stage.settled.lock().unwrap(), [("att/rewritten".to_owned(), Disposition::Alarm)]);
}

#[tokio::test]
async fn nothing_is_begun_without_time_and_nothing_is_lost() {
    // Each look at the clock costs 100 s of 900: before, around and after each object.
    let runner = runner(&[], SignedDuration::from_secs(100));
    let keys = ["a", "b", "c", "d", "e", "f"];
    let (answer, tally) = run(&runner, sqs_keys(&keys)).await;
    let handled = runner.stage.handled.lock().unwrap().clone();
    assert_eq!(handled, ["a", "b", "c", "d"]);
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "e"}, {"itemIdentifier": "f"}]}));
    assert_eq!((tally.processed, tally.retries), (4, 2));
}

#[tokio::test]
async fn work_that_outlasts_the_invocation_is_cut_off_and_given_back() {
    let limits = TimeLimits { minimum_to_begin: Duration::ZERO, reserved_for_answer: Duration::from_secs(1) };
    let runner = runner(&[("slow", Plan::Hang)], SignedDuration::ZERO).with_limits(limits);
    let soon = Deadline::at(Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_010));
    let (answer, tally) = runner.answer(&sqs_keys(&["slow", "fast"]), soon).await;
    assert_eq!(answer.unwrap(), json!({"batchItemFailures": [{"itemIdentifier": "slow"}]}));
    assert_eq!((tally.processed, tally.retries), (1, 1));
}

#[tokio::test]
async fn answer_to_batch_operations_has_a_result_for_each_task() {
    let runner = runner(
        &[
            ("retry", Plan::Fail(Disposition::Retry)),
            ("poison", Plan::Fail(Disposition::Quarantine)),
            ("panic", Plan::Panic),
        ],
        SignedDuration::ZERO,
    );
    let task =
        |key: &str, version: &str| json!({"taskId": key, "s3Key": key, "s3VersionId": version, "s3Bucket": "lake-raw"});
    let payload = json!({
        "invocationSchemaVersion": "2.0",
        "invocationId": "inv",
        "job": {"id": "job"},
        "tasks": [task("good", "v"), task("retry", "v"), task("poison", "v"), task("panic", "v"), task("bare", "null")]
    });
    let (answer, _) = run(&runner, payload).await;
    assert_eq!(
        answer,
        json!({
            "invocationSchemaVersion": "2.0",
            "treatMissingKeysAs": "TemporaryFailure",
            "invocationId": "inv",
            "results": [
                {"taskId": "good", "resultCode": "Succeeded", "resultString": "sealed"},
                {"taskId": "retry", "resultCode": "TemporaryFailure", "resultString": "throttled"},
                {"taskId": "poison", "resultCode": "PermanentFailure", "resultString": "not_a_table"},
                {"taskId": "panic", "resultCode": "TemporaryFailure", "resultString": "panicked"},
                {"taskId": "bare", "resultCode": "PermanentFailure", "resultString": "unversioned"}
            ]
        })
    );
}

#[tokio::test]
async fn a_direct_delivery_succeeds_whole_or_fails() {
    let runner = runner(
        &[("retry", Plan::Fail(Disposition::Retry)), ("poison", Plan::Fail(Disposition::Quarantine))],
        SignedDuration::ZERO,
    );
    let (answer, _) = run(&runner, body("good")).await;
    assert_eq!(answer, json!({"outcomes": ["sealed"]}));
    let (answer, _) = run(&runner, body("poison")).await;
    assert_eq!(answer, json!({"outcomes": ["not_a_table"]}));
    let (failed, _) = runner.answer(&body("retry"), deadline()).await;
    assert_eq!(failed.unwrap_err().error_type(), "throttled");
    let (failed, _) = runner.answer(&json!({"bucket": "lake-raw", "key": "a"}), deadline()).await;
    assert_eq!(failed.unwrap_err().error_type(), "unversioned");
    let (failed, _) = runner.answer(&json!({}), deadline()).await;
    assert_eq!(failed.unwrap_err().error_type(), "payload_not_understood");
}

#[tokio::test]
async fn one_bad_object_of_a_message_gives_the_message_back_after_the_others_were_tried() {
    let record = |key: &str| {
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
               "s3": {"bucket": {"name": "lake-raw"}, "object": {"key": key, "versionId": "v"}}})
    };
    let runner = runner(&[("first", Plan::Fail(Disposition::Retry))], SignedDuration::ZERO);
    let message = json!({"Records": [record("first"), record("second"), record("%zz")]}).to_string();
    let (answer, tally) = run(&runner, sqs(&[("m", message)])).await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m"}]}));
    assert_eq!((tally.processed, tally.retries, tally.undecodable), (1, 1, 1));
}

#[tokio::test]
async fn serving_answers_and_fails_like_answering() {
    let runner = runner(&[], SignedDuration::ZERO);
    let invocation = Invocation { request_id: "r-1", deadline: deadline() };
    assert_eq!(runner.serve(&body("good"), invocation).await.unwrap(), json!({"outcomes": ["sealed"]}));
    assert!(runner.serve(&json!(1), invocation).await.is_err());
}
