//! What a reader yields: some rows, and what they looked like in the input.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use crate::error::TabularError;
use crate::json::SourceLines;

/// Consecutive rows of a table.
#[derive(Debug, Clone)]
pub struct Block {
    /// The projected columns. Text formats give `Utf8View` columns over the block's own bytes; Parquet keeps its types,
    /// with strings as `Utf8View`.
    pub batch: RecordBatch,
    /// Number of the batch's first row, counted from 0, a header not included.
    pub first_row: u64,
    /// The rows as they were in the input, when a rewriter needs them.
    pub(crate) origin: Origin,
}

/// What a rewriter needs to give back everything it is not told to change.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// The batch says everything.
    Batch,
    /// The lines of a JSON Lines file and where its values are.
    Lines(SourceLines),
    /// All columns of a Parquet file, nested as they were.
    Nested(RecordBatch),
}

impl Block {
    /// Rows of this block.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }
}

/// A batch that knows its rows even without columns.
pub(crate) fn batch_of(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, TabularError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|error| TabularError::Shape { problem: error.to_string() })
}
