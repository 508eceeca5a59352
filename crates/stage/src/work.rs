//! Work that a statement's arrival wakes: what fails becomes a statement too.

use async_trait::async_trait;
use sluice_common::event::{Item, UnversionedItem};
use sluice_common::port::Deadline;
use sluice_common::runner::{Done, Stage};
use sluice_common::{Dispose, Disposition, ObjectPath, ObjectVersion};

use crate::arrival;
use crate::context::Context;
use crate::failure::{About, Failure, StageError, settle, settle_unresolved};

/// The work of a stage that statements wake.
#[async_trait]
pub trait Work: Send + Sync {
    /// What can go wrong.
    type Error: Dispose + Send + Sync + 'static;

    /// Where its statements are kept.
    fn context(&self) -> &Context;

    /// Does the work that a statement's arrival asks for. `about` is filled in on the way, so that a failure can say what
    /// is known.
    async fn work(&self, at: &ObjectVersion, about: &mut About, deadline: Deadline) -> Result<Done, Self::Error>;
}

/// Such work as a runner's stage.
#[derive(Debug)]
pub struct OnStatement<W>(pub W);

#[async_trait]
impl<W: Work> Stage for OnStatement<W> {
    type Error = StageError<W::Error>;

    async fn handle(&self, item: &Item, deadline: Deadline) -> Result<Done, Self::Error> {
        let mut about = About::named_by_event(&item.object);
        match self.0.work(&item.object, &mut about, deadline).await {
            Ok(done) => Ok(done),
            Err(error) => Err(Failure::new(about, error).into()),
        }
    }

    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Self::Error> {
        arrival::resolve(self.0.context(), path).await
    }

    async fn settle(&self, _item: &Item, error: &Self::Error, _disposition: Disposition) -> Result<(), Self::Error> {
        settle(self.0.context(), error).await
    }

    async fn settle_unversioned(&self, _item: &UnversionedItem, error: &Self::Error) -> Result<bool, Self::Error> {
        settle_unresolved(self.0.context(), error).await
    }
}
