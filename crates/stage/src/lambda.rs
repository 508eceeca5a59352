//! From the Lambda Runtime API to a runner and back.

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use sluice_common::port::Deadline;
use sluice_common::runner::{Invocation, InvocationError, Runner, Stage};

/// Serves invocations until the sandbox ends.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve<S: Stage>(runner: Runner<S>) -> Result<(), Error> {
    let runner = &runner;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let invocation = Invocation { request_id: &event.context.request_id, deadline: deadline(&event) };
        runner.serve(&event.payload, invocation).await.map_err(|error| diagnostic(&error))
    }))
    .await
}

/// When the invocation must have answered.
pub fn deadline<T>(event: &LambdaEvent<T>) -> Deadline {
    let milliseconds = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
    Deadline::at(Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX))
}

/// A stable `errorType` for whoever reads Lambda's answer.
fn diagnostic(error: &InvocationError) -> Diagnostic {
    Diagnostic { error_type: error.error_type().to_owned(), error_message: error.to_string() }
}
