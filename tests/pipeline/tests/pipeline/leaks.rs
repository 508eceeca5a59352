//! Nothing of an upload's content leaves by the side doors: statements, reports, logs, metrics, curated keys.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sluice_testkit::FaultPlan;
use sluice_testkit::names::bucket;

use crate::policies::{RULES, policy, policy_with};
use crate::queues::Function;
use crate::tables;
use crate::world::{CURATED, EVIDENCE, World};

const CELL: &str = "Kanarienvogel7";
const COLUMN: &str = "Wellensittich8";
const KEY: &str = "Nachtigall9";

/// Everything that is logged, by any thread, at any level.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Rules of every kind that looks at text, most of which do not hold.
const NOSY_RULES: &str = r#"Rules = [ RowCount > 99, IsComplete "id", ColumnValues "name" in ["Ada"], ColumnValues "email" matches "[0-9]+", ColumnLength "name" between 1 and 2, IsUnique "city", Mean "name" > 1, ColumnDataType "name" = "INTEGER", DataFreshness "name" <= 3 hours, IsPrimaryKey "city", Uniqueness "name" > 0.99, DistinctValuesCount "city" > 99, ColumnNamesMatchPattern "x.*", ColumnExists "absent", Entropy "name" > 9.0, ColumnCorrelation "name" "city" > 0.5 ]"#;

fn uploads() -> Vec<(String, Vec<u8>)> {
    let row = |id: u32| format!("{id},{CELL}@example.org,{CELL},{CELL}\n");
    let good =
        format!("id,email,name,city,{COLUMN}\n{}", (1..4).map(|id| row(id).replace('\n', ",x\n")).collect::<String>());
    let line =
        |rest: &str| format!("{{\"id\": \"1\", \"email\": \"{CELL}\", \"name\": \"{CELL}\", \"{COLUMN}\": {rest}\n");
    let mut truncated = tables::gzip(good.as_bytes());
    truncated.truncate(truncated.len() / 2);
    let mut uploads: Vec<(&str, Vec<u8>)> = vec![
        ("good.csv", good.clone().into_bytes()),
        ("ragged.csv", format!("{good}9,{CELL}\n").into_bytes()),
        ("quote.csv", format!("{good}9,\"{CELL},\n").into_bytes()),
        ("after-quote.csv", format!("{good}9,\"{CELL}\"{CELL},,,\n").into_bytes()),
        ("nul.csv", format!("{good}9,{CELL}\0,,,\n").into_bytes()),
        ("utf8.csv", [format!("{good}9,{CELL}").as_bytes(), b"\xff,,,\n"].concat()),
        ("twice.csv", format!("id,email,name,city,{COLUMN},{COLUMN}\n1,{CELL},{CELL},{CELL},1,2\n").into_bytes()),
        ("missing.csv", format!("id,{COLUMN}\n1,{CELL}\n").into_bytes()),
        ("headless.csv", row(1).repeat(2).into_bytes()),
        ("cut.csv.gz", truncated),
        ("good.jsonl", line(&format!("\"{CELL}\"}}")).into_bytes()),
        ("open.jsonl", line(&format!("\"{CELL}")).into_bytes()),
        ("number.jsonl", line("01}").into_bytes()),
        ("nested.jsonl", line(&format!("{}\"{CELL}\"{}}}", "[".repeat(99), "]".repeat(99))).into_bytes()),
        ("not.parquet", good.into_bytes()),
    ];
    let mut parquet = tables::parquet();
    let middle = parquet.len() / 2;
    parquet[middle] ^= 0xff;
    uploads.push(("flipped.parquet", parquet));
    uploads.into_iter().map(|(name, body)| (format!("people/{KEY}/{name}"), body)).collect()
}

/// Takes out the fields that name an object, in which its key may stand.
fn without_names(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["name", "uri", "key"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

fn assert_clean(text: &str, words: &[&str], place: &str) {
    for word in words {
        if let Some((before, after)) = text.split_once(word) {
            let before: Vec<char> = before.chars().rev().take(200).collect();
            let before: String = before.into_iter().rev().collect();
            let after: String = after.chars().take(200).collect();
            panic!("{word} stands in {place}: {before}{word}{after}");
        }
    }
}

#[tokio::test]
async fn canaries_are_found_nowhere() {
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::info!("a line to see that lines are captured");

    let nosy = policy_with(RULES, NOSY_RULES).replace("{ s3: policy/people.dqdl }", &format!("'{NOSY_RULES}'"));
    let refusing = policy().replace("    privacy:\n", "    privacy:\n      undeclared: refuse\n");
    let keeping = policy().replace("    privacy:\n", "    privacy:\n      undeclared: keep\n      output: parquet\n");
    for text in [nosy.clone(), nosy.replace(" }\n    privacy", ", on_fail: publish }\n    privacy"), refusing, keeping]
    {
        let mut world = World::new(&text);
        for (key, body) in uploads() {
            world.upload(&key, body);
        }
        // One object is changed on its way, and one sandbox dies.
        let tampered = world.upload(&format!("people/{KEY}/tampered.csv"), tables::csv());
        world.drain(Function::Seal).await;
        world.s3.tamper_byte(&tampered, 30);
        world.restart(&FaultPlan::new().dies_at(7));
        world.step(Function::Quality).await;
        world.restart(&FaultPlan::new());
        world.run().await;
        inspect(&world).await;
    }
    let logged = String::from_utf8_lossy(&page.0.lock().unwrap()).into_owned();
    for expected in ["a line to see", "object to be quarantined", "object to be alarmed about", "attempt failed"] {
        assert!(logged.contains(expected), "{expected}");
    }
    assert_clean(&logged, &[CELL, COLUMN, KEY], "the log");
}

async fn inspect(world: &World) {
    let statements = world.statements().await;
    assert!(statements.len() > 2 * uploads().len());
    for found in statements {
        assert_clean(&found.payload.to_string(), &[CELL, COLUMN], &format!("a statement of {}", found.stage));
        assert_clean(&without_names(found.payload).to_string(), &[KEY], &format!("a statement of {}", found.stage));
    }
    assert_clean(&format!("{:?}", world.metrics.values()), &[CELL, COLUMN, KEY], "the metrics");
    assert_clean(&world.s3.live_keys(&bucket(CURATED)).join(" "), &[CELL, COLUMN, KEY], "curated keys");
    let evidence = world.s3.live_keys(&bucket(EVIDENCE));
    assert_clean(&evidence.join(" "), &[CELL, COLUMN, KEY], "evidence keys");
    let reports: Vec<&String> = evidence.iter().filter(|key| key.starts_with("report/")).collect();
    assert!(!reports.is_empty());
    for key in reports {
        let report = world.s3.current_bytes(&bucket(EVIDENCE), key).unwrap();
        assert_clean(&String::from_utf8_lossy(&report), &[CELL], "a report");
    }
}
