//! Keys that break naive decoders, and events that come again.

use crate::events;
use crate::evidence::census;
use crate::policies::policy;
use crate::queues::Function;
use crate::tables;
use crate::world::{CURATED, VAULT, World};

fn hostile_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "hostile/a b.csv",
        "hostile/a+b.csv",
        "hostile/a%2Bb.csv",
        "hostile/100%.csv",
        "hostile/%",
        "hostile/dt=2026-01-01/part=0.csv",
        "hostile/12:30:00.csv",
        "hostile/größe-日本語.csv",
        "hostile/e\u{301}.csv",
        "hostile/é.csv",
        "hostile/\u{1f600}\u{1f469}\u{200d}\u{1f4bb}.csv",
        "hostile/\"quoted\" 'twice'.csv",
        "hostile/two\nlines\r\n.csv",
        "hostile/tab\tand\u{7f}.csv",
        "hostile/../../etc/passwd",
        "hostile//double//slash.csv",
        "hostile/folder/",
        "hostile/?versionId=other&x=<b>#fragment",
        "hostile/back\\slash{a,b}[c].csv",
        "hostile/${jndi:ldap}$(id)`id`.csv",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push(format!("hostile/{}", "k".repeat(1024 - "hostile/".len())));
    keys.push(format!("hostile/{}", "é".repeat((1024 - "hostile/".len()) / 2)));
    keys
}

#[tokio::test]
async fn every_key_is_published_under_a_name_of_its_own() {
    let mut world = World::new(&policy());
    let keys = hostile_keys();
    for key in &keys {
        let at = world.upload(key, tables::csv());
        assert_eq!(at.key.as_str(), key);
    }
    world.run().await;
    let many = keys.len();
    assert_eq!(world.census().await, census(&[("pseudonymize", many), ("quality", many), ("seal", many)]));
    assert_eq!(world.curated().len(), many);
    for (key, _) in world.curated() {
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/=-.".contains(&byte)), "{key}");
    }
    let mut sealed: Vec<String> = Vec::new();
    for found in world.statements_of("seal").await {
        sealed.push(found.predicate("object")["key"].as_str().unwrap().to_owned());
    }
    sealed.sort();
    let mut expected = keys;
    expected.sort();
    assert_eq!(sealed, expected);
    assert_eq!((world.queues.all_dead(), world.metrics.sum("Alarms")), (0, 0.0));
}

#[tokio::test]
async fn an_empty_object_is_judged_and_withheld() {
    let mut world = World::new(&policy());
    world.upload("hostile/folder/", "");
    world.upload("hostile/empty.csv", "");
    world.run().await;
    assert_eq!(world.census().await, census(&[("pseudonymize", 2), ("quality", 2), ("seal", 2)]));
    for verdict in world.statements_of("quality").await {
        assert_eq!((verdict.text("result"), verdict.predicate("rows").as_u64()), ("FAILED", Some(0)));
    }
    assert!(world.curated().is_empty());
}

#[tokio::test]
async fn versions_of_one_key_are_objects_of_their_own() {
    let mut world = World::new(&policy());
    world.upload("people/a.csv", tables::csv());
    world.upload("people/a.csv", tables::csv());
    world.run().await;
    assert_eq!(world.census().await, census(&[("pseudonymize", 2), ("quality", 2), ("seal", 2)]));
    assert_eq!(world.curated().len(), 2);
}

#[tokio::test]
async fn the_same_event_in_two_sandboxes_at_once_makes_one_of_everything() {
    for warm in [false, true] {
        let mut world = if warm { World::with_key(&policy()).await } else { World::new(&policy()) };
        world.s3.drain_created();
        world.upload("people/a.csv", tables::csv());
        world.upload("people/poison.csv", "id,email,name,city\n1,a,b\n");
        for function in Function::ALL {
            world.step_twice_at_once(function).await;
        }
        let expected = census(&[("pseudonymize", 1), ("quality", 1), ("quarantine", 1), ("seal", 2)]);
        assert_eq!(world.census().await, expected);
        assert_eq!((world.versions(CURATED).await.len(), world.versions(VAULT).await.len()), (1, 1));
        assert_eq!(world.metrics.sum("Alarms"), 0.0);
    }
}

#[tokio::test]
async fn an_event_without_a_version_means_the_only_one_of_a_statement_and_nothing_else() {
    let mut world = World::new(&policy());
    let at = world.upload("people/a.csv", tables::csv());
    world.drain(Function::Seal).await;
    world.queues.forget(Function::Quality);
    let without_version = |body: String, version_id: &str| body.replace(version_id, "");
    let seal = world.only("seal").await.at;
    world.queues.send(Function::Quality, without_version(events::bridged(&seal), seal.version_id.as_str()));
    // A raw object's key is written many times: which of its versions was meant, nobody can say.
    world.queues.send(Function::Seal, without_version(events::notification(&at), at.version_id.as_str()));
    world.run().await;
    assert_eq!(world.census().await, census(&[("pseudonymize", 1), ("quality", 1), ("seal", 1)]));
    assert_eq!((world.queues.dead(Function::Seal), world.queues.all_dead()), (1, 1));
}

#[tokio::test]
async fn the_same_events_five_times_and_in_reverse_order_change_nothing() {
    let uploads = ["people/a.csv", "people/b.csv", "people/bad.csv", "people/poison.csv", "elsewhere/c.csv"];
    let body = |key: &str| match key {
        "people/bad.csv" => b"id,email,name,city\n1,a,b,c\n1,a,b,c\n".to_vec(),
        "people/poison.csv" => b"id,email,name,city\n1,a,b\n".to_vec(),
        _ => tables::csv(),
    };
    let mut outputs = Vec::new();
    for (duplicates, reversed) in [(0, false), (4, false), (4, true), (0, true)] {
        let mut world = World::with_key(&policy()).await;
        (world.queues.duplicates, world.queues.reversed) = (duplicates, reversed);
        for key in uploads {
            world.upload(key, body(key));
        }
        world.run().await;
        let expected = census(&[("pseudonymize", 4), ("quality", 4), ("quarantine", 1), ("seal", 5)]);
        assert_eq!(world.census().await, expected, "{duplicates} duplicates, reversed: {reversed}");
        assert_eq!(world.curated().len(), 2);
        assert_eq!((world.queues.all_dead(), world.metrics.sum("Alarms")), (0, 0.0));
        // Statements name their predecessors' versions, which depend on the order; what was published does not.
        outputs.push(world.curated());
    }
    outputs.dedup();
    assert_eq!(outputs.len(), 1);
}
