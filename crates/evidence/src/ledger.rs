//! Recording statements, each once. The same statement again is no error; another one under its key is an alarm.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sluice_common::ObjectPath;
use sluice_common::port::{ObjectWriter, Signer, StoreError, UserMetadata};

use crate::archive::{Archive, EvidenceError, Kept, StatementKeyText};
use crate::sign::sign;
use crate::statement::{Predicate, Statement};

/// Metadata of a statement's object: the id of the request that signed it, as CloudTrail records it too. It is no part of
/// what is signed: the same statement signed again is the same statement.
pub const SIGN_REQUEST_METADATA: &str = "sluice-sign-request";

/// The evidence bucket, for writing and reading.
#[derive(Clone)]
pub struct Ledger {
    archive: Archive,
    writer: Arc<dyn ObjectWriter>,
    signer: Arc<dyn Signer>,
}

/// A statement is kept now. Either way it is the caller's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded<P> {
    /// It was written.
    New(Kept<P>),
    /// It was there already: a redelivery, or an earlier attempt whose answer was lost.
    AlreadyThere(Kept<P>),
}

impl<P> Recorded<P> {
    /// The statement as it is kept.
    pub fn into_kept(self) -> Kept<P> {
        match self {
            Self::New(kept) | Self::AlreadyThere(kept) => kept,
        }
    }

    /// The statement as it is kept.
    pub const fn kept(&self) -> &Kept<P> {
        match self {
            Self::New(kept) | Self::AlreadyThere(kept) => kept,
        }
    }

    /// Whether it was written by this call.
    pub const fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("archive", &self.archive).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Records into the archive's bucket.
    pub fn new(archive: Archive, writer: Arc<dyn ObjectWriter>, signer: Arc<dyn Signer>) -> Self {
        Self { archive, writer, signer }
    }

    /// The same bucket, for reading.
    pub const fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Signs a statement and keeps it. `metadata` holds the facts of the delivery (times, sequencers, who), which are
    /// not signed; redeliveries keep the first one's.
    ///
    /// # Errors
    /// [`EvidenceError::Contradiction`] when another payload is kept under the same key, [`EvidenceError::Rewritten`]
    /// when the key was tampered with, and whatever signing, writing or reading gives. After any error that is to be
    /// retried, calling again is safe, whether or not the statement was written.
    pub async fn record<P: Predicate>(
        &self,
        statement: &Statement<P>,
        metadata: &UserMetadata,
    ) -> Result<Recorded<P>, EvidenceError> {
        self.record_unless(statement, metadata, |_other| false).await
    }

    /// Like [`Self::record`], for a statement that is probably kept already, such as a finding of yesterday that nobody mended:
    /// it is looked for first. A look costs a fortieth of a signature, and every signature must have its statement.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub async fn record_once_more<P: Predicate>(
        &self,
        statement: &Statement<P>,
        metadata: &UserMetadata,
    ) -> Result<Recorded<P>, EvidenceError> {
        match self.archive.peek::<P>(&statement.key()?).await {
            Ok(Some(stored)) => stands(stored, &statement.payload()?, |_other| false),
            // What somebody hid is written again.
            Ok(None) | Err(EvidenceError::Rewritten { .. }) => self.record(statement, metadata).await,
            Err(error) => Err(error),
        }
    }

    /// Like [`Self::record`], for a statement that holds a fact which may rightly differ between attempts: a stored one
    /// with another payload stands when `equivalent` accepts it.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub async fn record_unless<P: Predicate>(
        &self,
        statement: &Statement<P>,
        metadata: &UserMetadata,
        equivalent: impl Fn(&Statement<P>) -> bool + Send,
    ) -> Result<Recorded<P>, EvidenceError> {
        let key = statement.key()?;
        let path = ObjectPath { bucket: self.archive.bucket().clone(), key: key.object_key() };
        let signed = sign(statement, self.signer.as_ref(), self.archive.keys()).await?;
        let mut metadata = metadata.clone();
        metadata.extend(signed.request_id.map(|id| (SIGN_REQUEST_METADATA.to_owned(), id)));
        match self.writer.put_new(&path, Bytes::from(signed.envelope_json), &metadata).await {
            Ok(version_id) => Ok(Recorded::New(Kept::new(path.version(version_id), signed.verified))),
            Err(StoreError::Exists { operation }) => {
                // Taken a moment ago and gone now: only a race or an intruder does that. The next attempt will tell.
                let stored = self.archive.find::<P>(&key).await?.ok_or(StoreError::Conflict { operation })?;
                stands(stored, signed.verified.payload(), equivalent)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A statement that is kept under the key of a new one stands, if it says the same or what is as good.
fn stands<P: Predicate>(
    stored: Kept<P>,
    payload: &[u8],
    equivalent: impl Fn(&Statement<P>) -> bool,
) -> Result<Recorded<P>, EvidenceError> {
    if stored.payload() == payload || equivalent(stored.statement()) {
        Ok(Recorded::AlreadyThere(stored))
    } else {
        Err(EvidenceError::Contradiction { key: StatementKeyText(stored.key().to_string()) })
    }
}
