use arrow_schema::ArrowError;
use sluice_tabular::TabularError;

/// Why risk could not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RiskError {
    /// Nothing to tell rows apart by.
    #[error("name at least one quasi-identifier: a column that others may know of a person")]
    NoQuasiIdentifiers,
    /// A column that is not there.
    #[error("the table has no column `{0}`")]
    NoColumn(String),
    /// A column whose type has no text.
    #[error("column `{column}` cannot be compared as text")]
    Type {
        /// The column.
        column: String,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// More classes or sensitive values than memory.
    #[error(
        "the table has too many different combinations of quasi-identifiers and sensitive values to be counted; \
         generalize them, or name fewer columns"
    )]
    TooManyPairs,
    /// The table cannot be read.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// Ephemeral storage failed or is full.
    #[error("temporary storage: {0}")]
    Storage(#[from] std::io::Error),
}
