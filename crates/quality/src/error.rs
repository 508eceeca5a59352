//! What can go wrong while a ruleset is evaluated. What is wrong with one rule is an outcome, not an error.

/// An evaluation that cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QualityError {
    /// A batch has another shape than the projection.
    #[error("a batch has {found} columns where the projection has {expected}; read exactly the required columns")]
    Columns {
        /// Columns of the projection.
        expected: usize,
        /// Columns of the batch.
        found: usize,
    },
    /// A column cannot be brought into a form that the kernels read.
    #[error("column `{column}` cannot be read: {problem}")]
    Type {
        /// The column's name.
        column: String,
        /// What the cast said.
        problem: String,
    },
    /// A state belongs to another ruleset, schema or version.
    #[error(
        "the state was made by another plan ({found}, not {expected}); evaluate both parts with one ruleset and schema"
    )]
    Plan {
        /// This evaluation's plan.
        expected: String,
        /// The state's plan.
        found: String,
    },
    /// A state of a table with other columns.
    #[error("the states are of tables with different columns: `{column}` is not in both with the same type")]
    Schema {
        /// The first column that differs.
        column: String,
    },
    /// Row marks cannot be told for rows that were never seen here.
    #[error("states cannot be merged while row results are collected; collect them for one object at a time")]
    RowsAndMerge,
    /// Keys could not be moved to a temporary file or read back. Nothing is known about the data; to be tried again.
    #[error(
        "temporary files for distinct values cannot be used: {source}; free or add space in the folder for temporary files"
    )]
    Spill {
        /// What the system said.
        #[from]
        source: std::io::Error,
    },
    /// Row results on uniqueness need the key of every row.
    #[error(
        "row results on uniqueness need more than the {limit_bytes} bytes allowed for keys of rows; raise \
         row_key_memory_bytes, or judge without row results"
    )]
    RowKeys {
        /// The memory allowed.
        limit_bytes: usize,
    },
    /// The SQL engine could not read its tables or use its storage. Nothing is known about the data; to be tried again.
    #[error("the sql engine cannot go on: {source}")]
    Sql {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A reference dataset has more keys than fit.
    #[error(
        "reference dataset `{alias}` has more keys than fit the {limit_bytes} bytes allowed; raise reference_memory_bytes"
    )]
    ReferenceKeys {
        /// The alias.
        alias: String,
        /// The memory allowed for all reference datasets.
        limit_bytes: usize,
    },
    /// No reference dataset has this alias.
    #[error("reference dataset `{alias}` was not declared in the options")]
    UnknownReference {
        /// The alias.
        alias: String,
    },
}

impl QualityError {
    /// Whether the same evaluation may succeed later or elsewhere: the fault lies with the machine.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Spill { .. } | Self::Sql { .. })
    }
}
