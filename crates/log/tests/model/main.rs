//! Model checking of the append protocol, on the code that ships.
//!
//! Writers run the real [`Appender`] against a shelf that does nothing by itself: each call becomes a pending request.
//! A depth-first search then tries every order in which the writers' requests may take effect, and for each request every
//! way in which it may go wrong: the writer dies before the effect, after it, or in the middle of a bulk write; a writer
//! that died is started again with nothing remembered. An intruder may put delete markers on the keys that decide.
//!
//! In every state: all roots ever signed belong to one history. In every final state, unless someone raised the alarm: a
//! further writer completes what was left, and the log holds each leaf of every writer that succeeded exactly once, at the
//! position that the writer was told.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: what does not fit must stop it"
)]

mod search;
mod world;

use search::{Outcome, Plan, search};

/// A build for speed has the time to search deeper: `cargo test --release -p sluice-log --test model -- --nocapture`.
const DEEPER: u8 = if cfg!(debug_assertions) { 0 } else { 1 };

/// Two writers with a leaf in common, who may die.
#[test]
fn two_writers_who_may_die_make_one_history() {
    let writers = vec![vec![1, 2], vec![2, 3]];
    let outcome = search(&Plan { writers, crashes: 1 + DEEPER, ..Plan::default() });
    report("two writers who may die", &outcome);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.alarms, 0, "nobody meddled, yet someone raised the alarm");
    assert!(outcome.states > 1_000, "{outcome:?}");
}

/// With time to search, a third.
#[test]
fn writers_of_the_same_leaf_make_one_history() {
    let writers = vec![vec![1], vec![1], vec![2]].into_iter().take(2 + usize::from(DEEPER)).collect();
    let outcome = search(&Plan { writers, ..Plan::default() });
    report("writers of the same leaf", &outcome);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.alarms, 0);
}

/// A conditional write succeeds over a delete marker: the one way round the compare-and-swap.
#[test]
fn delete_markers_raise_the_alarm_and_never_fork() {
    let outcome = search(&Plan { writers: vec![vec![1], vec![2]], crashes: 1, delete_markers: 1, ..Plan::default() });
    report("two writers, one crash, one delete marker", &outcome);
    assert_eq!(outcome.violation, None);
    assert!(outcome.alarms > 0, "no run noticed the marker");
}

/// An intruder's intents: one that is no intent, and one whose leaf nobody signed.
#[test]
fn void_intents_are_void_for_everyone() {
    let plan = Plan { writers: vec![vec![1], vec![2]], crashes: DEEPER, void_intents: 2, ..Plan::default() };
    let outcome = search(&plan);
    report("two writers, two void intents", &outcome);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.alarms, 0);
}

/// The checker itself: where writes are not conditional, it finds the fork.
#[test]
fn the_checker_finds_the_fork_of_unconditional_writes() {
    let plan = Plan { writers: vec![vec![1], vec![2, 3]], unconditional: true, blind: true, ..Plan::default() };
    let violation = search(&plan).violation.expect("an unconditional write forks the log");
    assert!(violation.contains("two histories"), "{violation}");
}

/// The checker itself: where only the current version is looked at, a delete marker forks the log.
#[test]
fn the_checker_finds_the_fork_of_who_does_not_look_at_the_history() {
    let plan = Plan { writers: vec![vec![1], vec![2, 3]], delete_markers: 1, blind: true, ..Plan::default() };
    let violation = search(&plan).violation.expect("a delete marker forks a log whose history nobody looks at");
    assert!(violation.contains("two histories"), "{violation}");
}

#[expect(clippy::print_stdout, reason = "how much was tried is the result")]
fn report(what: &str, outcome: &Outcome) {
    println!("{what}: {} states, {} finals, {} alarms", outcome.states, outcome.finals, outcome.alarms);
}
