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
    /// A state of another version.
    #[error("the state has version {found}, this engine reads version {expected}; evaluate the part again")]
    Version {
        /// The version this engine writes.
        expected: u32,
        /// The state's version.
        found: u32,
    },
    /// Row marks cannot be told for rows that were never seen here.
    #[error("states cannot be merged while row results are collected; collect them for one object at a time")]
    RowsAndMerge,
    /// No reference dataset has this alias.
    #[error("reference dataset `{alias}` was not declared in the options")]
    UnknownReference {
        /// The alias.
        alias: String,
    },
}
