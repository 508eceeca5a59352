//! Tables beside the policy that rules look up.

use serde_json::{Value, json};
use sluice_testkit::names::{bucket, path};

use crate::queues::Function;
use crate::world::{EVIDENCE, World};

const CUSTOMERS: &str = "policy/customers.csv";

fn policy(rules: &str) -> String {
    format!(
        "version: 1
datasets:
  - name: orders
    match: 'orders/**'
    format: {{ type: csv }}
    quality:
      ruleset: 'Rules = [ {rules} ]'
      references: [ {{ alias: customers, s3: {CUSTOMERS}, format: {{ type: csv }} }} ]
    privacy: {{ undeclared: keep }}
"
    )
}

const RULE: &str = "ReferentialIntegrity \"customer\" \"customers.name\" = 1.0";

fn world() -> World {
    let world = World::new(&policy(RULE));
    world.s3.put(&path(EVIDENCE, CUSTOMERS), "name\na\nb\n").unwrap();
    world
}

#[tokio::test]
async fn a_verdict_rests_on_the_table_and_names_its_version() {
    let mut world = world();
    world.upload("orders/a.csv", "id,customer\n1,a\n2,b\n");
    world.run().await;
    let verdict = world.only("quality").await;
    assert_eq!(verdict.text("result"), "PASSED");
    let keys = world.s3.live_keys(&bucket(EVIDENCE));
    let inputs = keys.iter().find(|key| key.starts_with("report/inputs/")).unwrap();
    let listed: Value = serde_json::from_slice(&world.s3.current_bytes(&bucket(EVIDENCE), inputs).unwrap()).unwrap();
    assert_eq!(listed["references"][0]["alias"], "customers");
    // printf 'name\na\nb\n' | sha256sum
    let sha256 = sluice_common::Sha256Digest::of(b"name\na\nb\n").to_hex();
    assert_eq!(listed["references"][0]["sha256"], json!(sha256));
    assert!(listed["references"][0]["uri"].as_str().unwrap().contains("versionId="));
}

#[tokio::test]
async fn a_table_that_changes_changes_later_verdicts_only() {
    let mut world = world();
    let early = world.upload("orders/a.csv", "id,customer\n1,a\n2,b\n");
    world.run().await;
    world.s3.put(&path(EVIDENCE, CUSTOMERS), "name\na\n").unwrap();
    // The same seal again: the same table, the same verdict.
    let seal = world.only("seal").await.at;
    world.queues.send(Function::Quality, crate::events::bridged(&seal));
    world.run().await;
    assert_eq!(world.only("quality").await.text("result"), "PASSED");
    world.upload("orders/b.csv", "id,customer\n1,a\n2,b\n");
    world.run().await;
    let verdicts = world.statements_of("quality").await;
    let failed: Vec<bool> = verdicts.iter().map(|verdict| verdict.text("result") == "FAILED").collect();
    assert_eq!(failed.iter().filter(|failed| **failed).count(), 1);
    assert_eq!(verdicts.len(), 2, "{early:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_table_is_not_the_upload_s_fault() {
    for (body, at_fault) in [(None, "missing"), (Some("name\n\"never closed\n"), "malformed")] {
        let mut world = World::new(&policy(RULE));
        if let Some(body) = body {
            world.s3.put(&path(EVIDENCE, CUSTOMERS), body).unwrap();
        }
        world.upload("orders/a.csv", "id,customer\n1,a\n2,b\n");
        world.run().await;
        assert!(world.statements_of("quality").await.is_empty(), "{at_fault}");
        assert!(world.statements_of("quarantine").await.is_empty(), "{at_fault}");
        assert_eq!(world.queues.dead(Function::Quality), 1, "{at_fault}");
    }
}
