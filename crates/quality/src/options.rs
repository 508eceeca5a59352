//! How a ruleset is evaluated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_schema::SchemaRef;

use crate::files::FileSource;
use crate::sql::{SqlAnswers, SqlEngine};
use crate::stored_table::Table;

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
    /// Whether a mark for each row and rule is kept: one bit each, and 16 bytes a row for each column set
    /// whose uniqueness is judged, up to [`Self::row_key_memory_bytes`].
    pub row_results: bool,
    /// What filtered rows count as.
    pub filtered_rows: FilteredRows,
    /// What composites join.
    pub composite_scope: CompositeScope,
    /// Schemas of the reference datasets by alias.
    pub references: BTreeMap<String, SchemaRef>,
    /// The reference datasets themselves, by alias, for whole tables: [`crate::measure`] takes them in before the primary
    /// one. Their schemas need not stand in [`Self::references`].
    pub reference_tables: BTreeMap<String, Arc<dyn Table>>,
    /// Where the files of `File*` rules are looked up; without it such a rule is an error.
    pub files: Option<Arc<dyn FileSource>>,
    /// What answers the `CustomSql` rules that one pass cannot, when a whole table is checked. Without it such a rule is
    /// an error.
    pub sql_engine: Option<Arc<dyn SqlEngine>>,
    /// The answers, for who plans an evaluation without [`crate::check()`].
    pub sql_answers: SqlAnswers,
    /// Memory for the keys of all values that are counted, in bytes, beside a fixed 0.4 to 1.2 MB for each column set.
    /// What goes beyond it is kept in temporary files (`TMPDIR`): 8 bytes for each number or text of up to seven bytes, 16 for
    /// every other key. Default 64 MiB.
    pub key_memory_bytes: usize,
    /// Memory for the keys of rows that row results on uniqueness need, in bytes. Default 256 MiB: 16 million rows.
    pub row_key_memory_bytes: usize,
    /// Memory for what is kept of all reference datasets, in bytes. Default 256 MiB.
    pub reference_memory_bytes: usize,
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
            reference_tables: BTreeMap::new(),
            files: None,
            sql_engine: None,
            sql_answers: SqlAnswers::default(),
            key_memory_bytes: 64 << 20,
            row_key_memory_bytes: 256 << 20,
            reference_memory_bytes: 256 << 20,
        }
    }

    /// The same with the schemas of all reference datasets.
    pub(crate) fn with_schemas(&self) -> Cow<'_, Self> {
        if self.reference_tables.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut options = self.clone();
        options.references.extend(self.reference_tables.iter().map(|(alias, table)| (alias.clone(), table.schema())));
        Cow::Owned(options)
    }
}
