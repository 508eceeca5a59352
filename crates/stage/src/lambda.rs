//! From the Lambda Runtime API to a runner and back.

use jiff::SignedDuration;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use sluice_common::port::{Clock as _, Deadline, SystemClock};
use sluice_common::runner::{Invocation, InvocationError, Runner, Stage};

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
