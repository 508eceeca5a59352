//! Writes Parquet: zstd, row groups of bounded size, nothing in the file but the data and the metadata that is asked for.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::error::TabularError;

/// Rows of one row group, at most.
const GROUP_ROWS: usize = 128 << 10;
/// Encoded bytes of one row group, about: what the writer holds in memory.
const GROUP_BYTES: usize = 32 << 20;

/// Writes row groups.
pub(crate) struct ParquetWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetWriter<W> {
    pub(crate) fn new(sink: W, schema: &SchemaRef, metadata: &[(String, String)]) -> Result<Self, TabularError> {
        let entries = metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let entries: Vec<KeyValue> = entries.collect();
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(entries).filter(|entries| !entries.is_empty()))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by("sluice".to_owned())
            .build();
        // Parquet says all there is to say about text; old readers do not know Arrow's string views.
        let only_text = schema.fields().iter().all(|field| *field.data_type() == DataType::Utf8View);
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(only_text);
        let writer = ArrowWriter::try_new_with_options(sink, schema.clone(), options).map_err(explain)?;
        Ok(Self { writer })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), TabularError> {
        self.writer.write(batch).map_err(explain)?;
        if self.writer.in_progress_size() > GROUP_BYTES {
            self.writer.flush().map_err(explain)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<W, TabularError> {
        self.writer.into_inner().map_err(explain)
    }
}

/// The sink's own errors arrive boxed; all others are about the batch.
fn explain(error: ParquetError) -> TabularError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(source) => TabularError::Write { source: *source },
            Err(other) => TabularError::Shape { problem: other.to_string() },
        },
        other => TabularError::Shape { problem: other.to_string() },
    }
}
