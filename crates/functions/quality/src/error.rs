use sluice_common::port::{CatalogError, QueueError, StoreError, TableName};
use sluice_common::{Dispose, Disposition};
use sluice_dqdl::Diagnostics;
use sluice_evidence::EvidenceError;
use sluice_profile::ProfileError;
use sluice_quality::{CheckError, PartError, StateError};
use sluice_stage::FrameError;
use sluice_stage::table_objects::TableObjectsError;
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
    /// The function that has an SQL engine could not be told.
    #[error("the sql queue cannot be written: {0}")]
    HandOn(#[from] QueueError),
    /// The object does not fit into the function's time: a run of Glue judges it, and has not ended yet.
    #[error("a run of AWS Glue Data Quality judges the object; its result is fetched when the message comes again")]
    HandedOver,
    /// The stored list of what this run's verdict rests on is not what was stored, or names what is not.
    #[error("the stored list of a verdict's inputs, or a record that it names, is damaged: see who wrote it")]
    InputsDamaged,
    /// A reference dataset could not be read.
    #[error(
        "the reference dataset `{alias}` cannot be read: {source}; check `quality.references` in the pipeline policy"
    )]
    ReferenceUnreadable {
        /// Its alias.
        alias: String,
        /// What the store said.
        source: StoreError,
    },
    /// A reference dataset is not the table that the policy says.
    #[error("the reference dataset `{alias}` is unfit: {source}; correct it, then redrive the dead-letter queue")]
    ReferenceUnfit {
        /// Its alias.
        alias: String,
        /// What is wrong with it.
        source: TabularError,
    },
    /// A reference dataset is a table of the Glue Data Catalog that cannot be looked up.
    #[error(
        "the reference dataset `{alias}`, table {table} of the Glue Data Catalog, cannot be looked up: {problem}; then \
         redrive the dead-letter queue"
    )]
    ReferenceTable {
        /// Its alias.
        alias: String,
        /// `database.table`.
        table: String,
        /// What is wrong with it.
        #[source]
        problem: TableProblem,
    },
    /// Other bytes lie where this run keeps the failing rows.
    #[error("other rows lie in the raw bucket's quarantine under the key that this run gives: someone writes there")]
    QuarantineConflict,
    /// The table cannot be profiled.
    #[error(transparent)]
    Profile(ProfileError),
    /// What was measured cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// The table is malformed, too large or could not be read.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// Why a table of the Glue Data Catalog cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub enum TableProblem {
    /// The catalog does not say where it is and how it is written.
    #[error(transparent)]
    Catalog(CatalogError),
    /// Its objects cannot be told.
    #[error(transparent)]
    Objects(TableObjectsError),
    /// Its objects do not fit together.
    #[error(transparent)]
    Columns(PartError),
}

impl TableProblem {
    fn reason(&self) -> &'static str {
        match self {
            Self::Catalog(error) => error.reason(),
            Self::Objects(TableObjectsError::Store(_)) => "reference_unreadable",
            Self::Objects(_) | Self::Columns(_) => "reference_unfit",
        }
    }
}

impl JudgeError {
    pub(crate) fn table(alias: &str, table: &TableName, problem: TableProblem) -> Self {
        Self::ReferenceTable { alias: alias.to_owned(), table: table.to_string(), problem }
    }
}

impl From<TabularError> for JudgeError {
    fn from(error: TabularError) -> Self {
        Self::Check(error.into())
    }
}

impl From<EvidenceError> for JudgeError {
    fn from(error: EvidenceError) -> Self {
        Self::Frame(error.into())
    }
}

impl Dispose for JudgeError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Frame(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
            Self::RulesetUnreadable(_)
            | Self::RulesetNotText
            | Self::Ruleset(_)
            | Self::HandOn(_)
            | Self::ReferenceUnreadable { .. }
            | Self::ReferenceUnfit { .. }
            | Self::ReferenceTable { .. }
            | Self::Check(CheckError::Reference { .. })
            | Self::HandedOver => Disposition::Retry,
            Self::Catalog(error) => error.disposition(),
            Self::InputsDamaged | Self::QuarantineConflict => Disposition::Alarm,
            Self::Check(CheckError::Table(error)) if error.kind() == ErrorKind::Io => Disposition::Retry,
            Self::Check(CheckError::Quality(error)) if error.is_transient() => Disposition::Retry,
            Self::Check(_) | Self::State(_) | Self::Profile(_) => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Frame(error) => error.reason(),
            Self::Store(error) => error.reason(),
            Self::HandOn(_) => "sql_queue_unavailable",
            Self::HandedOver => "handed_over",
            Self::RulesetUnreadable(_) => "ruleset_unreadable",
            Self::ReferenceUnreadable { .. } => "reference_unreadable",
            Self::ReferenceTable { problem, .. } => problem.reason(),
            Self::ReferenceUnfit { .. } | Self::Check(CheckError::Reference { .. }) => "reference_unfit",
            Self::RulesetNotText | Self::Ruleset(_) => "ruleset_refused",
            Self::Catalog(error) => error.reason(),
            Self::InputsDamaged => "verdict_inputs_damaged",
            Self::QuarantineConflict => "quarantine_conflict",
            Self::State(_) => "state_unencodable",
            Self::Profile(_) => "profile_failed",
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
