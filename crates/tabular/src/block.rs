//! What a reader yields: some rows, and what they looked like in the input.

use arrow_array::RecordBatch;

/// Consecutive rows of a table.
#[derive(Debug, Clone)]
pub struct Block {
    /// The projected columns. Text formats give `Utf8View` columns over the block's own bytes; Parquet keeps its types.
    pub batch: RecordBatch,
    /// Number of the batch's first row, counted from 0, a header not included.
    pub first_row: u64,
}

impl Block {
    /// Rows of this block.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }
}
