use sluice_common::{Dispose, Disposition};
use sluice_integrity::seal::SealError;
use sluice_stage::FrameError;

/// Why a version was not sealed, or why that could not be said.
#[derive(Debug, thiserror::Error)]
pub enum SealFunctionError {
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What can go wrong around any stage's work.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It would outlast this invocation, and not one of its own.
    #[error("the object needs more time than this invocation has left: it comes again, alone or earlier in its batch")]
    NoTimeLeft,
}

impl Dispose for SealFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Seal(error) => error.disposition(),
            Self::Frame(error) => error.disposition(),
            Self::NoTimeLeft => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Seal(error) => error.reason(),
            Self::Frame(error) => error.reason(),
            Self::NoTimeLeft => "no_time_left",
        }
    }
}
