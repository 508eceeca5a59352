//! Tables that queries read: as often as a query wants, from the first row on, only the columns it needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use sluice_quality::{Batches, Table};
use sluice_tabular::TabularError;

/// The tables of an evaluation.
#[derive(Debug, Clone)]
pub struct SqlTables {
    pub(crate) primary: Arc<dyn Table>,
    pub(crate) references: BTreeMap<String, Arc<dyn Table>>,
}

impl SqlTables {
    /// The primary dataset, known to queries as `primary`.
    pub fn of(primary: impl Table + 'static) -> Self {
        Self { primary: Arc::new(primary), references: BTreeMap::new() }
    }

    /// And a reference dataset, known by its alias in any case of letters.
    #[must_use]
    pub fn with_reference(mut self, alias: impl Into<String>, table: impl Table + 'static) -> Self {
        self.references.insert(alias.into(), Arc::new(table));
        self
    }

    /// And the reference datasets that other rules see, by their aliases.
    #[must_use]
    pub fn with_references(mut self, tables: &BTreeMap<String, Arc<dyn Table>>) -> Self {
        self.references.extend(tables.iter().map(|(alias, table)| (alias.clone(), Arc::clone(table))));
        self
    }
}

/// A table in memory.
#[derive(Debug)]
pub struct MemoryTable {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl MemoryTable {
    /// Batches of one schema.
    pub const fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }
}

impl Table for MemoryTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn scan(&self, columns: &[String]) -> Result<Batches, TabularError> {
        let shape = |error: arrow_schema::ArrowError| TabularError::Shape { problem: error.to_string() };
        let indices: Result<Vec<usize>, _> = columns.iter().map(|name| self.schema.index_of(name)).collect();
        let indices = indices.map_err(shape)?;
        let batches: Result<Vec<_>, _> = self.batches.iter().map(|batch| batch.project(&indices)).collect();
        Ok(Box::new(batches.map_err(shape)?.into_iter().map(Ok)))
    }
}
