//! Turns the positions of cells into string views over their block.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "measured kernel: positions come from the scan of the same block, which is shorter than 4 GiB"
)]

use std::sync::Arc;

use arrow_array::StringViewArray;
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};

use crate::error::TabularError;

/// Longest text that a view holds itself (Arrow columnar format, "Variable-size Binary View Layout").
const INLINE_BYTES: usize = 12;

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
            Some(quote) => self.quoted(column, quote, &mut cells),
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

    fn quoted(&self, column: usize, quote: u8, cells: &mut Cells) {
        for row in 0..self.starts.len() {
            let (start, end) = self.cell(row, column);
            // A quoted cell has two quotes: the scan or the walk has seen to it.
            if end - start < 2 || self.bytes[start] != quote {
                self.push_unquoted(start, end, cells);
                continue;
            }
            let (start, end) = (start + 1, end - 1);
            if self.doubled && memchr::memchr(quote, &self.bytes[start..end]).is_some() {
                cells.push_copied(&self.bytes[start..end], quote);
            } else {
                cells.push(view(self.bytes, start, end));
            }
        }
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

/// The view of `bytes[start..end]` in buffer 0.
#[inline]
fn view(bytes: &[u8], start: usize, end: usize) -> u128 {
    let len = end - start;
    if len > INLINE_BYTES {
        let prefix = u32::from_le_bytes([bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]]);
        return len as u128 | u128::from(prefix) << 32 | (start as u128) << 96;
    }
    let text = if let Some(near) = bytes.get(start..start + 16).and_then(|near| near.first_chunk::<16>()) {
        u128::from_le_bytes(*near) & ((1 << (8 * len)) - 1)
    } else {
        let mut near = [0; 16];
        near[..len].copy_from_slice(&bytes[start..end]);
        u128::from_le_bytes(near)
    };
    text << 32 | len as u128
}

/// A column in the making.
struct Cells {
    views: Vec<u128>,
    /// Rows that are NULL.
    null_rows: Vec<u32>,
    /// Texts that could not stay where they are. Buffer 1 of the array.
    copied: Vec<u8>,
}

impl Cells {
    fn with_rows(rows: usize) -> Self {
        Self { views: Vec::with_capacity(rows), null_rows: Vec::new(), copied: Vec::new() }
    }

    #[inline]
    fn push(&mut self, view: u128) {
        self.views.push(view);
    }

    #[inline]
    fn push_null(&mut self) {
        self.null_rows.push(self.views.len() as u32);
        self.views.push(0);
    }

    fn push_copied(&mut self, text: &[u8], quote: u8) {
        let start = self.copied.len();
        unescape(text, quote, &mut self.copied);
        let view = view(&self.copied, start, self.copied.len());
        let in_copied = if self.copied.len() - start > INLINE_BYTES { 1 << 64 } else { 0 };
        self.views.push(view | in_copied);
    }

    fn finish(self, block: &Arc<[Buffer]>) -> Result<StringViewArray, TabularError> {
        let rows = self.views.len();
        let nulls = (!self.null_rows.is_empty()).then(|| {
            let mut valid = BooleanBufferBuilder::new(rows);
            valid.append_n(rows, true);
            for row in &self.null_rows {
                valid.set_bit(*row as usize, false);
            }
            NullBuffer::new(valid.finish())
        });
        let buffers = if self.copied.is_empty() {
            Arc::clone(block)
        } else {
            block.iter().cloned().chain([Buffer::from_vec(self.copied)]).collect()
        };
        StringViewArray::try_new(ScalarBuffer::from(self.views), buffers, nulls)
            .map_err(|error| TabularError::Shape { problem: error.to_string() })
    }
}
