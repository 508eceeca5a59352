//! Tables that queries read: as often as a query wants, from the first row on, only the columns it needs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use sluice_tabular::{ColumnPath, Format, ReadOptions, Reader, Source, TabularError};

/// Batches of a table, in its order.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch, TabularError>> + Send>;

/// A table that can be read again and again.
pub trait Table: fmt::Debug + Send + Sync {
    /// Its columns.
    fn schema(&self) -> SchemaRef;

    /// Reads some columns, named as in the schema, in this order.
    ///
    /// # Errors
    /// When the table cannot be opened.
    fn scan(&self, columns: &[String]) -> Result<Batches, TabularError>;
}

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
}

/// A table in a file. The file needs no name: it is read by position, by any number of scans at once.
#[derive(Debug)]
pub struct StoredTable {
    file: Arc<File>,
    options: ReadOptions,
    schema: SchemaRef,
}

impl StoredTable {
    /// Opens a table. JSON Lines, whose columns come up row by row, are read once to learn all of them.
    ///
    /// # Errors
    /// When the file cannot be read, or is malformed where its columns are named.
    pub fn open(file: Arc<File>, options: ReadOptions) -> Result<Self, TabularError> {
        let mut reader = open(&file, &options)?;
        if reader.is_json_lines() {
            for block in reader.by_ref() {
                block?;
            }
        }
        Ok(Self { schema: reader.schema(), file, options })
    }
}

impl Table for StoredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn scan(&self, columns: &[String]) -> Result<Batches, TabularError> {
        let mut reader = open(&self.file, &self.options)?;
        let paths: Vec<ColumnPath> = columns.iter().map(ColumnPath::new).collect();
        reader.project(&paths)?;
        Ok(Box::new(reader.map(|block| block.map(|block| block.batch))))
    }
}

fn open(file: &Arc<File>, options: &ReadOptions) -> Result<Reader, TabularError> {
    let source = match options.format {
        Format::Parquet => Source::File(file.try_clone().map_err(|source| TabularError::Read { source })?),
        _ => Source::stream(Positioned { file: Arc::clone(file), position: 0 }),
    };
    Reader::open(source, options)
}

/// A file read from its start, without moving the position that its other readers share.
struct Positioned {
    file: Arc<File>,
    position: u64,
}

impl Read for Positioned {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(into, self.position)?;
        self.position += length as u64;
        Ok(length)
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
