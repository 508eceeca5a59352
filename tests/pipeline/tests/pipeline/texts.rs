//! Free text that a service is asked about: its model may change, statements and bytes may not.

use sluice_testkit::{Fault, FaultPlan, names};

use crate::policies::policy_with;
use crate::queues::Function;
use crate::world::{EVIDENCE, World};

const TABLE: &[u8] =
    b"id,email,name,city\n1,a@example.org,Zo\xc3\xab,spoke with ada lovelace\n2,b@example.org,Bo,call ada\n";

fn policy(max_units: u32) -> String {
    let comprehend = format!("{{ language: en, max_units: {max_units} }}");
    let redacted = format!("city:  {{ transform: redact_text, entities: [PERSON], comprehend: {comprehend} }}");
    policy_with("city:  { transform: keep }", &redacted)
}

async fn waiting(max_units: u32) -> World {
    let mut world = World::with_key(&policy(max_units)).await;
    world.s3.drain_created();
    world.texts.learn(&["ada lovelace", "ada"]);
    world.upload("people/a.csv", TABLE.to_vec());
    world.run_before(Function::Pseudonymize).await;
    world
}

fn published(world: &World) -> String {
    let [(_, body)] = &world.curated()[..] else { panic!("one object") };
    String::from_utf8(body.to_vec()).unwrap()
}

fn answers(world: &World) -> Vec<String> {
    let keys = world.s3.live_keys(&names::bucket(EVIDENCE));
    keys.into_iter().filter(|key| key.starts_with("report/text/")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_finds_is_replaced_and_its_answers_are_kept() {
    let mut world = waiting(100).await;
    world.run().await;
    let table = published(&world);
    assert!(table.contains("spoke with [PERSON]\n") && table.contains("call [PERSON]\n"), "{table}");
    assert_eq!(world.texts.calls(), 1, "a call for many cells");
    assert_eq!(answers(&world).len(), 1);
    let kept = world.s3.current_bytes(&names::bucket(EVIDENCE), &answers(&world)[0]).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("ada"), "spans, and no text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_takes_the_kept_answers_whatever_the_model_says_now() {
    // Death when the object is there and the statement is not: the statement's signature fails.
    let mut world = waiting(100).await;
    world.restart(&FaultPlan::new().always("sign", Fault::Fail));
    assert_eq!(world.step(Function::Pseudonymize).await, 1);
    let first = published(&world);
    assert_eq!(answers(&world).len(), 1);
    world.restart(&FaultPlan::new());
    world.texts.learn(&["spoke"]);
    world.run().await;
    assert_eq!(published(&world), first);
    assert_eq!((world.texts.calls(), world.queues.all_dead()), (1, 0), "nothing was asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_service_publishes_nothing_and_is_asked_again() {
    let mut world = waiting(100).await;
    world.texts.throttle(true);
    assert_eq!(world.step(Function::Pseudonymize).await, 1);
    assert!(world.curated().is_empty() && answers(&world).is_empty(), "it does not fail open");
    world.texts.throttle(false);
    world.run().await;
    assert!(published(&world).contains("[PERSON]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_beyond_the_bound_is_refused_and_costs_nothing() {
    let mut world = waiting(2).await;
    world.run().await;
    assert!(world.curated().is_empty());
    assert_eq!(world.texts.calls(), 0, "a call takes three units, and two are allowed");
    assert_eq!(world.only("quarantine").await.text("reason"), "comprehend_units_exceeded");
}
