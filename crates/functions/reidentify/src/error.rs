use sluice_common::port::StoreError;
use sluice_common::{Dispose, Disposition};
use sluice_evidence::canonical::CanonicalError;
use sluice_evidence::{EvidenceError, StatementError};
use sluice_privacy::keyring::KeyringError;
use sluice_stage::context::TrustAnchorError;

/// Why a request was neither granted nor denied. The invocation fails; asking again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ReidentifyFunctionError {
    /// The request has no digest by which a statement could name it.
    #[error("the request cannot be named by a digest, so nothing was decided: {0}")]
    Unnameable(#[from] CanonicalError),
    /// A domain key could not be had. When someone meddled with it, the request was denied in a statement first.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The answer could not be written to the vault.
    #[error("the vault's results: {0}")]
    Result(#[from] StoreError),
    /// Another answer lies where this one belongs.
    #[error("the vault holds another answer under the key of this one: someone else wrote there")]
    ResultConflict,
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

impl From<StatementError> for ReidentifyFunctionError {
    fn from(error: StatementError) -> Self {
        Self::Evidence(error.into())
    }
}

impl Dispose for ReidentifyFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Unnameable(_) => Disposition::Quarantine,
            Self::Key(error) => error.disposition(),
            // An answer that was just there and cannot be read is no verdict about the request.
            Self::Result(_) | Self::Encoding(_) => Disposition::Retry,
            Self::ResultConflict => Disposition::Alarm,
            Self::Evidence(error) => error.disposition(),
            Self::TrustAnchor(error) => error.disposition(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unnameable(_) => "request_unnameable",
            Self::Key(error) => error.reason(),
            Self::Result(error) => error.reason(),
            Self::ResultConflict => "result_conflict",
            Self::Encoding(_) => "answer_not_written",
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
        }
    }
}
