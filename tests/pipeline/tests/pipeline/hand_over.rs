//! Objects that do not fit into the function's time are judged by AWS Glue Data Quality.

use serde_json::json;
use sluice_testkit::names::bucket;
use sluice_testkit::{Fault, FaultPlan};

use crate::evidence::Found;
use crate::policies::{RULES, policy_with};
use crate::queues::{Function, MAX_RECEIVES};
use crate::tables;
use crate::world::{EVIDENCE, World};

const ROLE: &str = "arn:aws:iam::111122223333:role/glue-quality";

fn policy() -> String {
    let hand_over = format!(
        "quality: {{ hand_over: {{ database: lake, table: people_raw, role_arn: '{ROLE}', mib_per_second: 1 }}, ruleset: '{RULES}'"
    );
    policy_with(&format!("quality: {{ ruleset: '{RULES}'"), &hand_over)
}

fn table() -> Vec<u8> {
    (tables::COLUMNS.join(",") + "\n1,a@example.org,Ada,London\n").into_bytes()
}

/// A sealed object, and no time to judge it.
async fn sealed() -> World {
    let mut world = World::without_time(&policy());
    world.upload("people/large.csv", table());
    world.drain(Function::Seal).await;
    world
}

fn all(holds: Option<bool>) -> [(&'static str, Option<bool>); 3] {
    [("RowCount > 0", holds), ("IsComplete \"id\"", Some(true)), ("IsUnique \"id\"", Some(true))]
}

async fn only_verdict(world: &World) -> Found {
    let mut verdicts = world.statements_of("quality").await;
    assert_eq!(verdicts.len(), 1);
    verdicts.remove(0)
}

#[tokio::test]
async fn what_fits_is_judged_here() {
    let mut world = World::new(&policy());
    world.upload("people/small.csv", table());
    world.run().await;
    assert_eq!(world.runs.requests(), []);
    let verdict = only_verdict(&world).await;
    assert!(verdict.payload["predicate"].get("external").is_none());
}

#[tokio::test]
async fn what_does_not_fit_is_judged_by_glue_on_a_later_tick() {
    for (holds, result, counts) in [
        (Some(true), "PASSED", json!({ "passed": 3, "failed": 0, "errors": 0 })),
        (Some(false), "FAILED", json!({ "passed": 2, "failed": 1, "errors": 0 })),
        (None, "FAILED", json!({ "passed": 2, "failed": 0, "errors": 1 })),
    ] {
        let mut world = sealed().await;
        assert_eq!(world.step(Function::Quality).await, 1, "the message waits for the run");
        assert!(world.statements_of("quality").await.is_empty());
        let requests = world.runs.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!((requests[0].table.as_str(), requests[0].role_arn.as_str()), ("people_raw", ROLE));
        for rule in ["RowCount > 0", "IsComplete \"id\"", "IsUnique \"id\""] {
            assert!(requests[0].ruleset.contains(rule), "{}", requests[0].ruleset);
        }
        assert_eq!(world.step(Function::Quality).await, 1, "and waits on");
        world.runs.succeed(all(holds));
        assert_eq!(world.step(Function::Quality).await, 0);
        let verdict = only_verdict(&world).await;
        let predicate = &verdict.payload["predicate"];
        assert_eq!(predicate["engine"], "aws-glue-data-quality");
        assert_eq!(predicate["result"], result);
        assert_eq!(predicate["counts"], counts);
        let expected = json!({ "source": "glue:lake.people_raw", "runId": "dqrun-0", "digestVerified": false });
        assert_eq!(predicate["external"], expected);
        assert_eq!(predicate["bytes"], 0);
        assert!(predicate.get("rows").is_none());
        assert_eq!(world.runs.requests().len(), 1);
        assert_eq!(world.metrics.sum("Alarms") + world.metrics.sum("Quarantined"), 0.0);
    }
}

#[tokio::test]
async fn a_run_that_ends_without_a_result_makes_every_rule_an_error() {
    for status in ["FAILED", "STOPPED", "TIMEOUT"] {
        let mut world = sealed().await;
        world.step(Function::Quality).await;
        world.runs.end(status);
        assert_eq!(world.step(Function::Quality).await, 0);
        let verdict = only_verdict(&world).await;
        assert_eq!(verdict.text("result"), "FAILED");
        assert_eq!(verdict.payload["predicate"]["counts"], json!({ "passed": 0, "failed": 0, "errors": 3 }));
        let mut reports =
            world.s3.live_keys(&bucket(EVIDENCE)).into_iter().filter(|key| key.starts_with("report/quality/"));
        let report = world.s3.current_bytes(&bucket(EVIDENCE), &reports.next_back().unwrap()).unwrap();
        assert!(String::from_utf8_lossy(&report).contains(status));
    }
}

/// Whatever is lost on the way, there is one run and one verdict.
#[tokio::test]
async fn lost_answers_start_no_second_run() {
    for operation in ["start_run", "run_status", "run_result", "put_new", "list_versions"] {
        for fault in [Fault::Throttle, Fault::LoseAnswer] {
            let mut world = sealed().await;
            world.restart(&FaultPlan::new().on(operation, 1, fault));
            assert_eq!(world.step(Function::Quality).await, 1, "{operation} {fault:?}");
            world.runs.succeed(all(Some(true)));
            world.drain(Function::Quality).await;
            assert_eq!(only_verdict(&world).await.text("result"), "PASSED", "{operation} {fault:?}");
            assert_eq!(world.runs.requests().len(), 1, "{operation} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_run_that_outlasts_the_queue_goes_on_when_it_is_redriven() {
    let mut world = sealed().await;
    for _ in 0..MAX_RECEIVES {
        assert_eq!(world.step(Function::Quality).await, 1);
    }
    assert_eq!((world.queues.waiting(Function::Quality), world.queues.all_dead()), (0, 1));
    assert!(world.statements_of("quality").await.is_empty() && world.statements_of("quarantine").await.is_empty());
    world.queues.redrive();
    world.runs.succeed(all(Some(true)));
    world.drain(Function::Quality).await;
    assert_eq!(only_verdict(&world).await.text("result"), "PASSED");
    assert_eq!(world.runs.requests().len(), 1);
}
