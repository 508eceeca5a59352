//! The statement whose arrival woke a stage.

use sluice_common::{Dispose, ObjectPath, ObjectVersion};
use sluice_evidence::{EvidenceError, Kept, Ledger, Predicate};

use crate::context::Context;
use crate::failure::{SettleError, StageError};

/// Loads the statement that an event names, and makes sure that its key was written once. A genuine statement that somebody
/// wrote again verifies as well as the first time: only the key's history tells that its event is not ours.
///
/// # Errors
/// When the statement is not to be believed, its key was written more than once, or the evidence bucket cannot be read.
pub async fn load<P: Predicate>(ledger: &Ledger, at: &ObjectVersion) -> Result<Kept<P>, EvidenceError> {
    let archive = ledger.archive();
    let kept = archive.load::<P>(at).await?;
    archive.resolve(&at.path()).await?;
    Ok(kept)
}

/// The version of a statement that an event names by its path alone.
///
/// # Errors
/// When the path is no statement's, its key was written more than once, or the evidence bucket cannot be read.
pub async fn resolve<E: Dispose + 'static>(
    context: &Context,
    path: &ObjectPath,
) -> Result<Option<ObjectVersion>, StageError<E>> {
    let ledger = context.ledger().await.map_err(SettleError::from)?;
    let unresolved = |source| StageError::Unresolved { path: path.clone(), source };
    ledger.archive().resolve(path).await.map_err(unresolved)
}
