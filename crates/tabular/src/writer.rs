//! One writer for every format. The same batches give the same bytes.

use std::fmt;
use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::csv::CsvWriter;
use crate::deflate::Deflated;
use crate::error::TabularError;
use crate::json::JsonLinesWriter;
use crate::options::{Compression, Format};
use crate::parquet::ParquetWriter;

/// How to write a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// The format. Of [`crate::CsvOptions::null_text`] the first stands for NULL.
    pub format: Format,
    /// The compression around CSV and JSON Lines; Parquet always uses zstd inside and takes none around it.
    pub compression: Compression,
    /// CSV: puts an apostrophe before cells that a spreadsheet would run (OWASP, "CSV Injection"). Default true.
    pub neutralise_formulas: bool,
    /// Parquet: further entries of the file's key-value metadata. Other formats have none.
    pub metadata: Vec<(String, String)>,
}

impl WriteOptions {
    /// Options for `format` with every default.
    pub fn new(format: Format) -> Self {
        Self { format, compression: Compression::None, neutralise_formulas: true, metadata: Vec::new() }
    }

    /// The same with another compression.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }
}

/// Writes a table batch by batch. Without [`Self::finish`] the output is incomplete.
pub struct Writer<W: Write + Send> {
    inner: Inner<W>,
    schema: SchemaRef,
}

enum Inner<W: Write + Send> {
    Csv(Box<CsvWriter>, Lines<W>),
    JsonLines(JsonLinesWriter, Lines<W>),
    Parquet(Box<ParquetWriter<W>>),
}

impl<W: Write + Send> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Starts a table with the columns of `schema`.
    ///
    /// # Errors
    /// The options are unusable, or the sink fails.
    pub fn new(sink: W, options: &WriteOptions, schema: SchemaRef) -> Result<Self, TabularError> {
        let inner = match &options.format {
            Format::Csv(csv) => {
                let writer = CsvWriter::new(csv.clone(), options.neutralise_formulas)?;
                let mut lines = Lines::new(sink, options.compression)?;
                lines.write(|out| writer.header(&schema, out))?;
                Inner::Csv(Box::new(writer), lines)
            }
            Format::JsonLines => {
                Inner::JsonLines(JsonLinesWriter::new(&schema), Lines::new(sink, options.compression)?)
            }
            Format::Parquet => {
                if !matches!(options.compression, Compression::Auto | Compression::None) {
                    return Err(TabularError::Option {
                        option: "compression",
                        problem: "parquet is compressed inside; choose none",
                    });
                }
                Inner::Parquet(Box::new(ParquetWriter::new(sink, &schema, &options.metadata)?))
            }
        };
        Ok(Self { inner, schema })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// The batch has other columns than the table, or the sink fails.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), TabularError> {
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(TabularError::Shape { problem: "its columns differ from those of the table".to_owned() });
        }
        match &mut self.inner {
            Inner::Csv(writer, lines) => lines.write(|out| writer.write(batch, out)),
            Inner::JsonLines(writer, lines) => lines.write(|out| writer.write(batch, out)),
            Inner::Parquet(writer) => writer.write(batch),
        }
    }

    /// Writes what is still held back and gives the sink back.
    ///
    /// # Errors
    /// The sink fails.
    pub fn finish(self) -> Result<W, TabularError> {
        match self.inner {
            Inner::Csv(_, lines) | Inner::JsonLines(_, lines) => lines.finish(),
            Inner::Parquet(writer) => writer.finish(),
        }
    }
}

/// Lines on their way into a compressor.
#[derive(Debug)]
pub(crate) struct Lines<W: Write> {
    sink: Deflated<W>,
    scratch: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(sink: W, compression: Compression) -> Result<Self, TabularError> {
        Ok(Self { sink: Deflated::new(sink, compression)?, scratch: Vec::new() })
    }

    /// Writes what `fill` appends.
    pub(crate) fn write(
        &mut self,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), TabularError>,
    ) -> Result<(), TabularError> {
        self.scratch.clear();
        fill(&mut self.scratch)?;
        self.sink.write_all(&self.scratch)
    }

    pub(crate) fn finish(self) -> Result<W, TabularError> {
        self.sink.finish()
    }
}
