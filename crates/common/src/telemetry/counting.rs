use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::tally::Tally;
use crate::port::Clock;

/// An invocation whose counters are written when its work has ended.
#[must_use = "counters are written by `end`"]
pub struct Counting<'a> {
    clock: &'a dyn Clock,
    namespace: &'a str,
    function: &'a str,
    request_id: &'a str,
    begun: Timestamp,
}

impl fmt::Debug for Counting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counting").field("function", &self.function).field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl<'a> Counting<'a> {
    /// Work of a function of that name begins; its counters go to a CloudWatch namespace.
    pub fn begin(clock: &'a dyn Clock, namespace: &'a str, function: &'a str, request_id: &'a str) -> Self {
        Self { clock, namespace, function, request_id, begun: clock.now() }
    }

    /// Writes what was counted, and how long it took. Counters that cannot be written cost no work that is done.
    pub fn end(self, tally: &Tally) {
        let ended = self.clock.now();
        let duration = Duration::try_from(ended.duration_since(self.begun)).unwrap_or(Duration::ZERO);
        if let Err(error) = tally.print(self.namespace, self.function, self.request_id, ended, duration) {
            tracing::warn!(%error, "counters were not written");
        }
    }
}
