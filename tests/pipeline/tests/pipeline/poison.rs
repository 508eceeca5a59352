//! Objects that nobody can process: a signed statement says why, and the next message is processed.

use crate::bombs::{self, gzip_bomb, packed_line};
use crate::evidence::census;
use crate::policies::{RULES, RULESET_KEY, policy};
use crate::tables;
use crate::world::{EVIDENCE, World};

/// Stands in cells of poisoned objects and must stand nowhere else.
const CELL: &str = "Zanzibar-4711";

struct Poison {
    key: &'static str,
    body: Vec<u8>,
    stage: &'static str,
    reason: &'static str,
    /// A part of the detail that names the cause.
    cause: &'static str,
}

fn at_quality(key: &'static str, body: impl Into<Vec<u8>>, reason: &'static str, cause: &'static str) -> Poison {
    Poison { key, body: body.into(), stage: "quality", reason, cause }
}

fn with_row(row: &[u8]) -> Vec<u8> {
    [tables::csv().as_slice(), row, b"\n"].concat()
}

fn damaged() -> Vec<Poison> {
    let packed = tables::gzip(&with_row(format!("4,x@y.z,{CELL},Rome").as_bytes()));
    let mut bad_crc = packed.clone();
    let crc = bad_crc.len() - 8;
    bad_crc[crc] ^= 1;
    let truncated = packed[..packed.len() / 2].to_vec();
    let parquet = tables::parquet();
    let lines = format!("{{\"id\": \"1\", \"name\": \"{CELL}\"}}\n{{\"id\": \"2\", \"name\": \"{CELL}\n");
    vec![
        at_quality("people/crc.csv.gz", bad_crc, "table_malformed", "the gzip stream is damaged"),
        at_quality("people/cut.csv.gz", truncated, "table_malformed", "the gzip stream is damaged"),
        at_quality("people/tail.csv.gz", [packed.as_slice(), b"tail"].concat(), "table_malformed", "gzip stream"),
        at_quality(
            "people/cut.jsonl.zst",
            &tables::zstd(&tables::json_lines())[..40],
            "table_malformed",
            "zstd stream",
        ),
        at_quality("people/cut.parquet", &parquet[..parquet.len() - 20], "table_malformed", "parquet"),
        at_quality("people/not.parquet", tables::csv(), "table_malformed", "parquet"),
        at_quality("people/open.jsonl", lines, "table_malformed", "line 2"),
    ]
}

fn malformed() -> Vec<Poison> {
    let latin1 = with_row(format!("4,x@y.z,{CELL} M\u{fc}ller,Rome").replace('\u{fc}', "~").as_bytes());
    let latin1: Vec<u8> = latin1.into_iter().map(|byte| if byte == b'~' { 0xfc } else { byte }).collect();
    let header = |header: &str| format!("{header}\n1,x@y.z,{CELL},Rome\n");
    vec![
        at_quality("people/latin1.csv", latin1, "table_malformed", "not UTF-8"),
        at_quality(
            "people/ragged.csv",
            with_row(format!("4,{CELL}").as_bytes()),
            "table_malformed",
            "line 5: 2 cells where 4",
        ),
        at_quality(
            "people/nul.csv",
            with_row(format!("4,x@y.z,{CELL}\0,Rome").as_bytes()),
            "table_malformed",
            "NUL byte",
        ),
        at_quality(
            "people/quote.csv",
            with_row(format!("4,x@y.z,\"{CELL},Rome").as_bytes()),
            "table_malformed",
            "a quote opens here and is never closed",
        ),
        at_quality(
            "people/twice.csv",
            header("id,email,email,city"),
            "table_malformed",
            "columns 2 and 3 have the same name",
        ),
        Poison {
            key: "people/missing.csv",
            body: format!("id,email,name\n1,x@y.z,{CELL}\n").into_bytes(),
            stage: "pseudonymize",
            reason: "policy_column_missing",
            cause: "column `city` of the policy is not in the table",
        },
    ]
}

fn beyond_caps() -> Vec<Poison> {
    let columns: Vec<String> = (0..100_000).map(|column| format!("{CELL}{column}")).collect();
    let long_line = format!("id,email,name,city\n{}", CELL.repeat((40 << 20) / CELL.len()));
    vec![
        at_quality("people/wide.csv", columns.join(","), "table_limit", "columns"),
        at_quality("people/long.csv", long_line, "table_limit", "bytes in a"),
        at_quality("people/long.csv.gz", packed_line(20 << 20), "table_limit", "bytes in a"),
    ]
}

fn inflated() -> Vec<Poison> {
    // Two members: a header, then 4 GiB of rows.
    let rows = [tables::gzip(b"id\n"), gzip_bomb(&bombs::row(), 4096)].concat();
    vec![
        at_quality("people/zeros.csv.gz", gzip_bomb(&bombs::zeros(), 4096), "table_malformed", "NUL byte"),
        at_quality("people/rows.csv.gz", rows, "table_limit", "decompressed bytes for each compressed"),
    ]
}

async fn all_are_quarantined(poisons: Vec<Poison>) {
    let mut world = World::new(&policy());
    world.s3.put(&sluice_testkit::names::path(EVIDENCE, RULESET_KEY), RULES).unwrap();
    world.s3.drain_created();
    world.upload("people/first.csv", tables::csv());
    for poison in &poisons {
        world.upload(poison.key, poison.body.clone());
    }
    world.upload("people/last.csv", tables::csv());
    world.run().await;
    assert_eq!(world.queues.all_dead(), 0, "every message is acknowledged");
    assert_eq!(world.curated().len(), 2, "the others are published");
    let statements = world.statements_of("quarantine").await;
    for poison in &poisons {
        let about = |uri: &str| uri.starts_with(&format!("s3://raw-zone/{}?", poison.key));
        let found = statements.iter().find(|found| about(found.payload["subject"][0]["name"].as_str().unwrap()));
        let found = found.unwrap_or_else(|| panic!("{} was not quarantined", poison.key));
        let told = (found.text("stage"), found.text("reason"));
        assert_eq!(told, (poison.stage, poison.reason), "{}: {}", poison.key, found.text("detail"));
        assert!(found.text("detail").contains(poison.cause), "{}: {}", poison.key, found.text("detail"));
        assert!(found.predicate("predecessor").is_object() && found.predicate("policy").is_object());
    }
    assert_eq!(statements.len(), poisons.len());
    for found in world.statements().await {
        assert!(!found.payload.to_string().contains(CELL), "{:#}", found.payload);
    }
    let judged = poisons.iter().filter(|poison| poison.stage == "pseudonymize").count() + 2;
    let expected =
        [("pseudonymize", 2), ("quality", judged), ("quarantine", poisons.len()), ("seal", poisons.len() + 2)];
    assert_eq!(world.census().await, census(&expected));
    assert_eq!(world.metrics.sum("Alarms"), 0.0);
    assert_eq!(world.metrics.sum("Quarantined"), poisons.len() as f64);
}

#[tokio::test]
async fn damaged_files_are_quarantined() {
    all_are_quarantined(damaged()).await;
}

#[tokio::test]
async fn malformed_tables_are_quarantined() {
    all_are_quarantined(malformed()).await;
}

#[tokio::test]
async fn what_crosses_a_cap_is_quarantined() {
    all_are_quarantined(beyond_caps()).await;
}

#[tokio::test]
async fn gigabytes_in_a_small_object_are_quarantined() {
    all_are_quarantined(inflated()).await;
}
