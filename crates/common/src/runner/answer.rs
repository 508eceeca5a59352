//! From the fates of messages to the answer that each caller understands.

use serde::Serialize;
use serde_json::Value;

use crate::disposition::Disposition;
use crate::event::{BatchError, Delivery};

/// What became of one part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The work is done.
    Done { outcome: &'static str },
    /// It failed for ever, and a statement says so.
    Settled { reason: &'static str, disposition: Disposition },
    /// It must be tried again.
    Returned { reason: &'static str },
    /// It was not understood.
    NotUnderstood { reason: &'static str },
}

/// What became of a message.
pub(super) struct MessageFate<'m> {
    id: &'m str,
    parts: Vec<Fate>,
}

impl<'m> MessageFate<'m> {
    pub(super) fn new(id: &'m str) -> Self {
        Self { id, parts: Vec::new() }
    }

    pub(super) fn push(&mut self, fate: Fate) {
        self.parts.push(fate);
    }

    /// Why the message cannot be acknowledged, if so. A part that may yet succeed counts before one that cannot.
    fn given_back(&self) -> Option<Fate> {
        let returned = self.parts.iter().find(|fate| matches!(fate, Fate::Returned { .. }));
        let refused = || self.parts.iter().find(|fate| matches!(fate, Fate::NotUnderstood { .. }));
        returned.or_else(refused).copied()
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().map(|fate| match *fate {
            Fate::Done { outcome } => outcome,
            Fate::Settled { reason, .. } | Fate::Returned { reason } | Fate::NotUnderstood { reason } => reason,
        })
    }
}

/// The invocation failed as a whole; the caller keeps all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvocationError {
    /// The payload is not one that wakes a function.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A direct delivery did not succeed. Lambda retries an asynchronous one.
    #[error("the object was not processed ({reason}); the log lines of this request say more")]
    Direct {
        /// The reason's stable name.
        reason: &'static str,
    },
    /// The answer could not be put together.
    #[error("the answer could not be written")]
    Answer(#[source] serde_json::Error),
}

impl InvocationError {
    /// A stable name for Lambda's `errorType`.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Batch(_) => "payload_not_understood",
            Self::Direct { reason } => reason,
            Self::Answer(_) => "answer_not_written",
        }
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SqsAnswer<'a> {
    batch_item_failures: Vec<ItemFailure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure<'a> {
    item_identifier: &'a str,
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-s3-batch.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchOperationsAnswer<'a> {
    invocation_schema_version: &'a str,
    treat_missing_keys_as: &'static str,
    invocation_id: &'a str,
    results: Vec<TaskResult<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskResult<'a> {
    task_id: &'a str,
    result_code: &'static str,
    result_string: String,
}

#[derive(Serialize)]
struct DirectAnswer {
    outcomes: Vec<&'static str>,
}

pub(super) fn render(delivery: &Delivery, fates: &[MessageFate<'_>]) -> Result<Value, InvocationError> {
    let answer = match delivery {
        Delivery::Sqs => {
            let failed = fates.iter().filter(|fate| fate.given_back().is_some());
            let batch_item_failures = failed.map(|fate| ItemFailure { item_identifier: fate.id }).collect();
            serde_json::to_value(SqsAnswer { batch_item_failures })
        }
        Delivery::BatchOperations { schema_version, invocation_id } => serde_json::to_value(BatchOperationsAnswer {
            invocation_schema_version: schema_version,
            treat_missing_keys_as: "TemporaryFailure",
            invocation_id,
            results: fates.iter().map(task_result).collect(),
        }),
        Delivery::Direct => match fates.iter().find_map(MessageFate::given_back) {
            Some(Fate::Returned { reason } | Fate::NotUnderstood { reason }) => {
                return Err(InvocationError::Direct { reason });
            }
            _ => serde_json::to_value(DirectAnswer { outcomes: fates.iter().flat_map(MessageFate::words).collect() }),
        },
    };
    answer.map_err(InvocationError::Answer)
}

fn task_result<'a>(fate: &MessageFate<'a>) -> TaskResult<'a> {
    let settled = fate.parts.iter().any(|part| matches!(part, Fate::Settled { .. }));
    let result_code = match fate.given_back() {
        Some(Fate::Returned { .. }) => "TemporaryFailure",
        Some(_) => "PermanentFailure",
        None if settled => "PermanentFailure",
        None => "Succeeded",
    };
    TaskResult { task_id: fate.id, result_code, result_string: fate.words().collect::<Vec<_>>().join(", ") }
}
