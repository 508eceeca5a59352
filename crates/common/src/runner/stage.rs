use async_trait::async_trait;

use crate::disposition::{Dispose, Disposition};
use crate::event::{Item, UnversionedItem};
use crate::object::{ObjectPath, ObjectVersion};
use crate::port::Deadline;

/// The work of a function on one object version. It may be called twice, late and out of order for the same version.
#[async_trait]
pub trait Stage: Send + Sync {
    /// What can go wrong.
    type Error: Dispose + Send + Sync + 'static;

    /// Does the work, up to and including its statement.
    async fn handle(&self, item: &Item, deadline: Deadline) -> Result<Done, Self::Error>;

    /// Names the version of an object whose event does not name one.
    ///
    /// The default knows none, and the message is given back as not understood: "the current version" can be another one
    /// than the event was about. Only a stage whose keys are write-once can do better, by looking at the key's history.
    /// An error that no retry can cure is handed to [`Self::settle_unversioned`].
    async fn resolve(&self, path: &ObjectPath) -> Result<Option<ObjectVersion>, Self::Error> {
        let _ = path;
        Ok(None)
    }

    /// Writes the signed `quarantine` or `finding` statement about a failure that no retry can cure. Only called with
    /// [`Disposition::Quarantine`] and [`Disposition::Alarm`]. Whatever error it returns, the message is given back.
    async fn settle(&self, item: &Item, error: &Self::Error, disposition: Disposition) -> Result<(), Self::Error>;

    /// Writes the signed `finding` about an event whose version [`Self::resolve`] could not find out and never will. Whether
    /// one was written: the default writes none, and the message is given back.
    async fn settle_unversioned(&self, item: &UnversionedItem, error: &Self::Error) -> Result<bool, Self::Error> {
        let _ = (item, error);
        Ok(false)
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// A stable word such as `sealed`, `already_sealed`, `withheld`. It goes to logs and answers.
    pub outcome: &'static str,
    /// Bytes read.
    pub bytes: u64,
    /// Rows read.
    pub rows: u64,
}

impl Done {
    /// Done without reading a table.
    pub fn new(outcome: &'static str, bytes: u64) -> Self {
        Self { outcome, bytes, rows: 0 }
    }

    /// The same with rows.
    #[must_use]
    pub fn with_rows(mut self, rows: u64) -> Self {
        self.rows = rows;
        self
    }
}
