use sluice_common::{Dispose, Disposition};
use sluice_integrity::seal::SealError;
use sluice_stage::PolicySourceError;
use sluice_stage::context::TrustAnchorError;

/// Why a version was not sealed, or why that could not be said.
#[derive(Debug, thiserror::Error)]
pub enum SealFunctionError {
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The event names another bucket than the raw one.
    #[error("the event names another bucket than the one this function seals: correct the notification")]
    ForeignBucket,
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
}

impl Dispose for SealFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Seal(error) => error.disposition(),
            Self::ForeignBucket => Disposition::Alarm,
            Self::Policy(error) => error.disposition(),
            Self::TrustAnchor(error) => error.disposition(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Seal(error) => error.reason(),
            Self::ForeignBucket => "foreign_bucket",
            Self::Policy(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
        }
    }
}
