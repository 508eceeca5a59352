//! Rows of CSV whose cells are found and not looked at yet.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;

use crate::block::batch_of;
use crate::csv::cells::{Grid, Wanted};
use crate::csv::rows::rows;
use crate::csv::scan::Ends;
use crate::error::{Limit, Place, TabularError};
use crate::options::{Caps, TextType};
use crate::text::{check_utf8, place_in};

/// How the cells of a table become columns.
#[derive(Debug, Clone)]
pub(crate) struct Decoding {
    pub(crate) caps: Caps,
    pub(crate) text: TextType,
    /// Cells of a row.
    pub(crate) columns: usize,
    pub(crate) null_text: Vec<String>,
    pub(crate) empty_is_null: bool,
    pub(crate) projection: Vec<usize>,
    /// Whether only NULL or not is wanted, by column of the projection.
    pub(crate) presence_only: Vec<bool>,
    pub(crate) schema: SchemaRef,
    pub(crate) spare: Spare,
}

/// Positions of blocks that are done with: their memory is used again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spare(Arc<Mutex<Vec<Ends>>>);

impl Spare {
    pub(crate) fn take(&self) -> Ends {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        ends.clear();
        ends
    }

    fn put(&self, ends: Ends) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ends);
    }
}

/// Whole rows, and where their cells end.
#[derive(Debug)]
pub(crate) struct RawRows {
    pub(crate) block: Buffer,
    /// Where the block begins in the table.
    pub(crate) at: Place,
    pub(crate) ends: Ends,
    /// Line feeds outside quotes.
    pub(crate) line_feeds: usize,
    /// The quote, if the block holds one.
    pub(crate) quote: Option<u8>,
    /// Whether a quoted cell may hold doubled quotes.
    pub(crate) doubled: bool,
    pub(crate) decoding: Arc<Decoding>,
}

impl RawRows {
    /// The columns asked for; no rows when all lines are blank.
    pub(crate) fn decode(mut self) -> Result<RecordBatch, TabularError> {
        let starts = self.starts()?;
        check_utf8(&self.block, self.at)?;
        self.check_sizes(&starts)?;
        let decoding = Arc::clone(&self.decoding);
        let buffers: Arc<[Buffer]> = [self.block.clone()].into();
        let grid = Grid {
            bytes: self.block.as_slice(),
            ends: self.ends.as_slice(),
            starts: &starts,
            columns: decoding.columns,
            quote: self.quote,
            doubled: self.doubled,
            null_text: &decoding.null_text,
            empty_is_null: decoding.empty_is_null,
        };
        let wanted =
            Wanted { columns: &decoding.projection, presence_only: &decoding.presence_only, text: decoding.text };
        let columns = grid.columns(wanted, &buffers);
        decoding.spare.put(self.ends);
        batch_of(&decoding.schema, columns, starts.len())
    }

    /// Positions of the rows' first bytes; blank lines are none.
    fn starts(&mut self) -> Result<Vec<u32>, TabularError> {
        let columns = self.decoding.columns;
        let mut starts = Vec::with_capacity(self.line_feeds);
        rows(&self.block, columns, self.line_feeds, &mut self.ends, &mut starts).map_err(|ragged| {
            TabularError::Ragged {
                line: self.place(ragged.start).line,
                expected: columns as u64,
                found: ragged.found as u64,
            }
        })?;
        Ok(starts)
    }

    /// Refuses rows and cells that are larger than their caps.
    fn check_sizes(&self, starts: &[u32]) -> Result<(), TabularError> {
        let caps = &self.decoding.caps;
        if self.block.len() <= caps.row_bytes.min(caps.field_bytes) {
            return Ok(());
        }
        let row_ends = self.ends.as_slice().chunks(self.decoding.columns.max(1));
        for (start, ends) in starts.iter().map(|start| *start as usize).zip(row_ends) {
            let mut cell_start = start;
            for end in ends.iter().map(|end| *end as usize) {
                if end - cell_start > caps.field_bytes {
                    return Err(self.limit(Limit::FieldBytes, caps.field_bytes, cell_start));
                }
                cell_start = end + 1;
            }
            if cell_start - start > caps.row_bytes {
                return Err(self.limit(Limit::RowBytes, caps.row_bytes, start));
            }
        }
        Ok(())
    }

    fn place(&self, at: usize) -> Place {
        place_in(&self.block, at, self.at)
    }

    fn limit(&self, limit: Limit, allowed: usize, at: usize) -> TabularError {
        TabularError::Limit { limit, allowed: allowed as u64, place: Some(self.place(at)) }
    }
}
