//! A batch of messages, one at a time, within the deadline, none dropped.
//!
//! | what happened | SQS | S3 Batch Operations | direct |
//! |---|---|---|---|
//! | done, or nothing to do | acknowledged | `Succeeded` | answered |
//! | quarantined or alarmed, and the statement about it was written | acknowledged | `PermanentFailure` | answered |
//! | to be retried: a transient error, a panic, no time left, or the statement could not be written | given back | `TemporaryFailure` | the invocation fails |
//! | not understood | given back | `PermanentFailure` | the invocation fails |
//!
//! A message that is not understood is given back because nothing can be signed about an object that it does not name: the
//! queue redelivers it until it lies in the dead-letter queue, whose alarm brings a person.

mod answer;
mod stage;

pub use answer::InvocationError;
pub use stage::{Done, Stage};

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use answer::{Fate, MessageFate};
use futures::FutureExt as _;
use serde_json::Value;
use tracing::Instrument as _;

use crate::digest::Sha256Digest;
use crate::disposition::{Dispose as _, Disposition};
use crate::event::{EventError, Incoming, Item, Message, Part, UnversionedItem};
use crate::port::{Clock, Deadline};
use crate::telemetry::{Counting, Tally};

/// How much time a runner wants to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// With less left, no object is begun: its message is given back. Default 5 s.
    pub minimum_to_begin: Duration,
    /// Kept to write the answer: work that runs longer is cut off and its message given back. Default 1 s.
    pub reserved_for_answer: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self { minimum_to_begin: Duration::from_secs(5), reserved_for_answer: Duration::from_secs(1) }
    }
}

/// One invocation as Lambda describes it.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// Lambda's id for it.
    pub request_id: &'a str,
    /// When it must have answered.
    pub deadline: Deadline,
}

/// Runs a stage over whatever wakes its function.
pub struct Runner<S> {
    stage: S,
    clock: Arc<dyn Clock>,
    function: &'static str,
    metrics_namespace: String,
    limits: TimeLimits,
}

impl<S> fmt::Debug for Runner<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("function", &self.function).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<S: Stage> Runner<S> {
    /// A runner for a function of that name.
    pub fn new(function: &'static str, stage: S, clock: Arc<dyn Clock>, metrics_namespace: impl Into<String>) -> Self {
        Self { stage, clock, function, metrics_namespace: metrics_namespace.into(), limits: TimeLimits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The stage.
    pub const fn stage(&self) -> &S {
        &self.stage
    }

    /// Handles an invocation: decodes, works, writes logs and metrics, answers.
    ///
    /// # Errors
    /// When the caller must keep all of it: the payload is not a batch, or a direct delivery did not succeed.
    pub async fn serve(&self, payload: &Value, invocation: Invocation<'_>) -> Result<Value, InvocationError> {
        let span = tracing::info_span!("invocation", function = self.function, request_id = invocation.request_id);
        async {
            let clock = self.clock.as_ref();
            let counting = Counting::begin(clock, &self.metrics_namespace, self.function, invocation.request_id);
            let (answer, tally) = self.answer(payload, invocation.deadline).await;
            counting.end(&tally);
            if let Err(error) = &answer {
                tracing::error!(reason = error.error_type(), %error, "invocation failed");
            }
            answer
        }
        .instrument(span)
        .await
    }

    /// Handles an invocation and returns what it did, without writing metrics.
    pub async fn answer(&self, payload: &Value, deadline: Deadline) -> (Result<Value, InvocationError>, Tally) {
        let mut tally = Tally::default();
        let incoming = match Incoming::decode(payload) {
            Ok(incoming) => incoming,
            Err(error) => return (Err(error.into()), tally),
        };
        let mut fates = Vec::with_capacity(incoming.messages.len());
        for message in &incoming.messages {
            let mut fate = MessageFate::new(&message.id);
            self.message(message, deadline, &mut fate, &mut tally).await;
            fates.push(fate);
        }
        (answer::render(&incoming.delivery, &fates), tally)
    }

    async fn message(&self, message: &Message, deadline: Deadline, fates: &mut MessageFate<'_>, tally: &mut Tally) {
        for part in &message.parts {
            let fate = match part {
                Part::Object(item) => self.object(&message.id, item, deadline, tally).await,
                Part::Acknowledge(event) => {
                    tally.acknowledged = tally.acknowledged.saturating_add(1);
                    tracing::info!(message_id = message.id, %event, "nothing to do");
                    Fate::Done { outcome: "acknowledged" }
                }
                Part::Unversioned(item) => self.unversioned(&message.id, item, deadline, tally).await,
                Part::Undecodable(error) => not_understood(&message.id, error, tally),
            };
            fates.push(fate);
        }
    }

    async fn unversioned(
        &self,
        message_id: &str,
        item: &UnversionedItem,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> Fate {
        let object = Sha256Digest::of(item.path.key.as_str().as_bytes());
        let fate = match self.guarded(self.stage.resolve(&item.path), deadline).await {
            Attempt::Done(Some(object)) => {
                let item = Item { object, event: item.event.clone() };
                return self.object(message_id, &item, deadline, tally).await;
            }
            Attempt::Done(None) => return not_understood(message_id, &EventError::Unversioned, tally),
            Attempt::Failed(error) => {
                let settling = self.stage.settle_unversioned(item, &error);
                self.dispose(message_id, &object, &error, settling, deadline).await
            }
            Attempt::Panicked => Fate::Returned { reason: "panicked" },
            Attempt::OutOfTime { reason } => Fate::Returned { reason },
        };
        count(message_id, &object, fate, tally);
        fate
    }

    async fn object(&self, message_id: &str, item: &Item, deadline: Deadline, tally: &mut Tally) -> Fate {
        let object = item.object.id();
        let fate = match self.attempt(item, deadline).await {
            Attempt::Done(done) => {
                tally.processed = tally.processed.saturating_add(1);
                tally.bytes = tally.bytes.saturating_add(done.bytes);
                tally.rows = tally.rows.saturating_add(done.rows);
                let Done { outcome, bytes, rows } = done;
                tracing::info!(message_id, %object, outcome, bytes, rows, "object done");
                return Fate::Done { outcome };
            }
            Attempt::Failed(error) => {
                let settling = self.stage.settle(item, &error, error.disposition());
                let settling = settling.map(|settled| settled.map(|()| true));
                self.dispose(message_id, &object, &error, settling, deadline).await
            }
            Attempt::Panicked => Fate::Returned { reason: "panicked" },
            Attempt::OutOfTime { reason } => Fate::Returned { reason },
        };
        count(message_id, &object, fate, tally);
        fate
    }

    async fn attempt(&self, item: &Item, deadline: Deadline) -> Attempt<S::Error> {
        let left = deadline.left(self.clock.now());
        if left < self.limits.minimum_to_begin {
            return Attempt::OutOfTime { reason: "no_time_to_begin" };
        }
        self.guarded(self.stage.handle(item, deadline), deadline).await
    }

    /// Writes the statement about a failure that no retry can cure. The message goes only when that statement is there.
    async fn dispose(
        &self,
        message_id: &str,
        object: &(impl fmt::Display + Sync),
        error: &S::Error,
        settling: impl Future<Output = Result<bool, S::Error>>,
        deadline: Deadline,
    ) -> Fate {
        let (reason, disposition) = (error.reason(), error.disposition());
        match disposition {
            Disposition::Retry => {
                tracing::warn!(message_id, %object, reason, %error, "attempt failed");
                return Fate::Returned { reason };
            }
            Disposition::Quarantine => tracing::warn!(message_id, %object, reason, %error, "object to be quarantined"),
            Disposition::Alarm => tracing::error!(message_id, %object, reason, %error, "object to be alarmed about"),
        }
        match self.guarded(settling, deadline).await {
            Attempt::Done(true) => Fate::Settled { reason, disposition },
            Attempt::Done(false) => Fate::Returned { reason },
            Attempt::Failed(error) => {
                tracing::error!(message_id, %object, reason = error.reason(), %error, "statement was not written");
                Fate::Returned { reason: "statement_not_written" }
            }
            Attempt::Panicked => Fate::Returned { reason: "panicked" },
            Attempt::OutOfTime { reason } => Fate::Returned { reason },
        }
    }

    /// A panic costs one message, and so does work that would outlast the invocation: Lambda would kill the process, and
    /// with it the answer for all that was done.
    async fn guarded<T>(
        &self,
        work: impl Future<Output = Result<T, S::Error>>,
        deadline: Deadline,
    ) -> Attempt<S::Error, T> {
        let left = deadline.left(self.clock.now()).saturating_sub(self.limits.reserved_for_answer);
        match AssertUnwindSafe(tokio::time::timeout(left, work)).catch_unwind().await {
            Err(_panic) => Attempt::Panicked,
            Ok(Err(_elapsed)) => Attempt::OutOfTime { reason: "out_of_time" },
            Ok(Ok(Err(error))) => Attempt::Failed(error),
            Ok(Ok(Ok(done))) => Attempt::Done(done),
        }
    }
}

/// Counts what no object's own line tells.
fn count(message_id: &str, object: &impl fmt::Display, fate: Fate, tally: &mut Tally) {
    match fate {
        Fate::Settled { disposition: Disposition::Alarm, .. } => tally.alarms = tally.alarms.saturating_add(1),
        Fate::Settled { .. } => tally.quarantined = tally.quarantined.saturating_add(1),
        Fate::Returned { reason } => {
            tally.retries = tally.retries.saturating_add(1);
            tally.panics = tally.panics.saturating_add(u64::from(reason == "panicked"));
            tracing::warn!(message_id, %object, reason, "object given back");
        }
        Fate::Done { .. } | Fate::NotUnderstood { .. } => {}
    }
}

fn not_understood(message_id: &str, error: &EventError, tally: &mut Tally) -> Fate {
    tally.undecodable = tally.undecodable.saturating_add(1);
    let reason = error.reason();
    tracing::error!(message_id, reason, %error, "message not understood, given back");
    Fate::NotUnderstood { reason }
}

/// How one attempt ended.
enum Attempt<E, T = Done> {
    Done(T),
    Failed(E),
    Panicked,
    OutOfTime { reason: &'static str },
}

#[cfg(test)]
mod tests;
