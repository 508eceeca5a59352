//! Blocks between reading and decoding.

use arrow_array::RecordBatch;

use crate::block::{Block, Origin};
use crate::csv::RawRows;
use crate::error::TabularError;
use crate::json::RawLines;

/// Whole rows that are read and, in the text formats, not decoded yet.
///
/// Bytes are read one after the other; decoding text needs nothing but the block. So several threads can decode blocks of one
/// table. Parquet is decoded as it is read: two threads with half of the columns each were not faster.
#[derive(Debug)]
pub struct RawBlock(pub(crate) Raw);

#[derive(Debug)]
pub(crate) enum Raw {
    Csv(Box<RawRows>),
    JsonLines(Box<RawLines>),
    Decoded(RecordBatch, Origin),
}

impl RawBlock {
    /// The rows, which may be none.
    ///
    /// # Errors
    /// When the block is malformed or crosses a cap. An error of an earlier block comes before that of a later one: who
    /// decodes them at a time has to keep them in order.
    pub fn decode(self) -> Result<RecordBatch, TabularError> {
        self.decode_whole().map(|(batch, _)| batch)
    }

    fn decode_whole(self) -> Result<(RecordBatch, Origin), TabularError> {
        match self.0 {
            Raw::Csv(rows) => Ok((rows.decode()?, Origin::Batch)),
            Raw::JsonLines(lines) => lines.decode(),
            Raw::Decoded(batch, origin) => Ok((batch, origin)),
        }
    }

    /// The rows as a block whose first one has this number, or `None` when there is none.
    pub(crate) fn into_block(self, first_row: u64) -> Result<Option<Block>, TabularError> {
        let (batch, origin) = self.decode_whole()?;
        Ok((batch.num_rows() > 0).then_some(Block { batch, first_row, origin }))
    }
}
