use sluice_common::{Dispose, Disposition};
use sluice_risk::RiskError;
use sluice_tabular::{ErrorKind, TabularError};

use sluice_common::port::TextEntitiesError;

use crate::keyring::KeyringError;
use crate::transform::TransformError;

/// Why a table was not pseudonymised. Messages name columns of the policy; columns that only the data names are counted
/// from 1 instead, since a file without a header has cells where names are expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PseudonymizeError {
    /// The policy's domain is missing or misspelled.
    #[error("the policy names no valid privacy domain, but column `{column}` needs a key; add `domain`")]
    NoDomain {
        /// The column.
        column: String,
    },
    /// The policy names a column that the table does not have.
    #[error("column `{column}` of the policy is not in the table; correct its name in the policy, or the upload")]
    MissingColumn {
        /// The column.
        column: String,
    },
    /// The table has two columns of one name.
    #[error("columns {first} and {second} have the same name; rename one")]
    DuplicateColumn {
        /// The earlier one, counted from 1.
        first: usize,
        /// The later one, counted from 1.
        second: usize,
    },
    /// The table has columns that the policy does not name, and the policy refuses such tables.
    #[error("{count} columns are not in the policy, the first is column {first}; declare each, if only to drop it")]
    UndeclaredColumns {
        /// How many.
        count: usize,
        /// The first, counted from 1.
        first: usize,
    },
    /// A column that the policy does not name looks personal, and the policy refuses such tables.
    #[error(
        "column {column} is not in the policy and looks personal: {entity} in {cells} of its cells; declare a transform \
         for it, or `keep` if it is none"
    )]
    UndeclaredPersonal {
        /// The column's name, or its number counted from 1 where the name may be data.
        column: String,
        /// What was found.
        entity: String,
        /// In how many cells.
        cells: u64,
    },
    /// The detector does not take what the policy says of entities.
    #[error("the policy's `detect` cannot be used: {problem}")]
    Detect {
        /// What is wrong.
        problem: String,
    },
    /// A column that cannot be brought into another epoch.
    #[error(
        "column `{column}`: what `{transform}` made cannot be turned back; publish the sealed object again in the new \
         epoch, or leave such columns as they are"
    )]
    Irreversible {
        /// The column.
        column: String,
        /// Its transform.
        transform: &'static str,
    },
    /// No column can be brought into another epoch.
    #[error("the policy has no column of `encrypt` or `fpe`: there is nothing to bring into another epoch")]
    NothingToRetokenise,
    /// A path into lists or objects that cannot be taken.
    #[error("column `{column}`: {problem}")]
    Nested {
        /// The column.
        column: String,
        /// Why not, and what to do.
        problem: &'static str,
    },
    /// Values under keys of cohorts are not brought into another epoch.
    #[error(
        "values under the keys of `subjects` are not brought into another epoch; publish the sealed objects again in the new one"
    )]
    SubjectsStay,
    /// The policy has `subjects`, and there is no vault to keep the keys of their cohorts.
    #[error("the policy has `subjects`, whose keys are kept in a vault; name one")]
    SubjectKeysNeeded,
    /// The policy asks a service about texts, and there is none here.
    #[error(
        "the policy asks Amazon Comprehend about texts (`comprehend`), which only the pseudonymize function does; leave it out here"
    )]
    TextServiceNeeded,
    /// The service could not be asked. Nothing is published then.
    #[error(transparent)]
    TextService(#[from] TextEntitiesError),
    /// The service answered with spans that the text does not have.
    #[error("Amazon Comprehend answered with offsets outside the text; nothing was published, retry")]
    StrangeAnswer,
    /// More text than the policy pays for.
    #[error(
        "the texts need more than the {limit} units of Amazon Comprehend that the policy allows an object; raise `max_units`, or split the upload"
    )]
    TooMuchText {
        /// The limit.
        limit: u32,
    },
    /// Kept answers do not fit the table.
    #[error("the kept answers of Amazon Comprehend are not about this table: see who wrote them")]
    AnswersOfOthers,
    /// The keys of the subjects' cohorts cannot be had.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Nothing would be published.
    #[error("the policy leaves no column of the table; keep at least one")]
    NothingLeft,
    /// A column came up that was not there when the output was begun.
    #[error("row {first_row} and the rows after it bring columns that earlier ones did not have; declare them")]
    LateColumns {
        /// The first row of the block they came up in, counted from 0.
        first_row: u64,
    },
    /// A column cannot be transformed.
    #[error("column `{column}`: {source}")]
    Transform {
        /// The column.
        column: String,
        /// Why not.
        #[source]
        source: TransformError,
    },
    /// Risk could not be told.
    #[error("risk cannot be told: {0}")]
    Risk(#[from] RiskError),
    /// The table could not be read or written.
    #[error(transparent)]
    Table(#[from] TabularError),
}

impl Dispose for PseudonymizeError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) | Self::Risk(RiskError::Table(error)) if error.kind() == ErrorKind::Io => {
                Disposition::Retry
            }
            Self::Risk(RiskError::Storage(_)) | Self::StrangeAnswer => Disposition::Retry,
            Self::Keyring(error) => error.disposition(),
            Self::TextService(error) => error.disposition(),
            Self::AnswersOfOthers => Disposition::Alarm,
            _ => Disposition::Quarantine,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoDomain { .. } => "privacy_domain_missing",
            Self::MissingColumn { .. } | Self::Risk(RiskError::NoColumn(_)) => "policy_column_missing",
            Self::DuplicateColumn { .. } => "duplicate_column",
            Self::UndeclaredColumns { .. } => "undeclared_columns",
            Self::UndeclaredPersonal { .. } => "undeclared_personal_data",
            Self::Detect { .. } => "detection_unfit",
            Self::Irreversible { .. } => "column_irreversible",
            Self::NothingToRetokenise => "nothing_to_retokenise",
            Self::Nested { .. } => "path_unfit",
            Self::SubjectsStay => "subjects_stay",
            Self::SubjectKeysNeeded => "subject_keys_missing",
            Self::Keyring(error) => error.reason(),
            Self::TextServiceNeeded => "text_service_missing",
            Self::TextService(error) => error.reason(),
            Self::StrangeAnswer => "comprehend_answer_strange",
            Self::TooMuchText { .. } => "comprehend_units_exceeded",
            Self::AnswersOfOthers => "comprehend_answers_damaged",
            Self::NothingLeft => "nothing_to_publish",
            Self::LateColumns { .. } => "late_columns",
            Self::Transform { .. } => "transform_failed",
            Self::Risk(RiskError::TooManyPairs) => "risk_too_many_classes",
            Self::Risk(RiskError::Storage(_)) => "risk_storage_failed",
            Self::Risk(_) => "risk_column_unfit",
            Self::Table(error) => match error.kind() {
                ErrorKind::Malformed => "table_malformed",
                ErrorKind::Limit => "table_limit",
                ErrorKind::Io => "table_unreadable",
                ErrorKind::Usage => "table_unfit",
            },
        }
    }
}
