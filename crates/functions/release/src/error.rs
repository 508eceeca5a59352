use sluice_common::port::StoreError;
use sluice_common::{Dispose, Disposition};
use sluice_evidence::canonical::CanonicalError;
use sluice_evidence::{EvidenceError, StatementError};
use sluice_release::{BudgetError, ReleaseError};
use sluice_stage::PolicySourceError;
use sluice_stage::context::TrustAnchorError;

/// Why a request was neither answered nor refused. The invocation fails; asking again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseFunctionError {
    /// The request has no digest by which a statement could name it.
    #[error("the request cannot be named by a digest, so nothing was decided: {0}")]
    Unnameable(#[from] CanonicalError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    /// A published object could not be read.
    #[error("curated bucket: {0}")]
    Store(#[from] StoreError),
    /// A published object's bytes are not the ones that were signed. The request was refused in a statement first.
    #[error("a published object's bytes are not the ones that were signed: someone changed them")]
    DigestChanged,
    /// A table could not be read for a reason that is not its own, or no noise could be drawn.
    #[error(transparent)]
    Release(ReleaseError),
    /// The account of the budget could not be read or written.
    #[error(transparent)]
    Budget(BudgetError),
    /// The entry under which the cost was booked is gone.
    #[error("the entry of the budget that was just written cannot be found: someone rewrites evidence")]
    EntryGone,
    /// The answer could not be written as JSON.
    #[error("the answer cannot be written as JSON")]
    Encoding(#[from] serde_json::Error),
    /// The statement could not be kept, so nothing is answered.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
}

impl From<StatementError> for ReleaseFunctionError {
    fn from(error: StatementError) -> Self {
        Self::Evidence(error.into())
    }
}

impl Dispose for ReleaseFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Unnameable(_) => Disposition::Quarantine,
            Self::Policy(error) => error.disposition(),
            Self::Store(_) | Self::Release(_) | Self::Encoding(_) => Disposition::Retry,
            Self::DigestChanged | Self::EntryGone => Disposition::Alarm,
            Self::Budget(error) => error.disposition(),
            Self::Evidence(error) => error.disposition(),
            Self::TrustAnchor(error) => error.disposition(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unnameable(_) => "request_unnameable",
            Self::Policy(error) => error.reason(),
            Self::Store(error) => error.reason(),
            Self::DigestChanged => "digest_changed",
            Self::Release(error) => error.reason(),
            Self::Budget(error) => error.reason(),
            Self::EntryGone => "budget_entry_gone",
            Self::Encoding(_) => "answer_not_written",
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
        }
    }
}
