//! Tables beside the policy that rules look up.

use serde_json::{Value, json};
use sluice_common::port::{StorageFormat, TableName, TablePlace, TableStorage};
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

const TABLE_RULE: &str = "ReferentialIntegrity \"sku\" \"products.sku\" = 1.0";

fn on_table(rules: &str) -> String {
    policy(rules).replace(
        &format!("{{ alias: customers, s3: {CUSTOMERS}, format: {{ type: csv }} }}"),
        "{ alias: products, glue: { database: sales, table: products } }",
    )
}

fn products() -> TableName {
    TableName { database: "sales".to_owned(), table: "products".to_owned() }
}

/// A table of partitions, `(country, body)` each, written as LazySimpleSerDe does without a line of names.
fn with_table(rules: &str, partitions: &[(&str, &str)]) -> World {
    let world = World::new(&on_table(rules));
    let mut places = Vec::new();
    for (country, body) in partitions {
        let folder = format!("policy/products/country={country}/");
        world.s3.put(&path(EVIDENCE, &format!("{folder}part-0.csv")), (*body).to_owned()).unwrap();
        let place = TablePlace::at(&format!("s3://{EVIDENCE}/{folder}"), &[(*country).to_owned()]).unwrap();
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let storage = TableStorage {
        format: StorageFormat::Csv { delimiter: b';', quote: None, null_text: Some("\\N".to_owned()), header: false },
        columns: vec!["sku".to_owned(), "price".to_owned()],
        partition_columns: vec!["country".to_owned()],
        places,
    };
    world.catalog.put_storage(&products(), storage);
    world
}

#[tokio::test]
async fn a_table_of_the_catalog_is_all_its_objects_and_each_is_named() {
    let mut world = with_table(TABLE_RULE, &[("DE", "a;1\nb;2\n"), ("US", "c;3\n\\N;4\n")]);
    world.upload("orders/a.csv", "id,sku\n1,a\n2,c\n");
    world.run().await;
    assert_eq!(world.only("quality").await.text("result"), "PASSED");
    let keys = world.s3.live_keys(&bucket(EVIDENCE));
    let inputs = keys.iter().find(|key| key.starts_with("report/inputs/")).unwrap();
    let listed: Value = serde_json::from_slice(&world.s3.current_bytes(&bucket(EVIDENCE), inputs).unwrap()).unwrap();
    let table = &listed["references"][0];
    assert_eq!((&table["alias"], &table["glue"]["table"]), (&json!("products"), &json!("products")));
    assert_eq!(table["columns"], json!(["sku", "price"]));
    let [first, second] = table["objects"].as_array().unwrap().as_slice() else { panic!("{table}") };
    assert_eq!(first["sha256"], json!(sluice_common::Sha256Digest::of(b"a;1\nb;2\n").to_hex()));
    assert_eq!((&first["values"], &second["values"]), (&json!(["DE"]), &json!(["US"])));
    assert!(second["uri"].as_str().unwrap().contains("country%3DUS/part-0.csv?versionId="), "{second}");

    world.upload("orders/b.csv", "id,sku\n1,a\n2,nowhere\n");
    world.run().await;
    let verdicts = world.statements_of("quality").await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.text("result") == "FAILED").count(), 1);
}

#[tokio::test]
async fn rules_may_look_up_what_partitions_say() {
    let rule = "ReferentialIntegrity \"sku,country\" \"products.{sku,country}\" = 1.0";
    for (row, result) in [("c,US", "PASSED"), ("c,DE", "FAILED")] {
        let mut world = with_table(rule, &[("DE", "a;1\n"), ("US", "c;3\n")]);
        world.upload("orders/a.csv", format!("sku,country\n{row}\n"));
        world.run().await;
        assert_eq!(world.only("quality").await.text("result"), result, "{row}");
    }
}

#[tokio::test]
async fn a_table_that_grows_changes_later_verdicts_only() {
    let mut world = with_table(TABLE_RULE, &[("DE", "a;1\n")]);
    world.upload("orders/a.csv", "id,sku\n1,a\n");
    world.run().await;
    world.s3.put(&path(EVIDENCE, "policy/products/country=DE/part-0.csv"), "b;1\n").unwrap();
    let seal = world.only("seal").await.at;
    world.queues.send(Function::Quality, crate::events::bridged(&seal));
    world.run().await;
    assert_eq!(world.only("quality").await.text("result"), "PASSED");
}

#[tokio::test]
async fn what_is_wrong_with_a_catalog_s_table_is_not_the_upload_s_fault() {
    let unknown = World::new(&on_table(TABLE_RULE));
    let narrow = with_table(TABLE_RULE, &[("DE", "a;1\n"), ("US", "only one column\n")]);
    for (mut world, fault) in [(unknown, "unknown"), (narrow, "columns disagree")] {
        world.upload("orders/a.csv", "id,sku\n1,a\n");
        world.run().await;
        assert!(world.statements_of("quality").await.is_empty(), "{fault}");
        assert!(world.statements_of("quarantine").await.is_empty(), "{fault}");
        assert_eq!(world.queues.dead(Function::Quality), 1, "{fault}");
    }
}
