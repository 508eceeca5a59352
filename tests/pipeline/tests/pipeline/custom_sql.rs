//! Rulesets that need an SQL engine: refused, handed on to the function that has one, and judged there like any other.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Instant;

use quality::{Sql, SqlEngines};
use serde_json::{Value, json};
use sluice_quality::{QualityError, SqlAnswer, SqlEngine, SqlQuestion, Table};
use sluice_tabular::{ReadOptions, TabularError};
use sluice_testkit::{Fault, FaultPlan, Faulty, MemoryQueue};

use crate::policies::{RULES, policy_with};
use crate::queues::Function;
use crate::tables;
use crate::world::World;

/// An engine that counts the lines of the table it was given.
#[derive(Debug)]
struct Lines(f64);

impl SqlEngine for Lines {
    fn answer(&self, question: &SqlQuestion) -> Result<SqlAnswer, QualityError> {
        assert_eq!(question.statement, "select max(id) from primary");
        Ok(SqlAnswer::Number(Some(self.0)))
    }
}

struct Engines;

impl SqlEngines for Engines {
    fn name(&self) -> &'static str {
        "lines/1"
    }

    fn open(
        &self,
        table: Arc<File>,
        _read: &ReadOptions,
        _references: &BTreeMap<String, Arc<dyn Table>>,
        _now_epoch_micros: i64,
        _until: Instant,
    ) -> Result<Arc<dyn SqlEngine>, TabularError> {
        let mut bytes = vec![0; 1 << 16];
        let length = table.read_at(&mut bytes, 0).unwrap();
        let lines = bytes[..length].iter().filter(|byte| **byte == b'\n').count();
        Ok(Arc::new(Lines(f64::from(u32::try_from(lines).unwrap()))))
    }
}

/// A world with one sealed table of three lines, of which a rule asks for a maximum.
async fn world(sql: Sql) -> World {
    let rules = r#"Rules = [ IsComplete "id", CustomSql "select max(id) from primary" = 3 ]"#;
    let mut world = World::new(&policy_with(RULES, rules));
    world.judge_sql(sql);
    let header = tables::COLUMNS.join(",");
    world.upload("people/a.csv", format!("{header}\n1,a@example.org,Ada,London\n2,b@example.org,Bob,Bonn\n"));
    world.drain(Function::Seal).await;
    world
}

async fn predicates(world: &World) -> Vec<Value> {
    world.statements_of("quality").await.into_iter().map(|found| found.payload["predicate"].clone()).collect()
}

#[tokio::test]
async fn without_an_engine_the_rule_is_an_error_and_the_others_are_judged() {
    let mut world = world(Sql::Refused).await;
    world.drain(Function::Quality).await;
    let [verdict] = predicates(&world).await.try_into().unwrap();
    assert_eq!(verdict["counts"], json!({ "passed": 1, "failed": 0, "errors": 1 }));
    assert_eq!(verdict["result"], "FAILED");
}

#[tokio::test]
async fn what_needs_an_engine_is_handed_on_and_judged_once() {
    let queue = MemoryQueue::new();
    let mut world = world(Sql::HandedOn(Arc::new(queue.clone()))).await;
    world.drain(Function::Quality).await;
    assert!(predicates(&world).await.is_empty(), "only the function that has the engine gives the verdict");
    let messages = queue.drain();
    assert_eq!(messages.len(), 1);
    // The other function: the same one, with an engine.
    world.judge_sql(Sql::Judged(Arc::new(Engines)));
    for message in [&messages[0], &messages[0]] {
        world.queues.send(Function::Quality, message.clone());
    }
    world.run().await;
    let [verdict] = predicates(&world).await.try_into().unwrap();
    assert_eq!((verdict["result"].as_str(), verdict["rows"].as_u64()), (Some("PASSED"), Some(2)));
    assert!(verdict["engine"].as_str().unwrap().ends_with("+lines/1"), "{verdict}");
    assert_eq!((world.curated().len(), world.queues.all_dead()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_handed_on_waits() {
    let queue = MemoryQueue::new();
    for (fault, sent) in [(Fault::Fail, 0), (Fault::LoseAnswer, 1)] {
        let faulty = Faulty::new(queue.clone(), FaultPlan::new().on("send", 1, fault));
        let mut world = world(Sql::HandedOn(Arc::new(faulty))).await;
        assert_eq!(world.step(Function::Quality).await, 1, "{fault:?}");
        assert_eq!(queue.drain().len(), sent);
        assert_eq!(world.step(Function::Quality).await, 0);
        assert_eq!(queue.drain().len(), 1);
        assert!(predicates(&world).await.is_empty() && world.statements_of("quarantine").await.is_empty());
    }
}

#[tokio::test]
async fn a_ruleset_that_one_pass_answers_is_not_handed_on() {
    let queue = MemoryQueue::new();
    let mut world = World::new(&policy_with(RULES, r#"Rules = [ CustomSql "select count(*) from primary" > 0 ]"#));
    world.judge_sql(Sql::HandedOn(Arc::new(queue.clone())));
    world.upload("people/a.csv", tables::COLUMNS.join(",") + "\n1,a@example.org,Ada,London\n");
    world.run().await;
    assert!(queue.messages().is_empty());
    let [verdict] = predicates(&world).await.try_into().unwrap();
    assert_eq!(verdict["result"], "PASSED");
}
