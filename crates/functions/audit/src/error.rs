use sluice_audit::access::LogError;
use sluice_audit::trail::{PublicKeyError, SourceError};
use sluice_common::port::{StoreError, TrailKeyError};
use sluice_common::{Dispose, Disposition};
use sluice_evidence::EvidenceError;
use sluice_stage::context::TrustAnchorError;

/// Why a file or a trail was not audited.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The event names another bucket than the trail's.
    #[error("the event names another bucket than the one CloudTrail delivers to: correct the notification")]
    ForeignBucket,
    /// The file could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The trail could not be listed.
    #[error("the trail cannot be listed: {0}")]
    Source(#[from] SourceError),
    /// Some of it could not be read or checked: nothing is known to be wrong.
    #[error("{count} files of the trail could not be read or checked; the next attempt may tell")]
    Unknown {
        /// How many.
        count: u64,
    },
    /// A log file is not one.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The public keys could not be fetched.
    #[error(transparent)]
    Keys(#[from] TrailKeyError),
    /// They are not keys.
    #[error("CloudTrail's public keys are not usable: {0}")]
    UnusableKeys(#[from] PublicKeyError),
    /// The log of statements could not be read.
    #[error(transparent)]
    Statements(#[from] sluice_log::LogError),
    /// A part of the log of statements is not there.
    #[error("a part of the log is missing or broken: verify the log before signatures can be matched with its leaves")]
    LogIncomplete,
    /// A statement could not be kept.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The payload asks for nothing that can be done.
    #[error("not an audit's request: expected {{\"mode\": \"tail\", \"asOf\": TIME}} and nothing else")]
    NotARequest,
}

impl Dispose for AuditError {
    fn disposition(&self) -> Disposition {
        match self {
            // CloudTrail does not write such files: somebody did.
            Self::ForeignBucket | Self::Log(_) | Self::LogIncomplete => Disposition::Alarm,
            Self::Store(error) => error.disposition(),
            Self::Evidence(error) => error.disposition(),
            Self::Statements(error) => error.disposition(),
            Self::Source(_)
            | Self::Unknown { .. }
            | Self::Keys(_)
            | Self::UnusableKeys(_)
            | Self::TrustAnchor(_)
            | Self::NotARequest => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::ForeignBucket => "foreign_bucket",
            Self::Store(error) => error.reason(),
            Self::Source(_) => "trail_unlistable",
            Self::Unknown { .. } => "trail_unknown",
            Self::Log(_) => "log_unreadable",
            Self::Keys(_) => "trail_keys_unavailable",
            Self::UnusableKeys(_) => "trail_keys_unusable",
            Self::Statements(error) => error.reason(),
            Self::LogIncomplete => "log_incomplete",
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
            Self::NotARequest => "not_a_request",
        }
    }
}
