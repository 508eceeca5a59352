//! An old event comes again after its object was published: nothing is made twice, and what was erased stays erased.

use sluice_common::ObjectVersion;
use sluice_testkit::FaultPlan;

use crate::evidence::version;
use crate::policies::policy;
use crate::queues::Function;
use crate::tables;
use crate::world::{CURATED, World};

type Table = fn() -> Vec<u8>;

/// A dataset with a catalog entry, and one without.
const KEYS: [(&str, Table); 2] = [("people/a.csv", tables::csv), ("people/a.jsonl", tables::json_lines)];

/// A world in which an upload was published.
async fn published(key: &str, body: Vec<u8>) -> (World, ObjectVersion) {
    let mut world = World::with_key(&policy()).await;
    world.s3.drain_created();
    world.upload(key, body);
    world.run().await;
    let entries = world.versions(CURATED).await;
    assert_eq!(entries.len(), 1);
    let curated = version(CURATED, &entries[0]);
    (world, curated)
}

/// The verdict's event once more, in a sandbox of its own. Returns what it did.
async fn redriven(world: &mut World) -> FaultPlan {
    let verdict = world.only("quality").await.at;
    let plan = FaultPlan::new();
    world.restart(&plan);
    world.queues.send(Function::Pseudonymize, crate::events::bridged(&verdict));
    world.run().await;
    assert_eq!(world.queues.all_dead(), 0);
    plan
}

#[tokio::test]
async fn what_is_published_is_not_rewritten() {
    for (key, body) in KEYS {
        let (mut world, _) = published(key, body()).await;
        let before = world.outputs().await;
        let plan = redriven(&mut world).await;
        assert_eq!(world.outputs().await, before, "{key}");
        if key.ends_with(".jsonl") {
            assert_eq!((plan.calls("upload_new"), plan.calls("sign")), (0, 0), "{key}");
        }
    }
}

#[tokio::test]
async fn what_was_erased_is_not_published_again() {
    for (key, body) in KEYS {
        for is_hidden in [true, false] {
            let (mut world, curated) = published(key, body()).await;
            if is_hidden {
                world.s3.delete(&curated.path()).unwrap();
            } else {
                assert!(world.s3.force_delete(&curated));
            }
            let before = world.versions(CURATED).await;
            let plan = redriven(&mut world).await;
            assert_eq!(world.versions(CURATED).await, before, "{key}");
            assert_eq!(plan.calls("upload_new"), 0, "nothing was written in between, either");
            let finding = world.only("finding").await;
            assert_eq!(finding.text("rule"), "curated_missing");
            assert!(finding.predicate("evidence").as_array().unwrap().iter().any(|one| one["uri"] == curated.uri()));
            assert!(world.metrics.sum("Alarms") >= 1.0);
            assert_eq!(world.statements_of("pseudonymize").await.len(), 1);
        }
    }
}

#[tokio::test]
async fn what_somebody_laid_over_it_is_alarmed_about() {
    for (key, body) in KEYS {
        let (mut world, curated) = published(key, body()).await;
        world.s3.put(&curated.path(), "id,email\n").unwrap();
        redriven(&mut world).await;
        assert_eq!(world.only("finding").await.text("rule"), "curated_conflict");
        assert_eq!(world.versions(CURATED).await.len(), 2, "{key}");
    }
}
