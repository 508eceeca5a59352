//! What verdicts rest on beside the object, and what they leave for later ones: metrics, files, states.

use jiff::SignedDuration;
use sluice_common::ObjectVersion;
use sluice_quality::{Evaluation, EvaluationOptions, EvaluationState, HistoryRecord, NoHistory};
use sluice_testkit::names::bucket;

use crate::events;
use crate::evidence::Found;
use crate::policies::{RULES, policy_with};
use crate::queues::Function;
use crate::tables;
use crate::world::{EVIDENCE, RAW, World};

fn people(rows: usize) -> String {
    let lines = (0..rows).map(|id| format!("{id},a{id}@example.org,Ada,London\n"));
    tables::COLUMNS.join(",") + "\n" + &lines.collect::<String>()
}

/// Uploads tables of so many rows, a minute apart, each through every stage.
async fn days(world: &mut World, sizes: &[usize]) -> Vec<ObjectVersion> {
    let mut uploaded = Vec::new();
    for rows in sizes {
        world.clock.advance(SignedDuration::from_mins(1));
        uploaded.push(world.upload(&format!("people/day{}.csv", uploaded.len()), people(*rows)));
        world.run().await;
    }
    uploaded
}

async fn verdict(world: &World, of: &ObjectVersion) -> Found {
    let all = world.statements_of("quality").await;
    let name = of.uri();
    all.into_iter().find(|found| found.payload["subject"][0]["name"] == name).unwrap()
}

async fn results(world: &World, of: &[ObjectVersion]) -> Vec<String> {
    let mut results = Vec::new();
    for version in of {
        results.push(verdict(world, version).await.text("result").to_owned());
    }
    results
}

#[tokio::test]
async fn a_day_unlike_those_before_is_an_anomaly() {
    for rules in [
        r#"Rules = [ DetectAnomalies "RowCount" ]"#,
        "Rules = [ RowCount between avg(last(3)) * 0.5 and avg(last(3)) * 2 ]",
    ] {
        let mut world = World::new(&policy_with(RULES, rules));
        // With nothing to compare with, a dynamic rule cannot hold.
        let first = if rules.contains("last") { "FAILED" } else { "PASSED" };
        let uploaded = days(&mut world, &[10, 12, 11, 12, 11, 300]).await;
        let expected = [first, "PASSED", "PASSED", "PASSED", "PASSED", "FAILED"];
        assert_eq!(results(&world, &uploaded).await, expected, "{rules}");
        assert_eq!(world.queues.all_dead(), 0);
    }
}

#[tokio::test]
async fn a_verdict_given_once_is_given_again_whatever_came_meanwhile() {
    let mut world = World::new(&policy_with(RULES, r#"Rules = [ DetectAnomalies "RowCount" ]"#));
    let uploaded = days(&mut world, &[10, 11, 10, 12]).await;
    // One that arrived before the last two is judged after them.
    let late = world.clock.clone();
    late.advance(SignedDuration::from_secs(-90));
    let straggler = world.upload("people/straggler.csv", people(5_000));
    world.run().await;
    world.clock.advance(SignedDuration::from_mins(10));
    let before = world.statements().await.len();
    for seal in world.statements_of("seal").await {
        world.queues.send(Function::Quality, events::bridged(&seal.at));
    }
    world.run().await;
    assert_eq!(world.statements().await.len(), before, "a verdict changed");
    assert_eq!((world.queues.all_dead(), world.metrics.sum("Alarms")), (0, 0.0));
    // It was compared with those that arrived before it alone: two, too few to tell.
    assert_eq!(results(&world, &[straggler]).await, ["PASSED"]);
    assert!(verdict(&world, &uploaded[3]).await.predicate("inputsSha256").is_string());
}

#[tokio::test]
async fn a_record_that_was_changed_is_a_finding_when_the_verdict_is_asked_for_again() {
    let mut world = World::new(&policy_with(RULES, r#"Rules = [ RowCount > last() * 0.1 ]"#));
    let uploaded = days(&mut world, &[10, 11]).await;
    let entries = world.versions(EVIDENCE).await;
    let records: Vec<_> =
        entries.iter().filter(|entry| entry.key.as_str().starts_with("history/people-csv/")).collect();
    assert_eq!(records.len(), 2);
    let oldest = crate::evidence::version(EVIDENCE, records[1]);
    let record = HistoryRecord::from_json(&world.s3.stored_bytes(&oldest).unwrap()).unwrap();
    assert_eq!(record.metrics["Dataset.*.RowCount"], 10.0);
    assert!(world.s3.tamper_byte(&oldest, 40));
    for seal in world.statements_of("seal").await {
        world.queues.send(Function::Quality, events::bridged(&seal.at));
    }
    world.run().await;
    let finding = world.only("finding").await;
    assert_eq!(finding.text("rule"), "verdict_inputs_damaged");
    assert_eq!(finding.payload["subject"][0]["name"], uploaded[1].uri());
}

#[tokio::test]
async fn a_ruleset_that_asks_for_nothing_names_no_inputs() {
    let mut world = World::new(&crate::policies::policy());
    let uploaded = days(&mut world, &[3]).await;
    let verdict = verdict(&world, &uploaded[0]).await;
    assert!(verdict.predicate("inputsSha256").is_null());
    assert!(verdict.predicate("stateSha256").is_null());
    let keys = world.s3.live_keys(&bucket(EVIDENCE));
    assert!(!keys.iter().any(|key| key.starts_with("report/inputs/") || key.starts_with("state/")), "{keys:?}");
}

#[tokio::test]
async fn a_dataset_is_judged_from_the_states_of_its_objects() {
    let mut world = World::new(&policy_with(" }\n    privacy", ", keep_state: true }\n    privacy"));
    days(&mut world, &[3, 4]).await;
    let evidence = bucket(EVIDENCE);
    let keys = world.s3.live_keys(&evidence).into_iter().filter(|key| key.starts_with("state/people-csv/dt="));
    let states: Vec<EvaluationState> = keys
        .map(|key| EvaluationState::from_bytes(&world.s3.current_bytes(&evidence, &key).unwrap()).unwrap())
        .collect();
    assert_eq!(states.len(), 2);
    let ruleset = sluice_dqdl::parse(RULES).unwrap();
    let mut merged = Evaluation::new(&ruleset, &states[0].schema(), &EvaluationOptions::at(0), &NoHistory);
    for state in states {
        merged.merge(state).unwrap();
    }
    let report = merged.finish().unwrap();
    assert_eq!(report.rows, 7);
    // Each object's ids are unique; together the ids of the smaller one are there twice.
    let failed: Vec<&str> = report
        .rules
        .iter()
        .filter(|rule| rule.failing_rows.is_some_and(|rows| rows > 0) || rule.message.is_some())
        .map(|rule| rule.rule.as_str())
        .collect();
    assert_eq!(failed, [r#"IsUnique "id""#]);
}

fn rules_on_files(rules: &str) -> String {
    policy_with(RULES, &format!("Rules = [ {rules} ]"))
}

#[tokio::test]
async fn rules_on_files_see_the_bucket_as_it_was() {
    let mut world = World::new(&rules_on_files("FileUniqueness = 1.0"));
    let uploaded = days(&mut world, &[3, 4, 3, 5]).await;
    // The third has the bytes of the first; the fourth finds the pair among the dataset's files.
    assert_eq!(results(&world, &uploaded).await, ["PASSED", "PASSED", "FAILED", "FAILED"]);
    let before = world.statements().await.len();
    for seal in world.statements_of("seal").await {
        world.queues.send(Function::Quality, events::bridged(&seal.at));
    }
    world.run().await;
    assert_eq!(world.statements().await.len(), before, "a verdict changed");
    assert_eq!(world.queues.all_dead(), 0);
}

#[tokio::test]
async fn rules_on_files_look_below_a_path_of_the_raw_bucket_and_nowhere_else() {
    let place = format!("s3://{RAW}/people/");
    for (rules, expected) in [
        (format!(r#"FileSize "{place}" > 10 B"#), "PASSED"),
        (format!(r#"FileSize "{place}" > 10 MB"#), "FAILED"),
        (format!(r#"FileFreshness "{place}" > (now() - 1 hours)"#), "PASSED"),
        (format!(r#"FileFreshness "{place}" > (now() - 10 minutes)"#), "FAILED"),
        (format!(r#"FileUniqueness "{place}" = 1.0 with hashAlgorithm = "MD5""#), "PASSED"),
        (format!(r#"FileMatch "{place}old.csv" "{place}new.csv""#), "FAILED"),
        (r#"FileSize "s3://another-bucket/people/" > 1 B"#.to_owned(), "FAILED"),
        (format!(r#"FileSize "s3://{RAW}-too/" > 1 B"#), "FAILED"),
    ] {
        let mut world = World::new(&rules_on_files(&rules));
        world.upload("people/old.csv", people(2));
        world.s3.drain_created();
        world.clock.advance(SignedDuration::from_mins(30));
        let at = world.upload("people/new.csv", people(3));
        world.run().await;
        assert_eq!(results(&world, &[at]).await, [expected], "{rules}");
    }
}

#[tokio::test]
async fn statistics_for_model_monitor_show_what_is_published_as_it_is() {
    let mut world = World::new(&policy_with(" }\n    privacy", ", model_monitor: true }\n    privacy"));
    days(&mut world, &[40]).await;
    let evidence = bucket(EVIDENCE);
    let keys = world.s3.live_keys(&evidence).into_iter().filter(|key| key.starts_with("report/monitor/"));
    let files: Vec<(String, serde_json::Value)> = keys
        .map(|key| {
            let bytes = world.s3.current_bytes(&evidence, &key).unwrap();
            (key.rsplit('/').next().unwrap().to_owned(), serde_json::from_slice(&bytes).unwrap())
        })
        .collect();
    let [(first, constraints), (second, statistics)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("constraints.json", "statistics.json"));
    assert_eq!(statistics["dataset"]["item_count"], 40);
    let names: Vec<&str> =
        statistics["features"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, tables::COLUMNS);
    let shown = format!("{constraints}{statistics}");
    // The city is kept; the name is redacted and the address becomes a token.
    assert!(shown.contains("London") && !shown.contains("Ada") && !shown.contains("example.org"), "{shown}");
}
