use sluice_common::port::{CatalogError, StoreError};
use sluice_common::{Dispose, Disposition};
use sluice_dqdl::Diagnostics;
use sluice_evidence::{EvidenceError, StatementError};
use sluice_quality::CheckError;
use sluice_stage::PolicySourceError;
use sluice_stage::context::TrustAnchorError;
use sluice_tabular::{ErrorKind, TabularError};

/// Why a sealed version was not judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The seal is not to be believed, or the verdict could not be kept.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The signing key cannot be used.
    #[error(transparent)]
    TrustAnchor(#[from] TrustAnchorError),
    /// The policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicySourceError),
    /// The seal is about an object of another bucket.
    #[error("the seal is about an object of another bucket than the raw one")]
    ForeignBucket,
    /// The object could not be read.
    #[error("raw bucket: {0}")]
    Store(#[from] StoreError),
    /// The bytes are not those that were sealed.
    #[error(
        "the bytes of the version are not the ones that were sealed: someone changed them, or the seal is of others"
    )]
    DigestChanged,
    /// The ruleset's object could not be read.
    #[error("the ruleset cannot be read: {0}; check `quality.ruleset` in the pipeline policy")]
    RulesetUnreadable(#[source] StoreError),
    /// The ruleset's object is not UTF-8.
    #[error("the ruleset is not UTF-8 text")]
    RulesetNotText,
    /// The ruleset has errors.
    #[error("the ruleset has errors; correct it, then redrive the dead-letter queue:\n{0}")]
    Ruleset(#[from] Diagnostics),
    /// Glue did not give the ruleset.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The table is malformed, too large or could not be read.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl From<StatementError> for JudgeError {
    fn from(error: StatementError) -> Self {
        Self::Evidence(error.into())
    }
}

impl From<TabularError> for JudgeError {
    fn from(error: TabularError) -> Self {
        Self::Check(error.into())
    }
}

impl Dispose for JudgeError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Evidence(error) => error.disposition(),
            Self::TrustAnchor(error) => error.disposition(),
            Self::Policy(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            Self::ForeignBucket | Self::DigestChanged => Disposition::Alarm,
            Self::RulesetUnreadable(_) | Self::RulesetNotText | Self::Ruleset(_) => Disposition::Retry,
            Self::Catalog(error) => error.disposition(),
            Self::Check(CheckError::Table(error)) if error.kind() == ErrorKind::Io => Disposition::Retry,
            Self::Check(CheckError::Quality(error)) if error.is_transient() => Disposition::Retry,
            Self::Check(_) => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Evidence(error) => error.reason(),
            Self::TrustAnchor(error) => error.reason(),
            Self::Policy(error) => error.reason(),
            Self::ForeignBucket => "foreign_bucket",
            Self::Store(error) => error.reason(),
            Self::DigestChanged => "digest_changed",
            Self::RulesetUnreadable(_) => "ruleset_unreadable",
            Self::RulesetNotText | Self::Ruleset(_) => "ruleset_refused",
            Self::Catalog(error) => error.reason(),
            Self::Check(CheckError::Table(error)) => match error.kind() {
                ErrorKind::Malformed => "table_malformed",
                ErrorKind::Limit => "table_limit",
                ErrorKind::Io => "table_unreadable",
                ErrorKind::Usage => "table_unfit",
            },
            Self::Check(CheckError::Quality(error)) if error.is_transient() => "temporary_storage",
            Self::Check(CheckError::Quality(_)) => "evaluation_failed",
        }
    }
}
