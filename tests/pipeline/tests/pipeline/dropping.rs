//! `on_fail: drop_rows`: the rows that pass are published, the others are set aside, and statements say how many.

use bytes::Bytes;
use sluice_common::{ObjectVersion, Sha256Digest};
use sluice_tabular::Format;
use sluice_testkit::names::{bucket, path};

use crate::events;
use crate::evidence::census;
use crate::policies::{RULES, RULESET_KEY, policy_with};
use crate::queues::Function;
use crate::tables::{self, csv_format};
use crate::world::{EVIDENCE, RAW, World};

/// The third has no id, the last two share one.
const MIXED: [[&str; 4]; 5] = [
    ["1", "ada@example.org", "Ada Lovelace", "London"],
    ["2", "grace@example.org", "Grace Hopper", "New York"],
    ["", "nobody@example.org", "No Body", "Nowhere"],
    ["3", "ada@example.org", "Ada King", "Paris"],
    ["3", "mary@example.org", "Mary Shelley", "Geneva"],
];
const GOOD: [&str; 2] = ["1", "2"];
const NUMBERS: [&str; 3] = ["2", "3", "4"];

fn policy() -> String {
    policy_with(" }\n    privacy", ", on_fail: drop_rows }\n    privacy")
}

fn csv(rows: &[[&str; 4]]) -> Vec<u8> {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    (tables::COLUMNS.join(",") + "\n" + &lines.collect::<String>()).into_bytes()
}

fn json_lines(rows: &[[&str; 4]]) -> Vec<u8> {
    let line = |row: &[&str; 4]| {
        let cells = tables::COLUMNS.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let cells: Vec<String> = cells.map(|(name, cell)| format!("\"{name}\": \"{cell}\"")).collect();
        format!("{{{}}}\n", cells.join(", "))
    };
    rows.iter().map(line).collect::<String>().into_bytes()
}

fn set_aside(world: &World) -> Vec<(String, Bytes)> {
    let raw = bucket(RAW);
    let keys = world.s3.live_keys(&raw).into_iter().filter(|key| key.starts_with("quarantine/"));
    keys.map(|key| (key.clone(), world.s3.current_bytes(&raw, &key).unwrap())).collect()
}

#[tokio::test]
async fn rows_that_fail_are_set_aside_and_the_others_published() {
    let packed = |bytes: Vec<u8>| tables::zstd(&bytes);
    let uploads: [(&str, Vec<u8>, &str, Format); 3] = [
        ("people/a.csv", csv(&MIXED), ".csv", csv_format()),
        ("people/a.csv.gz", tables::gzip(&csv(&MIXED)), ".csv.gz", csv_format()),
        ("people/a.jsonl.zst", packed(json_lines(&MIXED)), ".jsonl.zst", Format::JsonLines),
    ];
    for (key, body, ending, format) in uploads {
        let mut world = World::new(&policy());
        let at = world.upload(key, body);
        world.run().await;
        let [(_, published)] = &world.curated()[..] else { panic!("{key}: nothing was published") };
        let rows = tables::read(published.clone(), format.clone());
        assert_eq!(rows.iter().map(|row| row["id"].as_str()).collect::<Vec<_>>(), GOOD, "{key}");
        let [(kept_key, kept)] = &set_aside(&world)[..] else { panic!("{key}: nothing was set aside") };
        assert!(kept_key.contains(&at.id().to_string()) && kept_key.ends_with(ending), "{kept_key}");
        let rows = tables::read(kept.clone(), format);
        assert_eq!(rows.iter().map(|row| row["DataQualityRowNumber"].as_str()).collect::<Vec<_>>(), NUMBERS, "{key}");
        assert!(rows[0]["DataQualityRulesFail"].contains("IsComplete"), "{rows:?}");
        assert!(rows[2]["DataQualityRulesFail"].contains("IsUnique"), "{rows:?}");
        assert_eq!((rows[1]["email"].as_str(), rows[1]["name"].as_str()), ("ada@example.org", "Ada King"), "{key}");

        let verdict = world.only("quality").await;
        assert_eq!(verdict.text("result"), "FAILED");
        let failing = verdict.predicate("failingRows");
        assert_eq!((failing["rows"].as_u64(), failing["explainResult"].as_bool()), (Some(3), Some(true)), "{failing}");
        let digest = Sha256Digest::of(kept).to_hex();
        assert_eq!(failing["kept"]["sha256"], digest);
        let kept_at = ObjectVersion::from_uri(failing["kept"]["uri"].as_str().unwrap()).unwrap();
        assert_eq!(world.s3.stored_bytes(&kept_at).as_ref(), Some(kept));
        let stated = world.only("pseudonymize").await;
        assert_eq!(stated.predicate("outcome")["status"], "published");
        let (stats, dropped) = (stated.predicate("stats"), stated.predicate("dropped"));
        assert_eq!((stats["rowsRead"].as_u64(), stats["rowsWritten"].as_u64()), (Some(5), Some(2)));
        assert_eq!((dropped["rows"].as_u64(), dropped["quarantinedSha256"].as_str()), (Some(3), Some(digest.as_str())));
        // What was set aside woke nobody.
        assert_eq!(world.census().await, census(&[("pseudonymize", 1), ("quality", 1), ("seal", 1)]));
        assert_eq!((world.queues.all_dead(), world.metrics.sum("Alarms")), (0, 0.0));
    }
}

#[tokio::test]
async fn parquet_rows_that_fail_are_set_aside_too() {
    let mut world = World::new(&policy());
    let rules = r#"Rules = [ ColumnValues "city" in ["London", "Paris"] ]"#;
    world.s3.put(&path(EVIDENCE, RULESET_KEY), rules).unwrap();
    world.s3.drain_created();
    world.upload("people/a.parquet", tables::parquet());
    world.run().await;
    let rows = tables::read(world.curated()[0].1.clone(), Format::Parquet);
    assert_eq!(rows.iter().map(|row| row["id"].as_str()).collect::<Vec<_>>(), ["1", "3"]);
    let rows = tables::read(set_aside(&world)[0].1.clone(), Format::Parquet);
    assert_eq!((rows.len(), rows[0]["DataQualityRowNumber"].as_str(), rows[0]["id"].as_str()), (1, "1", "2"));
}

#[tokio::test]
async fn columns_that_come_up_late_in_lines_are_set_aside_with_their_rows() {
    let mut world = World::new(&policy());
    let mut lines = json_lines(&MIXED);
    // Beyond the first block, so that the reader learns of the column later.
    let filler: String = (10..30_000).map(|id| format!("{{\"id\": \"{id}\", \"name\": \"{id:060}\"}}\n")).collect();
    lines.extend(filler.into_bytes());
    lines.extend(b"{\"email\": \"late@example.org\", \"remark\": \"came late\"}\n");
    world.upload("people/a.jsonl", lines);
    world.run().await;
    let (_, kept) = &set_aside(&world)[0];
    let text = String::from_utf8(kept.to_vec()).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.lines().last().unwrap().contains("came late"), "{text}");
}

#[tokio::test]
async fn a_rule_on_the_whole_table_still_withholds() {
    let rules = RULES.replace("RowCount > 0", "RowCount > 100");
    let mut world = World::new(&policy().replace(RULES, &rules));
    world.upload("people/a.csv", csv(&MIXED));
    world.run().await;
    let verdict = world.only("quality").await;
    assert_eq!(verdict.predicate("failingRows")["explainResult"], false);
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["reason"], "quality_failed");
    assert!(world.curated().is_empty());
}

#[tokio::test]
async fn a_table_of_which_no_row_passes_is_withheld() {
    let mut world = World::new(&policy());
    world.upload("people/a.csv", csv(&MIXED[3..]));
    world.run().await;
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["reason"], "no_row_passes");
    assert!(world.curated().is_empty());
}

#[tokio::test]
async fn rows_within_a_rules_tolerance_are_left_out_and_a_clean_table_is_published_whole() {
    let rules = RULES.replace("IsComplete \"id\"", "Completeness \"id\" > 0.5").replace(", IsUnique \"id\"", "");
    let mut world = World::new(&policy().replace(RULES, &rules));
    world.upload("people/a.csv", csv(&MIXED));
    world.run().await;
    let verdict = world.only("quality").await;
    assert_eq!((verdict.text("result"), verdict.predicate("failingRows")["rows"].as_u64()), ("PASSED", Some(1)));
    assert_eq!(world.only("pseudonymize").await.predicate("stats")["rowsWritten"], 4);

    let mut clean = World::new(&policy());
    clean.upload("people/a.csv", tables::csv());
    clean.run().await;
    assert!(clean.only("quality").await.predicate("failingRows").is_null());
    assert!(clean.only("pseudonymize").await.predicate("dropped").is_null());
    assert!(set_aside(&clean).is_empty());
}

#[tokio::test]
async fn twice_at_once_and_again_later_nothing_changes() {
    let mut world = World::with_key(&policy()).await;
    world.s3.drain_created();
    world.upload("people/a.csv", csv(&MIXED));
    world.step(Function::Seal).await;
    world.step_twice_at_once(Function::Quality).await;
    world.step_twice_at_once(Function::Pseudonymize).await;
    world.run().await;
    let before = world.outputs().await;
    let (seal, verdict) = (world.only("seal").await, world.only("quality").await);
    world.queues.send(Function::Quality, events::bridged(&seal.at));
    world.queues.send(Function::Pseudonymize, events::bridged(&verdict.at));
    world.run().await;
    assert_eq!(world.outputs().await, before);
    assert_eq!(set_aside(&world).len(), 1);
    assert_eq!(world.queues.all_dead(), 0);
}

#[tokio::test]
async fn numbers_that_are_not_those_of_the_verdict_are_a_finding() {
    let mut world = World::new(&policy());
    world.upload("people/a.csv", csv(&MIXED));
    world.run_before(Function::Pseudonymize).await;
    let evidence = bucket(EVIDENCE);
    let key = world.s3.live_keys(&evidence).into_iter().find(|key| key.starts_with("report/rows/")).unwrap();
    let entry = world.versions(EVIDENCE).await.into_iter().find(|entry| entry.key.as_str() == key).unwrap();
    assert!(world.s3.tamper_byte(&crate::evidence::version(EVIDENCE, &entry), 8));
    world.run().await;
    assert_eq!(world.only("finding").await.text("rule"), "failing_rows_damaged");
    assert!(world.curated().is_empty());
}
