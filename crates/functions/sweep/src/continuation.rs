//! The next part of a sweep: an account arrived that names one.

use async_trait::async_trait;
use serde_json::Value;
use sluice_common::event::{Item, UnversionedItem};
use sluice_common::port::Deadline;
use sluice_common::runner::{Done, Stage};
use sluice_common::{Disposition, ObjectPath, ObjectVersion};
use sluice_evidence::predicate::Sweep;
use sluice_integrity::sweep::{SweepRequest, subject};
use sluice_stage::failure::{settle, settle_unresolved};
use sluice_stage::{About, Failure, StageError, arrival};

use crate::{SweepFunction, SweepFunctionError};

/// The function as the stage after its own statements.
#[derive(Debug)]
pub struct Continuation(pub SweepFunction);

/// Whether a payload is a delivery of events, or names an object as a person would. Everything else asks for a sweep.
pub(crate) fn is_one(payload: &Value) -> bool {
    ["Records", "detail", "tasks", "versionId"].iter().any(|field| payload.get(field).is_some())
}

impl Continuation {
    async fn go_on(
        &self,
        at: &ObjectVersion,
        about: &mut About,
        deadline: Deadline,
    ) -> Result<Done, SweepFunctionError> {
        let function = &self.0;
        let account = arrival::load::<Sweep>(function.context.ledger().await?, at).await?;
        about.predecessor = Some(account.link());
        let is_ours = account.key().subject == subject(&function.desired.raw.bucket);
        if !is_ours {
            return Err(SweepFunctionError::ForeignBucket);
        }
        let Some(request) = SweepRequest::after(&account) else {
            return Ok(Done::new("ended", 0));
        };
        if function.past().await?.is_followed(&account).await? {
            return Ok(Done::new("went_on_already", 0));
        }
        function.run(&SweepRequest { deadline: Some(deadline), ..request }).await?;
        Ok(Done::new("went_on", 0))
    }
}

#[async_trait]
impl Stage for Continuation {
    type Error = StageError<SweepFunctionError>;

    async fn handle(&self, item: &Item, deadline: Deadline) -> Result<Done, Self::Error> {
        let mut about = About::named_by_event(&item.object);
        match self.go_on(&item.object, &mut about, deadline).await {
            Ok(done) => Ok(done),
            Err(error) => Err(Failure::new(about, error).into()),
        }
    }

    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Self::Error> {
        arrival::resolve(&self.0.context, path).await
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(&self.0.context, error).await
    }

    async fn settle_unversioned(&self, _item: &UnversionedItem, error: &Self::Error) -> Result<bool, Self::Error> {
        settle_unresolved(&self.0.context, error).await
    }
}
