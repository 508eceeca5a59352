//! Unknown is not bad: what could not be read or written is tried again, and never said to be damaged or tampered with.

use sluice_testkit::{Fault, FaultPlan};

use crate::crash::{Case, OPERATIONS, Outputs, before, invoke_under, undisturbed};
use crate::queues::Function;

/// A function meets a fault: its message waits, nothing was said, and the next attempt is as good as the first.
async fn is_only_a_delay(function: Function, plan: FaultPlan, expected: &Outputs, what: &str) {
    let mut world = before(function, Case::Good).await;
    assert!(invoke_under(&mut world, function, &plan).await, "{function:?} acknowledged its message: {what}");
    assert_eq!(world.queues.waiting(function), 1);
    for stage in ["quarantine", "finding"] {
        assert!(world.statements_of(stage).await.is_empty(), "{function:?} stated a {stage}: {what}");
    }
    assert_eq!(world.metrics.sum("Alarms") + world.metrics.sum("Quarantined"), 0.0);
    world.run().await;
    assert_eq!(world.outputs().await, *expected, "{function:?}: {what}");
}

#[tokio::test]
async fn throttled_and_denied_calls_are_tried_again() {
    for function in Function::ALL {
        let (expected, healthy) = undisturbed(function, Case::Good).await;
        // A metric that is lost undoes nothing.
        let used = OPERATIONS.into_iter().filter(|operation| healthy.calls(operation) > 0 && *operation != "put");
        for operation in used {
            for fault in [Fault::Throttle, Fault::Deny] {
                is_only_a_delay(
                    function,
                    FaultPlan::new().always(operation, fault),
                    &expected,
                    &format!("{fault:?} of {operation}"),
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn bodies_that_break_off_are_read_again() {
    for function in Function::ALL {
        let (expected, healthy) = undisturbed(function, Case::Good).await;
        for call in 1..=healthy.calls("get") {
            for after_bytes in [0, 60] {
                let plan = FaultPlan::new().on("get", call, Fault::Truncate { after_bytes });
                is_only_a_delay(function, plan, &expected, &format!("body {call} broke off after {after_bytes} bytes"))
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn disabled_keys_leave_everything_in_the_queues() {
    for function in Function::ALL {
        let mut world = before(function, Case::Good).await;
        world.restart(&FaultPlan::new());
        world.signing.set_disabled(true);
        world.drain(function).await;
        assert_eq!(world.queues.dead(function), 1, "{function:?}");
        world.signing.set_disabled(false);
        world.queues.redrive();
        world.run().await;
        assert_eq!((world.curated().len(), world.metrics.sum("Alarms")), (1, 0.0), "{function:?}");
    }
}
