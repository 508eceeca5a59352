//! The next part of a sweep: an account arrived that names one.

use async_trait::async_trait;
use serde_json::Value;
use sluice_common::ObjectVersion;
use sluice_common::port::Deadline;
use sluice_common::runner::Done;
use sluice_evidence::predicate::Sweep;
use sluice_integrity::sweep::{SweepRequest, subject};
use sluice_stage::{About, Context, Work, arrival};

use crate::{SweepFunction, SweepFunctionError};

/// The function as the stage after its own statements.
#[derive(Debug)]
pub struct Continuation(pub SweepFunction);

/// Whether a payload is a delivery of events, or names an object as a person would. Everything else asks for a sweep.
pub(crate) fn is_one(payload: &Value) -> bool {
    ["Records", "detail", "tasks", "versionId"].iter().any(|field| payload.get(field).is_some())
}

#[async_trait]
impl Work for Continuation {
    type Error = SweepFunctionError;

    fn context(&self) -> &Context {
        &self.0.context
    }

    async fn work(
        &self,
        at: &ObjectVersion,
        about: &mut About,
        deadline: Deadline,
    ) -> Result<Done, SweepFunctionError> {
        let function = &self.0;
        let account = arrival::load::<Sweep>(function.context.ledger().await?, at).await?;
        about.predecessor = Some(account.link());
        if account.key().subject != subject(&function.desired.raw.bucket) {
            return Err(SweepFunctionError::ForeignBucket);
        }
        let Some(request) = SweepRequest::after(&account) else {
            return Ok(Done::new("ended", 0));
        };
        if function.past().await?.is_followed(&account).await? {
            return Ok(Done::new("went_on_already", 0));
        }
        function.run(&SweepRequest { deadline: Some(deadline), ..request }, None).await?;
        Ok(Done::new("went_on", 0))
    }
}
