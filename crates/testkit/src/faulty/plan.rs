use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::locked;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails before it has any effect, as a time-out that never reached the service.
    Fail,
    /// The call has its effect, but the answer is lost: the caller sees the same error as for [`Self::Fail`].
    LoseAnswer,
    /// The body ends after so many bytes. Only `get` and `get_range` know this; other calls are left alone.
    Truncate {
        /// The bytes that still arrive.
        after_bytes: u64,
    },
    /// The service asks for less.
    Throttle,
    /// The role may not.
    Deny,
}

/// Which calls go wrong, and how. Clones share the plan and its counters.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    faults: BTreeMap<(&'static str, u32), Fault>,
    always: BTreeMap<&'static str, Fault>,
    calls: BTreeMap<&'static str, u32>,
    total: u32,
    dies_at: Option<u32>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// The `call`-th call (1 is the first) of an operation goes wrong.
    #[must_use]
    pub fn on(self, operation: &'static str, call: u32, fault: Fault) -> Self {
        locked(&self.0).faults.insert((operation, call), fault);
        self
    }

    /// The first `times` calls of an operation go wrong.
    #[must_use]
    pub fn first(self, operation: &'static str, times: u32, fault: Fault) -> Self {
        locked(&self.0).faults.extend((1..=times).map(|call| ((operation, call), fault)));
        self
    }

    /// Every call of an operation goes wrong.
    #[must_use]
    pub fn always(self, operation: &'static str, fault: Fault) -> Self {
        locked(&self.0).always.insert(operation, fault);
        self
    }

    /// The process "dies" with its `call`-th call (1 is the first), counted over all operations: that call and all later
    /// ones fail without effect. Running the same work again with a fresh plan is the retry after the crash.
    #[must_use]
    pub fn dies_at(self, call: u32) -> Self {
        locked(&self.0).dies_at = Some(call);
        self
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: &str) -> u32 {
        locked(&self.0).calls.get(operation).copied().unwrap_or(0)
    }

    /// How many calls were made altogether.
    pub fn total_calls(&self) -> u32 {
        locked(&self.0).total
    }

    /// Counts a call and tells its fault.
    pub(super) fn next(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = locked(&self.0);
        plan.total += 1;
        let call = plan.calls.entry(operation).or_insert(0);
        *call += 1;
        let call = *call;
        if plan.dies_at.is_some_and(|dies_at| plan.total >= dies_at) {
            return Some(Fault::Fail);
        }
        plan.faults.get(&(operation, call)).or_else(|| plan.always.get(operation)).copied()
    }
}
