//! Turns the positions of cells into string views over their block.

#![expect(
    clippy::indexing_slicing,
    reason = "measured kernel: positions come from the scan of the same block, and the shape is checked first"
)]

use std::sync::Arc;

use arrow_array::StringViewArray;
use arrow_buffer::Buffer;

use crate::error::TabularError;
use crate::views::{Cells, view};

/// One block, split.
#[derive(Debug)]
pub(crate) struct Grid<'a> {
    pub(crate) bytes: &'a [u8],
    /// End of each cell, row by row.
    pub(crate) ends: &'a [u32],
    /// Position of each row's first byte.
    pub(crate) starts: &'a [u32],
    pub(crate) columns: usize,
    /// The quote, if the block holds one.
    pub(crate) quote: Option<u8>,
    /// Whether a quoted cell may hold doubled quotes.
    pub(crate) doubled: bool,
    /// Texts other than the empty one that stand for NULL.
    pub(crate) null_text: &'a [String],
    /// Whether the empty text stands for NULL.
    pub(crate) empty_is_null: bool,
}

impl Grid<'_> {
    /// Position and length of a cell, without the CR of a CR LF, quotes included.
    #[inline]
    pub(crate) fn cell(&self, row: usize, column: usize) -> (usize, usize) {
        let at = row * self.columns + column;
        let start = if column == 0 { self.starts[row] as usize } else { self.ends[at - 1] as usize + 1 };
        let end = self.ends[at] as usize;
        let is_last = column + 1 == self.columns;
        if is_last && end > start && self.bytes[end - 1] == b'\r' { (start, end - 1) } else { (start, end) }
    }

    /// The views of one column over `block`, which holds the same bytes as the grid.
    pub(crate) fn column(&self, column: usize, block: &Arc<[Buffer]>) -> Result<StringViewArray, TabularError> {
        let mut cells = Cells::with_rows(self.starts.len());
        match self.quote {
            None => self.unquoted(column, &mut cells),
            Some(quote) => self.quoted(column, quote, &mut cells)?,
        }
        cells.finish(block)
    }

    fn unquoted(&self, column: usize, cells: &mut Cells) {
        for row in 0..self.starts.len() {
            let (start, end) = self.cell(row, column);
            self.push_unquoted(start, end, cells);
        }
    }

    #[inline]
    fn push_unquoted(&self, start: usize, end: usize, cells: &mut Cells) {
        if start == end && self.empty_is_null || !self.null_text.is_empty() && self.is_null_text(start, end) {
            cells.push_null();
        } else {
            cells.push(view(self.bytes, start, end));
        }
    }

    fn is_null_text(&self, start: usize, end: usize) -> bool {
        let text = &self.bytes[start..end];
        self.null_text.iter().any(|null| null.as_bytes() == text)
    }

    fn quoted(&self, column: usize, quote: u8, cells: &mut Cells) -> Result<(), TabularError> {
        for row in 0..self.starts.len() {
            let (start, end) = self.cell(row, column);
            // A quoted cell has two quotes: the scan or the walk has seen to it.
            if end - start < 2 || self.bytes[start] != quote {
                self.push_unquoted(start, end, cells);
                continue;
            }
            let (start, end) = (start + 1, end - 1);
            if self.doubled && memchr::memchr(quote, &self.bytes[start..end]).is_some() {
                cells.push_copied(|out| {
                    unescape(&self.bytes[start..end], quote, out);
                    Ok(())
                })?;
            } else {
                cells.push(view(self.bytes, start, end));
            }
        }
        Ok(())
    }
}

/// The text between the quotes of a quoted cell, doubled quotes halved.
pub(crate) fn unescape(text: &[u8], quote: u8, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(quote, rest) {
        out.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
