use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use sluice_common::port::Clock;

use crate::locked;

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that moves when the test says so. Clones share the time.
#[derive(Debug, Clone)]
pub struct SettableClock(Arc<Mutex<Timestamp>>);

impl SettableClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Shows another time, which may lie in the past.
    pub fn set(&self, now: Timestamp) {
        *locked(&self.0) = now;
    }

    /// Moves on.
    ///
    /// # Panics
    /// Beyond the year 9999.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = locked(&self.0);
        *now += by;
    }
}

/// 2026-01-01T00:00:00Z.
impl Default for SettableClock {
    fn default() -> Self {
        Self::new(Timestamp::constant(1_767_225_600, 0))
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        *locked(&self.0)
    }
}
