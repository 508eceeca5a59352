//! What is good reaches the curated bucket, what is not is withheld, and each says so.

use bytes::Bytes;
use sluice_common::port::{ObjectReader as _, TableFormat};
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_tabular::Format;
use sluice_testkit::names::path;

use crate::evidence::census;
use crate::policies::{RULES, RULESET_KEY, policy, policy_with};
use crate::tables::{self, PEOPLE, csv_format};
use crate::world::{EVIDENCE, World};

#[tokio::test]
async fn every_format_reaches_curated_with_the_same_tokens() {
    let mut world = World::new(&policy());
    world.s3.put(&path(EVIDENCE, RULESET_KEY), RULES).unwrap();
    world.s3.drain_created();
    let uploads: [(&str, Vec<u8>, &str, Format); 5] = [
        ("people/plain.csv", tables::csv(), ".csv", csv_format()),
        ("people/eu/packed.csv.gz", tables::gzip(&tables::csv()), ".csv.gz", csv_format()),
        ("people/lines.jsonl", tables::json_lines(), ".jsonl", Format::JsonLines),
        ("people/packed.jsonl.zst", tables::zstd(&tables::json_lines()), ".jsonl.zst", Format::JsonLines),
        ("people/columns.parquet", tables::parquet(), ".parquet", Format::Parquet),
    ];
    let mut tokens = Vec::new();
    for (key, body, ending, format) in uploads {
        let before: Vec<String> = world.curated().into_iter().map(|(key, _)| key).collect();
        let at = world.upload(key, body);
        world.run().await;
        let published: Vec<(String, Bytes)> =
            world.curated().into_iter().filter(|(key, _)| !before.contains(key)).collect();
        let [(curated_key, bytes)] = published.as_slice() else { panic!("{key}: {published:?}") };
        assert!(curated_key.ends_with(ending), "{curated_key}");
        let rows = tables::read(bytes.clone(), format);
        assert_eq!(rows.len(), PEOPLE.len(), "{key}");
        for (row, [id, email, _name, city]) in rows.iter().zip(PEOPLE) {
            assert_eq!((row["id"].as_str(), row["city"].as_str()), (id, city), "{key}");
            assert_eq!(row["name"], "[REDACTED]", "{key}");
            assert!(!row["email"].is_empty() && row["email"] != email && !row["email"].contains('@'), "{key}: {row:?}");
        }
        assert_eq!(rows[0]["email"], rows[2]["email"], "{key}: equal values, equal tokens");
        assert_ne!(rows[0]["email"], rows[1]["email"], "{key}");
        tokens.push(rows[0]["email"].clone());
        let stated = world.statements_of("pseudonymize").await;
        let stated = stated.iter().find(|found| found.predicate("inputs")[0]["uri"] == at.uri()).unwrap();
        assert_eq!(stated.payload["subject"][0]["digest"]["sha256"], Sha256Digest::of(bytes).to_hex());
        assert_eq!(stated.predicate("outcome")["status"], "published");
        assert_eq!(stated.predicate("stats")["rowsWritten"], 3);
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "a domain gives one token for one value, whatever the format");
    assert_eq!(world.census().await, census(&[("pseudonymize", 5), ("quality", 5), ("seal", 5)]));
    assert_eq!((world.queues.all_dead(), world.metrics.sum("Alarms")), (0, 0.0));
}

#[tokio::test]
async fn a_zstd_stream_that_begins_with_a_skippable_frame_stays_compressed() {
    let mut world = World::new(&policy());
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, b'p', b'a', b'd'];
    world.upload("people/a.jsonl.zst", [skippable.as_slice(), &tables::zstd(&tables::json_lines())].concat());
    world.run().await;
    let curated = world.curated();
    let [(key, bytes)] = curated.as_slice() else { panic!("{curated:?}") };
    assert!(key.ends_with(".jsonl.zst"), "{key}");
    assert_eq!(tables::read(bytes.clone(), Format::JsonLines).len(), 3);
}

#[tokio::test]
async fn curated_keys_hold_nothing_of_the_uploaders() {
    let mut world = World::new(&policy());
    world.upload("people/patients/jane-doe/2026-03-04/Visit 17.csv", tables::csv());
    world.run().await;
    let curated = world.curated();
    let [(key, _)] = curated.as_slice() else { panic!("{curated:?}") };
    let name = key.strip_prefix("people-csv/dt=2026-01-01/").unwrap().strip_suffix(".csv").unwrap();
    let (id, run) = name.split_once('-').unwrap();
    assert_eq!((id.len(), run.len()), (32, 16), "{key}");
    assert!(name.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{key}");
}

#[tokio::test]
async fn a_failing_verdict_is_withheld() {
    let mut world = World::new(&policy());
    world.upload("people/doubled.csv", "id,email,name,city\n1,a@b.c,A,X\n1,a@b.c,A,X\n");
    world.run().await;
    assert_eq!(world.only("quality").await.text("result"), "FAILED");
    let withheld = world.only("pseudonymize").await;
    assert_eq!(withheld.predicate("outcome")["reason"], "quality_failed");
    assert!(world.curated().is_empty());
    assert_eq!(world.census().await.len(), 3);
}

#[tokio::test]
async fn a_failing_verdict_is_published_when_the_policy_says_so() {
    let ruleset = format!("ruleset: '{RULES}'");
    let mut world = World::new(&policy_with(&ruleset, &format!("{ruleset}, on_fail: publish")));
    world.upload("people/doubled.csv", "id,email,name,city\n1,a@b.c,A,X\n1,a@b.c,A,X\n");
    world.run().await;
    assert_eq!(world.only("quality").await.text("result"), "FAILED");
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["status"], "published");
    assert_eq!(world.curated().len(), 1);
}

#[tokio::test]
async fn an_object_of_no_dataset_is_sealed_then_stopped() {
    let mut world = World::new(&policy());
    world.upload("elsewhere/people.csv", tables::csv());
    world.run().await;
    let verdict = world.only("quality").await;
    assert_eq!((verdict.text("result"), verdict.predicate("bytes").as_u64()), ("STOPPED", Some(0)));
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["reason"], "no_dataset");
    assert!(world.curated().is_empty());
    assert_eq!(world.census().await, census(&[("pseudonymize", 1), ("quality", 1), ("seal", 1)]));
}

#[tokio::test]
async fn the_table_is_registered_once() {
    let mut world = World::new(&policy());
    for key in ["people/a.csv", "people/b.csv"] {
        world.upload(key, tables::csv());
    }
    world.run().await;
    let table = world.catalog.table("lake", "people").unwrap();
    assert_eq!(table.location, "s3://curated-zone/people-csv/");
    assert_eq!(table.format, TableFormat::Csv { delimiter: ',', header: true });
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, tables::COLUMNS);
    assert_eq!(world.catalog.changes(), 1);
}

#[tokio::test]
async fn a_database_of_others_is_noticed_before_anything_is_published() {
    let mut world = World::new(&policy_with("database: lake", "database: other"));
    world.upload("people/a.csv", tables::csv());
    world.run().await;
    assert!(world.curated().is_empty());
    assert_eq!(world.census().await, census(&[("quality", 1), ("seal", 1)]));
    assert_eq!(world.queues.dead(crate::queues::Function::Pseudonymize), 1);
    world.put_policy(&policy());
    // The verdict was given under other rules of the catalog only, so it still holds.
    world.queues.redrive();
    world.run().await;
    assert_eq!(world.curated().len(), 1);
}

#[tokio::test]
async fn the_verdict_names_the_report_that_is_kept() {
    let mut world = World::new(&policy());
    world.upload("people/a.csv", tables::csv());
    world.run().await;
    let stated = world.only("quality").await;
    let sha256 = stated.text("reportSha256").to_owned();
    let reports: Vec<String> = world.s3.live_keys(&sluice_testkit::names::bucket(EVIDENCE));
    let report = reports.iter().find(|key| key.starts_with("report/quality/")).unwrap();
    let bytes = world.s3.current_bytes(&sluice_testkit::names::bucket(EVIDENCE), report).unwrap();
    assert_eq!(Sha256Digest::of(&bytes).to_hex(), sha256);
    let page = report.replace("report/quality/", "report/page/").replace(".json", ".html");
    let page = world.s3.current_bytes(&sluice_testkit::names::bucket(EVIDENCE), &page).unwrap();
    assert!(page.starts_with(b"<!doctype html>"));
    assert_eq!(world.metrics.sum("RulesPassed"), 3.0);
    assert_eq!(world.metrics.sum("Rows"), 3.0);
}

#[tokio::test]
async fn the_object_and_its_statement_tell_the_key_of_an_fpe_column() {
    let fpe = "{ transform: fpe, alphabet: alphanumeric_lower, unfit: token }";
    let mut world = World::new(&policy_with("email: { transform: token }", &format!("email: {fpe}")));
    for key in ["people/a.csv", "people/b.jsonl"] {
        world.upload(key, if key.ends_with("csv") { tables::csv() } else { tables::json_lines() });
    }
    world.run().await;
    let stated = world.statements_of("pseudonymize").await;
    assert_eq!(stated.len(), 2);
    for found in &stated {
        let column = &found.predicate("formatPreserving")[0];
        assert_eq!(
            (&column["column"], &column["domain"], &column["epoch"]),
            (&"email".into(), &"people".into(), &1.into())
        );
        let (key_id, mark) = (column["keyId"].as_str().unwrap(), column["mark"].as_str().unwrap());
        assert!(mark.starts_with(&format!("fpe1_{key_id}_")), "{mark}");
        let at = ObjectVersion::from_uri(found.payload["subject"][0]["name"].as_str().unwrap()).unwrap();
        let told = world.s3.get(&at).await.unwrap().facts.metadata;
        assert_eq!(told.get("sluice-fpe"), Some(&format!("people/{mark}/email")));
    }
}

#[tokio::test]
async fn lists_in_json_lines_are_published_element_by_element() {
    let mut world =
        World::new(&policy_with("email: { transform: token }", "\"friends[*].email\": { transform: token }"));
    let body = "{\"id\":\"1\",\"name\":\"A\",\"city\":\"B\",\"friends\":[{\"email\":\"x@y.z\",\"canary\":1},{}]}\n\
                {\"id\":\"2\",\"name\":\"A\",\"city\":\"B\",\"friends\":{\"email\":\"x@y.z\"}}\n";
    world.upload("people/lists.jsonl", body);
    world.run().await;
    let curated = world.curated();
    let [(_, bytes)] = curated.as_slice() else { panic!("{curated:?}") };
    let lines: Vec<serde_json::Value> =
        std::str::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let token = &lines[1]["friends"]["email"];
    assert!(token.as_str().unwrap().starts_with("tk1_1_"), "{token}");
    assert_eq!(lines[0]["friends"], serde_json::json!([{ "email": token }, {}]));
    let stated = world.statements_of("pseudonymize").await;
    assert_eq!(stated[0].predicate("stats")["columns"], 4);
}
