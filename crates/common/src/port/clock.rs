use std::time::Duration;

use jiff::Timestamp;

/// The time of day, as a port, so that tests can choose it and payloads cannot sneak it in.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// When an invocation must have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Timestamp);

impl Deadline {
    /// A deadline at an instant.
    pub fn at(instant: Timestamp) -> Self {
        Self(instant)
    }

    /// Time left; zero when it has passed.
    pub fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.0.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}
