//! One reader for every format.

use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read};

use arrow_schema::SchemaRef;
use bytes::Bytes;

use crate::block::Block;
use crate::csv::CsvReader;
use crate::error::TabularError;
use crate::inflate::Inflated;
use crate::options::{Format, ReadOptions};
use crate::path::ColumnPath;

/// Where the bytes of a table come from.
pub enum Source {
    /// Bytes that arrive one after the other. Parquet needs another source: see [`crate::spool`].
    Stream(Box<dyn Read + Send>),
    /// A file, read from its start.
    File(File),
    /// Bytes in memory.
    Bytes(Bytes),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stream(_) => "Stream",
            Self::File(_) => "File",
            Self::Bytes(_) => "Bytes",
        })
    }
}

impl Source {
    /// A source that reads `stream`.
    pub fn stream(stream: impl Read + Send + 'static) -> Self {
        Self::Stream(Box::new(stream))
    }

    fn into_stream(self) -> Box<dyn Read + Send> {
        match self {
            Self::Stream(stream) => stream,
            Self::File(file) => Box::new(file),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
        }
    }
}

impl From<File> for Source {
    fn from(file: File) -> Self {
        Self::File(file)
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

/// Reads a table block by block, in memory bounded by the block size and the caps.
///
/// An iterator over [`Block`]s; after an error it yields nothing more.
#[derive(Debug)]
pub struct Reader {
    inner: Inner,
    done: bool,
}

#[derive(Debug)]
enum Inner {
    Csv(Box<CsvReader>),
}

impl Reader {
    /// Opens a table and reads what names its columns. An object of zero bytes is a table without columns and rows.
    ///
    /// # Errors
    /// The options are unusable, the source fails, or the beginning of the table is malformed or crosses a cap.
    pub fn open(source: impl Into<Source>, options: &ReadOptions) -> Result<Self, TabularError> {
        options.caps.check()?;
        let source = source.into();
        let inner = match &options.format {
            Format::Csv(csv) => {
                let input = Inflated::open(source.into_stream(), options.compression, &options.caps)?;
                Inner::Csv(Box::new(CsvReader::open(input, csv.clone(), options)?))
            }
            Format::JsonLines | Format::Parquet => {
                return Err(TabularError::Option { option: "format", problem: "not built yet" });
            }
        };
        Ok(Self { inner, done: false })
    }

    /// The columns each batch has.
    pub fn schema(&self) -> SchemaRef {
        match &self.inner {
            Inner::Csv(reader) => reader.schema().clone(),
        }
    }

    /// Reads only these columns, in this order; call it before the first block. No columns at all is allowed: batches
    /// then only count rows.
    ///
    /// # Errors
    /// [`TabularError::UnknownColumn`] for CSV and Parquet. JSON Lines gives NULL for a path that no row has.
    pub fn project(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        match &mut self.inner {
            Inner::Csv(reader) => reader.project(paths),
        }
    }

    fn next_block(&mut self) -> Result<Option<Block>, TabularError> {
        match &mut self.inner {
            Inner::Csv(reader) => reader.next_block(),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Block, TabularError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_block().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
