//! Policies that change between the stages, and policies that nobody can use.

use sluice_common::policy::Policy;
use sluice_tabular::Format;
use sluice_testkit::names::path;

use crate::evidence::census;
use crate::policies::{RULES, RULESET_KEY, policy, policy_with};
use crate::queues::Function;
use crate::tables::{self, csv_format};
use crate::world::{EVIDENCE, World};

async fn judged_under(policy: &str) -> World {
    let mut world = World::new(policy);
    world.s3.drain_created();
    world.upload("people/a.csv", tables::csv());
    world.run_before(Function::Pseudonymize).await;
    world
}

#[tokio::test]
async fn a_verdict_under_other_rules_is_withheld() {
    let changes = [
        ("RowCount > 0", "RowCount > 1"),
        ("type: csv", "type: csv, delimiter: ';'"),
        (" }\n    privacy", ", on_fail: publish }\n    privacy"),
        ("name: people-csv", "name: persons-csv"),
    ];
    for (part, other) in changes {
        let mut world = judged_under(&policy()).await;
        world.put_policy(&policy_with(part, other));
        world.run().await;
        let outcome = world.only("pseudonymize").await.predicate("outcome").clone();
        assert_eq!(outcome["reason"], "verdict_superseded", "{other}: {outcome}");
        assert!(world.curated().is_empty());
    }
}

#[tokio::test]
async fn a_dataset_that_is_gone_is_withheld() {
    let mut world = judged_under(&policy()).await;
    world.put_policy(&policy_with("people/**/*.csv", "other/**/*.csv"));
    world.run().await;
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["reason"], "no_dataset");
    assert!(world.curated().is_empty());
}

#[tokio::test]
async fn a_change_of_privacy_alone_is_applied_to_what_was_judged_before() {
    let mut world = judged_under(&policy()).await;
    let changed = policy_with("name:  { transform: redact }", "name:  { transform: drop }");
    world.put_policy(&changed);
    world.run().await;
    let curated = world.curated();
    let rows = tables::read(curated[0].1.clone(), csv_format());
    assert!(rows.iter().all(|row| !row.contains_key("name") && row.contains_key("city")), "{rows:?}");
    let stated = world.only("pseudonymize").await;
    let expected = Policy::parse(&changed).unwrap();
    let expected = expected.dataset("people-csv").unwrap().privacy_digest().to_hex();
    assert_eq!(stated.predicate("config")["digest"], expected);
    let digest = sluice_common::Sha256Digest::of(changed.as_bytes()).to_hex();
    assert_eq!(stated.predicate("policy")["digest"], digest);
}

#[tokio::test]
async fn a_change_elsewhere_leaves_a_verdict_valid() {
    let mut world = judged_under(&policy()).await;
    world.put_policy(&policy_with("hostile/**", "other/**"));
    world.run().await;
    assert_eq!(world.curated().len(), 1);
}

#[tokio::test]
async fn a_verdict_under_rules_that_are_gone_is_withheld() {
    let mut world = judged_under(&policy()).await;
    let verdict = world.only("quality").await;
    let version_id = verdict.predicate("policy")["versionId"].as_str().unwrap();
    let judged_under = sluice_testkit::names::version(EVIDENCE, crate::world::POLICY_KEY, version_id);
    world.put_policy(&policy_with("hostile/**", "other/**"));
    assert!(world.s3.force_delete(&judged_under));
    world.run().await;
    assert_eq!(world.only("pseudonymize").await.predicate("outcome")["reason"], "verdict_superseded");
    assert!(world.curated().is_empty());
}

#[tokio::test]
async fn a_policy_that_nobody_can_read_leaves_everything_in_the_queues() {
    for bad in ["version: 2\ndatasets: []\n", "datasets: [", "", "\0"] {
        for function in Function::ALL {
            let mut world = World::new(&policy());
            world.s3.drain_created();
            world.upload("people/a.csv", tables::csv());
            world.run_before(function).await;
            let before = world.census().await;
            world.put_policy(bad);
            world.drain(function).await;
            assert_eq!(world.queues.dead(function), 1, "{function:?}");
            assert_eq!(world.census().await, before, "{function:?}: nothing is stated");
            world.put_policy(&policy());
            world.queues.redrive();
            world.run().await;
            assert_eq!(world.census().await, census(&[("pseudonymize", 1), ("quality", 1), ("seal", 1)]));
            assert_eq!((world.curated().len(), world.metrics.sum("Alarms")), (1, 0.0));
        }
    }
}

#[tokio::test]
async fn no_policy_at_all_leaves_everything_in_the_queues() {
    let mut world = World::new(&policy());
    world.s3.delete(&path(EVIDENCE, crate::world::POLICY_KEY)).unwrap();
    world.s3.drain_created();
    world.upload("people/a.csv", tables::csv());
    world.run().await;
    assert_eq!((world.queues.dead(Function::Seal), world.census().await.len()), (1, 0));
}

#[tokio::test]
async fn a_ruleset_that_nobody_can_read_leaves_the_object_in_the_queue() {
    for bad in [None, Some("Rules = [ IsCompleat \"id\" ]"), Some("\u{0}")] {
        let mut world = World::new(&policy());
        let at = path(EVIDENCE, RULESET_KEY);
        if let Some(text) = bad {
            world.s3.put(&at, text).unwrap();
        }
        world.s3.drain_created();
        world.upload("people/a.parquet", tables::parquet());
        world.run().await;
        assert_eq!(world.queues.dead(Function::Quality), 1, "{bad:?}");
        assert_eq!(world.census().await, census(&[("seal", 1)]));
        world.s3.put(&at, RULES).unwrap();
        world.s3.drain_created();
        world.queues.redrive();
        world.run().await;
        assert_eq!(tables::read(world.curated()[0].1.clone(), Format::Parquet).len(), 3);
    }
}

#[tokio::test]
async fn a_ruleset_of_glue_is_asked_for_by_name() {
    let inline = format!("ruleset: '{RULES}'");
    let mut world = World::new(&policy_with(&inline, "ruleset: { glue: people-rules }"));
    world.upload("people/a.csv", tables::csv());
    world.run().await;
    assert_eq!(world.queues.dead(Function::Quality), 1);
    world.catalog.put_ruleset("people-rules", RULES);
    world.queues.redrive();
    world.run().await;
    assert_eq!(world.curated().len(), 1);
    let digest = sluice_common::Sha256Digest::of(RULES.as_bytes()).to_hex();
    assert_eq!(world.only("quality").await.predicate("ruleset")["digest"], digest);
}
