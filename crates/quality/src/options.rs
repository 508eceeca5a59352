//! How a ruleset is evaluated.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;

/// What the rows that a `where` clause leaves out count as in row results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilteredRows {
    /// They pass (Glue's default).
    #[default]
    Pass,
    /// They are skipped (`rowLevelConfiguration.filteredRowLabel = SKIPPED`).
    Skip,
}

/// What `and` and `or` join (`compositeRuleEvaluation.method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompositeScope {
    /// Outcomes of rules over the whole dataset (Glue's default).
    #[default]
    Dataset,
    /// Outcomes of each row, where every part judges rows.
    Row,
}

/// How a ruleset is evaluated.
#[derive(Debug, Clone)]
pub struct EvaluationOptions {
    /// Now, in microseconds since 1970-01-01T00:00Z. Read it once, from the caller's clock.
    pub now_epoch_micros: i64,
    /// Whether a mark for each row and rule is kept: one bit each, and 32 bytes a row for each rule on uniqueness.
    pub row_results: bool,
    /// What filtered rows count as.
    pub filtered_rows: FilteredRows,
    /// What composites join.
    pub composite_scope: CompositeScope,
    /// Schemas of the reference datasets by alias.
    pub references: BTreeMap<String, SchemaRef>,
    /// Memory for the keys of each column set whose values are counted, in bytes. Beyond it the rule is an error.
    pub key_memory_bytes: usize,
}

impl EvaluationOptions {
    /// The defaults, at a given time in microseconds since 1970-01-01T00:00Z.
    pub fn at(now_epoch_micros: i64) -> Self {
        Self {
            now_epoch_micros,
            row_results: false,
            filtered_rows: FilteredRows::default(),
            composite_scope: CompositeScope::default(),
            references: BTreeMap::new(),
            key_memory_bytes: 1 << 30,
        }
    }
}
