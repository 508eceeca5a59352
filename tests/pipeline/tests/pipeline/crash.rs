//! Death at every step, and answers that were lost: the next attempt brings the same outputs as if nothing had happened.

use std::collections::BTreeMap;

use sluice_testkit::{Fault, FaultPlan};

use crate::evidence::census;
use crate::policies::policy;
use crate::queues::Function;
use crate::tables;
use crate::world::World;

/// Every operation of the ports that a function uses.
pub(crate) const OPERATIONS: [&str; 21] = [
    "abort",
    "complete",
    "current",
    "generate",
    "get",
    "head",
    "legal_hold",
    "list_versions",
    "parts",
    "public_key",
    "put",
    "put_new",
    "register",
    "retention",
    "ruleset",
    "set_retention",
    "sign",
    "unwrap_key",
    "upload_new",
    "versioning",
    "write",
];

/// What the function under test gets to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Good,
    /// The table is malformed.
    Poison,
    /// Someone changes a byte of the raw object before the function reads it.
    Tampered,
}

pub(crate) type Outputs = BTreeMap<String, String>;

/// A world in which a function has one message waiting.
pub(crate) async fn before(function: Function, case: Case) -> World {
    let mut world = World::with_key(&policy()).await;
    world.s3.drain_created();
    let body = if case == Case::Poison { b"id,email,name,city\n1,a,b\n".to_vec() } else { tables::csv() };
    let at = world.upload("people/a.csv", body);
    world.run_before(function).await;
    if case == Case::Tampered {
        assert!(world.s3.tamper_byte(&at, 30));
    }
    world
}

/// One invocation under a plan, in a sandbox of its own. Whether its message was given back.
pub(crate) async fn invoke_under(world: &mut World, function: Function, plan: &FaultPlan) -> bool {
    world.restart(plan);
    let given_back = world.step(function).await;
    world.restart(&FaultPlan::new());
    given_back > 0
}

/// Outputs of a run without faults, and the calls of its function.
pub(crate) async fn undisturbed(function: Function, case: Case) -> (Outputs, FaultPlan) {
    let plan = FaultPlan::new();
    let mut world = before(function, case).await;
    assert!(!invoke_under(&mut world, function, &plan).await);
    world.run().await;
    assert_eq!(world.queues.all_dead(), 0);
    (world.outputs().await, plan)
}

async fn dies_at_every_step(function: Function, case: Case) {
    let (expected, healthy) = undisturbed(function, case).await;
    let steps = healthy.total_calls();
    assert!(steps > 5, "{steps}");
    let mut given_back = 0;
    for step in 1..=steps {
        let mut world = before(function, case).await;
        given_back += u32::from(invoke_under(&mut world, function, &FaultPlan::new().dies_at(step)).await);
        world.run().await;
        assert_eq!(world.outputs().await, expected, "{function:?} died at call {step} of {steps}");
        assert_eq!(world.queues.all_dead(), 0);
    }
    // All but those of the metrics, which come last and undo nothing.
    assert!(given_back >= steps - 2, "{given_back} of {steps}");
}

async fn loses_every_answer(function: Function, case: Case) {
    let (expected, healthy) = undisturbed(function, case).await;
    for operation in OPERATIONS {
        for call in 1..=healthy.calls(operation) {
            let plan = FaultPlan::new().on(operation, call, Fault::LoseAnswer);
            let mut world = before(function, case).await;
            invoke_under(&mut world, function, &plan).await;
            world.run().await;
            assert_eq!(world.outputs().await, expected, "{function:?} lost answer {call} of {operation}");
            assert_eq!(world.queues.all_dead(), 0);
        }
    }
}

#[tokio::test]
async fn seal_dies_at_every_step() {
    dies_at_every_step(Function::Seal, Case::Good).await;
}

#[tokio::test]
async fn quality_dies_at_every_step() {
    dies_at_every_step(Function::Quality, Case::Good).await;
}

#[tokio::test]
async fn pseudonymize_dies_at_every_step() {
    dies_at_every_step(Function::Pseudonymize, Case::Good).await;
}

#[tokio::test]
async fn quarantines_and_findings_survive_death_at_every_step() {
    dies_at_every_step(Function::Quality, Case::Poison).await;
    dies_at_every_step(Function::Quality, Case::Tampered).await;
    dies_at_every_step(Function::Pseudonymize, Case::Tampered).await;
}

#[tokio::test]
async fn every_answer_may_be_lost() {
    for function in Function::ALL {
        loses_every_answer(function, Case::Good).await;
    }
    loses_every_answer(Function::Quality, Case::Poison).await;
    loses_every_answer(Function::Quality, Case::Tampered).await;
}

#[tokio::test]
async fn every_operation_is_among_those_that_fail() {
    for function in Function::ALL {
        let (_, plan) = undisturbed(function, Case::Good).await;
        let named: u32 = OPERATIONS.iter().map(|operation| plan.calls(operation)).sum();
        assert_eq!(named, plan.total_calls(), "{function:?}");
    }
}

#[tokio::test]
async fn a_domain_gets_one_key_however_often_its_first_run_dies() {
    for step in 1.. {
        let mut world = World::new(&policy());
        world.s3.drain_created();
        world.upload("people/a.csv", tables::csv());
        world.run_before(Function::Pseudonymize).await;
        let plan = FaultPlan::new().dies_at(step);
        let given_back = invoke_under(&mut world, Function::Pseudonymize, &plan).await;
        world.run().await;
        assert_eq!(world.versions(crate::world::VAULT).await.len(), 1, "step {step}");
        assert_eq!(world.versions(crate::world::CURATED).await.len(), 1, "step {step}");
        assert_eq!(world.census().await, census(&[("pseudonymize", 1), ("quality", 1), ("seal", 1)]));
        if plan.total_calls() < step {
            assert!(!given_back);
            return;
        }
    }
}
