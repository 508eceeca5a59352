//! Tables that are read as often as rules want, from the first row on, only the columns that they need.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use sluice_tabular::{ColumnPath, Format, ReadOptions, Reader, Source, TabularError};

use crate::check::CheckError;
use crate::evaluate::Evaluation;
use crate::options::EvaluationOptions;
use crate::value::count;

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
        self.position = self.position.saturating_add(count(length));
        Ok(length)
    }
}

/// Takes in the reference datasets, one after the other, each read once as a stream.
pub(crate) fn take_in_references(evaluation: &mut Evaluation, options: &EvaluationOptions) -> Result<(), CheckError> {
    for (alias, table) in &options.reference_tables {
        take_in(evaluation, alias, table.as_ref())
            .map_err(|error| CheckError::Reference { alias: alias.clone(), source: Box::new(error) })?;
    }
    Ok(())
}

fn take_in(evaluation: &mut Evaluation, alias: &str, table: &dyn Table) -> Result<(), CheckError> {
    for batch in table.scan(&evaluation.reference_columns(alias))? {
        evaluation.update_reference(alias, &batch?)?;
    }
    Ok(())
}
