//! One reader for every format.

use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};

use crate::ahead::read_ahead;
use crate::block::Block;
use crate::csv::CsvReader;
use crate::error::TabularError;
use crate::inflate::{Inflated, is_compressed};
use crate::json::JsonReader;
use crate::options::{Compression, Format, ReadOptions, TextType};
use crate::parquet::{Chunks, ParquetReader};
use crate::path::ColumnPath;
use crate::raw::{Raw, RawBlock};
use crate::spool::spool_inflated;

/// Where the bytes of a table come from.
pub enum Source {
    /// Bytes that arrive one after the other. Parquet needs another source: see [`crate::spool()`].
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

    /// Has a stream read, and hashed if that is what reading it does, on a thread of its own where there are two cores or
    /// more. Other sources stay as they are.
    #[must_use]
    pub fn ahead(self) -> Self {
        match self {
            Self::Stream(stream) => Self::Stream(read_ahead(stream)),
            other => other,
        }
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
    next_row: u64,
    done: bool,
}

#[derive(Debug)]
enum Inner {
    Csv(Box<CsvReader>),
    JsonLines(Box<JsonReader>),
    Parquet(Box<ParquetReader>),
    /// A Parquet object of zero bytes.
    Empty(SchemaRef),
}

impl Reader {
    /// Opens a table and reads what names its columns. An object of zero bytes is a table without columns and rows.
    ///
    /// Parquet in gzip or zstd is spooled to the system's directory for temporary files first.
    ///
    /// # Errors
    /// The options are unusable, the source fails, or the beginning of the table is malformed or crosses a cap.
    pub fn open(source: impl Into<Source>, options: &ReadOptions) -> Result<Self, TabularError> {
        options.caps.check()?;
        let source = source.into();
        let inflated = |source: Source| Inflated::open(source.into_stream(), options.compression, &options.caps);
        let inner = match &options.format {
            Format::Csv(csv) => Inner::Csv(Box::new(CsvReader::open(inflated(source)?, csv.clone(), options)?)),
            Format::JsonLines => Inner::JsonLines(Box::new(JsonReader::open(inflated(source)?, options)?)),
            Format::Parquet => match parquet_chunks(source, options)? {
                chunks if chunks.len() == 0 => Inner::Empty(Arc::new(Schema::empty())),
                chunks => Inner::Parquet(Box::new(ParquetReader::open(chunks, options)?)),
            },
        };
        Ok(Self { inner, next_row: 0, done: false })
    }

    /// The columns each batch has. JSON Lines without a projection: the paths seen so far, in the order they came up;
    /// later blocks append to them.
    pub fn schema(&self) -> SchemaRef {
        match &self.inner {
            Inner::Csv(reader) => Arc::clone(reader.schema()),
            Inner::JsonLines(reader) => Arc::clone(reader.schema()),
            Inner::Parquet(reader) => Arc::clone(reader.schema()),
            Inner::Empty(schema) => Arc::clone(schema),
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
            Inner::JsonLines(reader) => reader.project(paths),
            Inner::Parquet(reader) => reader.project(paths),
            Inner::Empty(_) => paths.first().map_or(Ok(()), |path| Err(unknown(path, 0))),
        }
    }

    /// Reads every column, and makes sure that these are among them: JSON Lines puts them first and gives NULL where a
    /// row lacks one; Parquet makes columns of all that the lists hold which they enter. A path asked for takes an object or list as its JSON text; a path only found does not take an
    /// object that has members, for these have paths of their own.
    ///
    /// # Errors
    /// [`TabularError::UnknownColumn`] for CSV and Parquet.
    pub fn require(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        if let Inner::JsonLines(reader) = &mut self.inner {
            return reader.require(paths);
        }
        if let Inner::Parquet(reader) = &mut self.inner {
            reader.open_lists(paths)?;
        }
        let schema = self.schema();
        match paths.iter().find(|path| schema.index_of(path.as_str()).is_err()) {
            Some(path) => Err(unknown(path, schema.fields().len())),
            None => Ok(()),
        }
    }

    /// Makes columns of all that the lists of a Parquet file hold which these paths enter, whether there are such columns or not.
    /// JSON Lines is asked with [`Self::require`], and CSV has no lists.
    ///
    /// # Errors
    /// [`TabularError::DuplicateColumn`] when two columns would have one path.
    pub fn open_lists(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        match &mut self.inner {
            Inner::Parquet(reader) => reader.open_lists(paths),
            Inner::Csv(_) | Inner::JsonLines(_) | Inner::Empty(_) => Ok(()),
        }
    }

    /// The columns that are in [`Self::schema`] only because they were asked for: no row so far had them, not even as
    /// null. Only JSON Lines has such columns, and only its end tells that they do not exist.
    pub fn columns_without_rows(&self) -> Vec<ColumnPath> {
        match &self.inner {
            Inner::JsonLines(reader) => reader.unseen().map(ColumnPath::from).collect(),
            Inner::Csv(_) | Inner::Parquet(_) | Inner::Empty(_) => Vec::new(),
        }
    }

    /// Of these columns, which are read as [`Self::project`] said, only NULL or not is wanted: they come as `Boolean` columns
    /// that are true wherever they are not NULL. Their text is neither kept nor looked at further than that takes.
    /// JSON Lines hands them out as ever.
    ///
    /// # Errors
    /// [`TabularError::UnknownColumn`] for one that is not read.
    pub fn only_presence(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        let schema = self.schema();
        let find =
            |path: &ColumnPath| schema.index_of(path.as_str()).ok().ok_or_else(|| unknown(path, schema.fields().len()));
        let columns = paths.iter().map(find).collect::<Result<Vec<usize>, _>>()?;
        match &mut self.inner {
            Inner::Csv(reader) => reader.only_presence(&columns),
            Inner::Parquet(reader) => reader.only_presence(&columns),
            Inner::JsonLines(_) | Inner::Empty(_) => {}
        }
        Ok(())
    }

    /// Whether columns may come up that the first block does not have: those of JSON Lines do.
    pub fn is_json_lines(&self) -> bool {
        matches!(self.inner, Inner::JsonLines(_))
    }

    /// [`Self::text_as_bytes`] for CSV only.
    pub fn csv_text_as_bytes(&mut self) {
        if let Inner::Csv(reader) = &mut self.inner {
            reader.set_text(TextType::BinaryView);
        }
    }

    /// Hands out the text of CSV and JSON Lines as [`TextType::BinaryView`] from the next block on; every cell is valid
    /// UTF-8 all the same. Parquet, which has bytes of its own, is left as it is.
    pub fn text_as_bytes(&mut self) {
        match &mut self.inner {
            Inner::Csv(reader) => reader.set_text(TextType::BinaryView),
            Inner::JsonLines(reader) => reader.set_text(TextType::BinaryView),
            Inner::Parquet(_) | Inner::Empty(_) => {}
        }
    }

    /// The schema of a Parquet file as it is nested.
    pub(crate) fn nested_schema(&self) -> Option<&SchemaRef> {
        match &self.inner {
            Inner::Parquet(reader) => Some(reader.nested_schema()),
            _ => None,
        }
    }

    /// Reads the next rows without decoding them: an iterator's `next` for those who decode on several threads. Blocks
    /// that are taken so are not counted in the row numbers of the iterator.
    pub fn next_raw(&mut self) -> Option<Result<RawBlock, TabularError>> {
        if self.done {
            return None;
        }
        let next = self.read_raw().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }

    fn read_raw(&mut self) -> Result<Option<RawBlock>, TabularError> {
        let raw = match &mut self.inner {
            Inner::Csv(reader) => reader.next_rows()?.map(|rows| Raw::Csv(Box::new(rows))),
            Inner::JsonLines(reader) => reader.next_rows()?,
            Inner::Parquet(reader) => reader.next_rows()?.map(|(batch, origin)| Raw::Decoded(batch, origin)),
            Inner::Empty(_) => None,
        };
        Ok(raw.map(RawBlock))
    }

    fn next_block(&mut self) -> Result<Option<Block>, TabularError> {
        while let Some(raw) = self.next_raw() {
            if let Some(block) = raw?.into_block(self.next_row)? {
                self.next_row += block.rows() as u64;
                return Ok(Some(block));
            }
        }
        Ok(None)
    }
}

fn unknown(path: &ColumnPath, columns: usize) -> TabularError {
    TabularError::UnknownColumn { path: path.as_str().to_owned(), columns }
}

/// Random access to a Parquet file; one inside gzip or zstd is unpacked to ephemeral storage.
fn parquet_chunks(source: Source, options: &ReadOptions) -> Result<Chunks, TabularError> {
    let failed = |source| TabularError::Read { source };
    let chunks = match source {
        Source::Stream(_) => {
            return Err(TabularError::Option {
                option: "source",
                problem: "parquet is read out of order; give a file (see spool) or bytes",
            });
        }
        Source::File(file) => Chunks::of_file(file).map_err(failed)?,
        Source::Bytes(bytes) => Chunks::of_bytes(bytes),
    };
    let magic = chunks.range(0, 4).map_err(failed)?;
    if !is_wrapped(&magic, options.compression) {
        return Ok(chunks);
    }
    let stream = chunks.get_read(0).map_err(|error| TabularError::Parquet { problem: error.to_string() })?;
    let input = Inflated::open(Box::new(stream), options.compression, &options.caps)?;
    let file = spool_inflated(input, &std::env::temp_dir(), options.caps.inflated_bytes)?;
    Chunks::of_file(file).map_err(failed)
}

fn is_wrapped(magic: &[u8], compression: Compression) -> bool {
    match compression {
        Compression::None => false,
        Compression::Gzip | Compression::Zstd => !magic.is_empty(),
        Compression::Auto => !magic.is_empty() && magic != b"PAR1" && is_compressed(magic),
    }
}

impl Iterator for Reader {
    type Item = Result<Block, TabularError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_block().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
