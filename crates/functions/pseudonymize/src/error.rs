use sluice_common::port::{CatalogError, StoreError};
use sluice_common::{Dispose, Disposition};
use sluice_privacy::keyring::KeyringError;
use sluice_privacy::pseudonymize::PseudonymizeError;
use sluice_stage::FrameError;
use sluice_tabular::TabularError;

/// Why a judged version was neither published nor withheld.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// What can go wrong around any stage's work.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Verdict and seal speak of different bytes.
    #[error("the verdict and the seal it rests on speak of different bytes")]
    VerdictOfOthers,
    /// A bucket could not be read or written.
    #[error("{zone} bucket: {source}")]
    Store {
        /// Which.
        zone: &'static str,
        /// What it said.
        #[source]
        source: StoreError,
    },
    /// The domain key cannot be had.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The table does not fit the policy, is malformed or too large.
    #[error(transparent)]
    Pseudonymize(#[from] PseudonymizeError),
    /// Other bytes are published under the key of this run.
    #[error("other bytes are published under the key that this run gives: someone writes to the curated bucket")]
    CuratedConflict,
    /// The stored numbers of failing rows are not those of the verdict, or of another table.
    #[error("the stored numbers of failing rows are not those that the verdict names: see who wrote them")]
    RowsDamaged,
    /// The statement of this run is there, its object is not.
    #[error(
        "what this run published was erased since, and is not published again; if it must be, change the dataset's \
         privacy section, which makes it another run"
    )]
    CuratedGone,
    /// Another attempt was answered otherwise, and kept its answers first.
    #[error("another attempt kept other answers of Amazon Comprehend; the next one takes those")]
    OtherAnswersKept,
    /// The dataset's name does not fit into a key.
    #[error("the dataset's name is too long for a curated key; shorten it in the pipeline policy")]
    DatasetName,
    /// The policy names a Glue database that this function may not write.
    #[error("the policy names a Glue database that this function may not write; use the one of the template")]
    ForeignDatabase,
    /// The table could not be registered.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl From<TabularError> for PublishError {
    fn from(error: TabularError) -> Self {
        Self::Pseudonymize(error.into())
    }
}

impl PublishError {
    pub(crate) fn raw(source: StoreError) -> Self {
        Self::Store { zone: "raw", source }
    }

    pub(crate) fn curated(source: StoreError) -> Self {
        Self::Store { zone: "curated", source }
    }
}

impl Dispose for PublishError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Frame(error) => error.disposition(),
            Self::Store { source, .. } => source.disposition(),
            Self::Keyring(error) => error.disposition(),
            Self::Pseudonymize(error) => error.disposition(),
            Self::Catalog(error) => error.disposition(),
            Self::VerdictOfOthers | Self::CuratedConflict | Self::CuratedGone | Self::RowsDamaged => Disposition::Alarm,
            // The policy is at fault: a corrected one clears the queue.
            Self::DatasetName | Self::ForeignDatabase | Self::OtherAnswersKept => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Frame(error) => error.reason(),
            Self::VerdictOfOthers => "verdict_of_others",
            Self::RowsDamaged => "failing_rows_damaged",
            Self::Store { source, .. } => source.reason(),
            Self::Keyring(error) => error.reason(),
            Self::Pseudonymize(error) => error.reason(),
            Self::CuratedConflict => "curated_conflict",
            Self::CuratedGone => "curated_missing",
            Self::OtherAnswersKept => "comprehend_answers_differ",
            Self::DatasetName => "dataset_name_too_long",
            Self::ForeignDatabase => "foreign_database",
            Self::Catalog(error) => error.reason(),
        }
    }
}
