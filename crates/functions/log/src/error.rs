use sluice_common::event::BatchError;
use sluice_common::port::KeyError;
use sluice_common::{Dispose, Disposition};
use sluice_evidence::EvidenceError;
use sluice_evidence::verify::TrustError;
use sluice_log::LogError;

/// Why a statement is not in the log yet. Its message goes back to the queue, and at last to the dead-letter queue, whose
/// alarm brings a person. The findings that the log itself makes wait there with it, until the log is mended.
#[derive(Debug, thiserror::Error)]
pub enum LogFunctionError {
    /// The payload is not one that wakes a function.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// What the event names is no genuine statement.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A public key could not be fetched.
    #[error("a public key cannot be fetched: {0}")]
    Key(#[from] KeyError),
    /// The statement keys are not usable.
    #[error("the statement keys are not usable: {0}")]
    Trust(#[from] TrustError),
    /// The event names no object version.
    #[error("the event names no object version")]
    NotUnderstood,
    /// The log could not be appended to.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The invocation is about to end.
    #[error("the invocation's time is over")]
    OutOfTime,
}

impl Dispose for LogFunctionError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Evidence(error) => error.disposition(),
            Self::Log(error) => error.disposition(),
            Self::Batch(_) | Self::Key(_) | Self::Trust(_) | Self::NotUnderstood | Self::OutOfTime => {
                Disposition::Retry
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Batch(_) => "payload_not_understood",
            Self::Evidence(error) => error.reason(),
            Self::Key(error) => error.reason(),
            Self::Trust(error) => error.reason(),
            Self::NotUnderstood => "event_not_understood",
            Self::Log(error) => error.reason(),
            Self::OutOfTime => "out_of_time",
        }
    }
}
