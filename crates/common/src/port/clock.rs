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

    /// A deadline as the Lambda Runtime API gives it, in milliseconds since the epoch. Beyond what a [`Timestamp`] can
    /// hold it is the last one.
    pub fn from_epoch_ms(epoch_ms: u64) -> Self {
        let instant = i64::try_from(epoch_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Self(instant.unwrap_or(Timestamp::MAX))
    }

    /// Time left; zero when it has passed.
    pub fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.0.duration_since(now)).unwrap_or(Duration::ZERO)
    }
}
