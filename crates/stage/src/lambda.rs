//! From the Lambda Runtime API to a runner and back.

use std::fmt::Display;

use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use sluice_common::Dispose;
use sluice_common::port::{Clock as _, Deadline, SystemClock};
use sluice_common::runner::{Invocation, InvocationError, Runner, Stage};
use tracing::Instrument as _;

/// "Configure Lambda function timeout", AWS Lambda Developer Guide.
const LONGEST_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve<S: Stage>(runner: Runner<S>) -> Result<(), Error> {
    let runner = &runner;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move { invoke(runner, &event).await })).await
}

/// Serves one invocation.
///
/// # Errors
/// With what Lambda is to be told when the caller must keep all of it.
pub async fn invoke<S: Stage>(runner: &Runner<S>, event: &LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let invocation = Invocation { request_id: &event.context.request_id, deadline: deadline(event) };
    runner.serve(&event.payload, invocation).await.map_err(|error| diagnostic(&error))
}

/// Answers one invocation that is not a batch of messages: a request, a schedule.
///
/// # Errors
/// With the failure's reason as the `errorType`, after it was logged.
pub async fn answer<T: Serialize, E: Dispose + Display>(
    function: &'static str,
    request_id: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<Value, Diagnostic> {
    let told = |error_type: &str, message: String| Diagnostic { error_type: error_type.into(), error_message: message };
    let answer = async {
        let answer = work.await.map_err(|error| {
            let reason = error.reason();
            tracing::error!(reason, %error, "invocation failed");
            told(reason, error.to_string())
        })?;
        serde_json::to_value(answer).map_err(|error| told("answer_not_written", error.to_string()))
    };
    answer.instrument(tracing::info_span!("invocation", function, request_id)).await
}

/// When the invocation must have answered.
///
/// `cargo lambda watch` names an instant in 1970. Lambda never sends an invocation whose time is over, so such an instant
/// is taken as none, and Lambda's longest time-out stands.
pub fn deadline<T>(event: &LambdaEvent<T>) -> Deadline {
    let now = SystemClock.now();
    let deadline = Deadline::from_epoch_ms(event.context.deadline);
    if deadline.left(now).is_zero() {
        return Deadline::at(now.checked_add(LONGEST_TIMEOUT).unwrap_or(now));
    }
    deadline
}

/// A stable `errorType` for whoever reads Lambda's answer.
fn diagnostic(error: &InvocationError) -> Diagnostic {
    Diagnostic { error_type: error.error_type().to_owned(), error_message: error.to_string() }
}
