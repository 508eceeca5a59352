use sluice_common::port::{CatalogError, StoreError};
use sluice_common::{Dispose, Disposition};
use sluice_dqdl::Diagnostics;
use sluice_quality::CheckError;
use sluice_stage::FrameError;
use sluice_tabular::{ErrorKind, TabularError};

/// Why a sealed version was not judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// What can go wrong around any stage's work.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The object could not be read.
    #[error("raw bucket: {0}")]
    Store(#[from] StoreError),
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

impl From<TabularError> for JudgeError {
    fn from(error: TabularError) -> Self {
        Self::Check(error.into())
    }
}

impl Dispose for JudgeError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Frame(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            Self::RulesetUnreadable(_) | Self::RulesetNotText | Self::Ruleset(_) => Disposition::Retry,
            Self::Catalog(error) => error.disposition(),
            Self::Check(CheckError::Table(error)) if error.kind() == ErrorKind::Io => Disposition::Retry,
            Self::Check(CheckError::Quality(error)) if error.is_transient() => Disposition::Retry,
            Self::Check(_) => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Store(error) => error.reason(),
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
