//! Turns the positions of cells into string views over their block.

#![expect(
    clippy::indexing_slicing,
    clippy::inline_always,
    reason = "measured kernel: positions come from the scan of the same block, and the shape is checked first; \
              calls in the loop over cells were measured to cost a fifth of it"
)]

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::{BooleanBuffer, Buffer};

use crate::options::TextType;
use crate::views::{Cells, presence_array, view, view_of_copied};

/// Rows of which every column is read before the next rows are looked at, so that their bytes stay in the first cache.
const STRIP_ROWS: usize = 128;

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

/// What is wanted of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The columns, by their places in the file.
    pub(crate) columns: &'a [usize],
    /// Of which of them only NULL or not is wanted.
    pub(crate) presence_only: &'a [bool],
    pub(crate) text: TextType,
}

impl Grid<'_> {
    /// Some columns as views over `block`, which holds the same bytes as the grid, valid UTF-8; or as what is not NULL.
    pub(crate) fn columns(&self, wanted: Wanted<'_>, block: &Arc<[Buffer]>) -> Vec<ArrayRef> {
        let asked = || wanted.columns.iter().zip(wanted.presence_only);
        let with_text: Vec<usize> =
            asked().filter(|(_, presence_only)| !**presence_only).map(|(column, _)| *column).collect();
        let mut texts = self.texts(&with_text).into_iter();
        let columns = asked().map(|(column, presence_only)| {
            if *presence_only {
                return self.presence(*column);
            }
            texts.next().unwrap_or_default().finish_cut_at_ascii(wanted.text, block)
        });
        columns.collect()
    }

    /// The cells of some columns.
    fn texts(&self, projection: &[usize]) -> Vec<Cells> {
        let mut columns: Vec<Cells> = projection.iter().map(|_| Cells::with_rows(self.starts.len())).collect();
        let strips = self.starts.chunks(STRIP_ROWS).zip(self.ends.chunks(STRIP_ROWS * self.columns.max(1)));
        for (starts, ends) in strips {
            let strip = Self { ends, starts, ..*self };
            for (column, cells) in projection.iter().zip(&mut columns) {
                strip.append(*column, cells);
            }
        }
        columns
    }

    /// Which cells of a column are not NULL, as a column that is true there.
    fn presence(&self, column: usize) -> ArrayRef {
        let present =
            if column + 1 == self.columns { self.present::<true>(column) } else { self.present::<false>(column) };
        presence_array(present)
    }

    fn present<const LAST: bool>(&self, column: usize) -> BooleanBuffer {
        let mut spans = self.spans::<LAST>(column);
        BooleanBuffer::collect_bool(self.starts.len(), |_| {
            let is_null = |(start, end)| self.is_null(start, end) && !self.is_quoted(start, end);
            !spans.next().is_some_and(is_null)
        })
    }

    /// Whether a cell stands in quotes. It has two: the scan or the walk has seen to it.
    #[inline(always)]
    #[expect(clippy::needless_bitwise_bool, reason = "measured: neither comparison waits for a branch on the other")]
    fn is_quoted(&self, start: usize, end: usize) -> bool {
        self.quote.is_some_and(|quote| (end - start >= 2) & (self.bytes[start] == quote))
    }

    /// Appends the cells of one column.
    fn append(&self, column: usize, cells: &mut Cells) {
        let is_last = column + 1 == self.columns;
        match (self.quote, is_last) {
            (None, false) => self.unquoted::<false>(column, cells),
            (None, true) => self.unquoted::<true>(column, cells),
            (Some(quote), false) => self.quoted::<false>(column, quote, cells),
            (Some(quote), true) => self.quoted::<true>(column, quote, cells),
        }
    }

    /// Start and end of each cell of a column, without the CR of a CR LF, quotes included.
    #[inline(always)]
    fn spans<const LAST: bool>(&self, column: usize) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.ends.chunks_exact(self.columns).zip(self.starts);
        rows.map(move |(ends, row_start)| {
            let start = if column == 0 { *row_start } else { ends[column - 1] + 1 } as usize;
            let end = ends[column] as usize;
            if LAST && end > start && self.bytes[end - 1] == b'\r' { (start, end - 1) } else { (start, end) }
        })
    }

    fn unquoted<const LAST: bool>(&self, column: usize, cells: &mut Cells) {
        let Cells { views, null_rows, .. } = cells;
        let first = views.len();
        views.extend(self.spans::<LAST>(column).enumerate().map(|(row, (start, end))| {
            if self.is_null(start, end) {
                null_rows.push(first + row);
            }
            view(self.bytes, start, end)
        }));
    }

    #[inline(always)]
    fn is_null(&self, start: usize, end: usize) -> bool {
        start == end && self.empty_is_null || !self.null_text.is_empty() && self.is_null_text(start, end)
    }

    fn is_null_text(&self, start: usize, end: usize) -> bool {
        let text = &self.bytes[start..end];
        self.null_text.iter().any(|null| null.as_bytes() == text)
    }

    fn quoted<const LAST: bool>(&self, column: usize, quote: u8, cells: &mut Cells) {
        let Cells { views, null_rows, copied } = cells;
        let first = views.len();
        views.extend(self.spans::<LAST>(column).enumerate().map(|(row, (start, end))| {
            // The quotes are left out by arithmetic, for cells with and without quotes take turns.
            let is_quoted = self.is_quoted(start, end);
            let quotes = usize::from(is_quoted);
            let (inner_start, inner_end) = (start + quotes, end - quotes);
            if is_quoted && self.doubled && memchr::memchr(quote, &self.bytes[inner_start..inner_end]).is_some() {
                let from = copied.len();
                unescape(&self.bytes[inner_start..inner_end], quote, copied);
                return view_of_copied(copied, from);
            }
            if !is_quoted && self.is_null(start, end) {
                null_rows.push(first + row);
            }
            view(self.bytes, inner_start, inner_end)
        }));
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
