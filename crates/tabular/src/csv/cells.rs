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
use crate::views::{Cells, presence_array, view, view_inside, view_of_copied};

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
        presence_array(match (column, column + 1 == self.columns) {
            (0, false) => self.present(self.first_spans::<false>()),
            (0, true) => self.present(self.first_spans::<true>()),
            (_, false) => self.present(self.later_spans::<false>(column)),
            (_, true) => self.present(self.later_spans::<true>(column)),
        })
    }

    fn present(&self, mut spans: impl Iterator<Item = (usize, usize)>) -> BooleanBuffer {
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
        match (column, column + 1 == self.columns) {
            (0, false) => self.append_spans(self.first_spans::<false>(), cells),
            (0, true) => self.append_spans(self.first_spans::<true>(), cells),
            (_, false) => self.append_spans(self.later_spans::<false>(column), cells),
            (_, true) => self.append_spans(self.later_spans::<true>(column), cells),
        }
    }

    /// What stands for NULL beside the empty text is looked for afterwards: the loop over cells must keep what it needs in
    /// registers.
    #[inline(always)]
    fn append_spans(&self, spans: impl Iterator<Item = (usize, usize)> + Clone, cells: &mut Cells) {
        let (first_row, nulls) = (cells.len(), cells.null_rows.len());
        match self.quote {
            None => unquoted(self.bytes, spans.clone(), cells),
            Some(quote) if self.doubled => self.with_doubled_quotes(spans.clone(), quote, cells),
            Some(quote) => quoted(self.bytes, spans.clone(), quote, cells),
        }
        if !self.empty_is_null {
            cells.null_rows.truncate(nulls);
        }
        if !self.null_text.is_empty() {
            let is_null = |start, end| !self.is_quoted(start, end) && self.is_null_text(start, end);
            let rows = spans.zip(first_row..).filter(|((start, end), _)| is_null(*start, *end));
            cells.null_rows.extend(rows.map(|(_, row)| row));
        }
    }

    /// Start and end of each cell of the first column, quotes included.
    #[inline(always)]
    fn first_spans<const LAST: bool>(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        self.starts.iter().zip(self.ends.chunks(self.columns)).map(|(start, ends)| self.span::<LAST>(*start, ends[0]))
    }

    /// The same of another column. The cell before it ends where it begins; a walk over `chunks` steps by an addition, where
    /// zipped rows are multiplied out.
    #[inline(always)]
    fn later_spans<const LAST: bool>(&self, column: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
        let from_the_one_before = self.ends.get(column - 1..).unwrap_or_default();
        from_the_one_before.chunks(self.columns).map(|ends| self.span::<LAST>(ends[0].wrapping_add(1), ends[1]))
    }

    /// A cell without the CR of a CR LF.
    #[inline(always)]
    fn span<const LAST: bool>(&self, start: u32, end: u32) -> (usize, usize) {
        let (start, end) = (start as usize, end as usize);
        if LAST && end > start && self.bytes[end - 1] == b'\r' { (start, end - 1) } else { (start, end) }
    }

    #[inline(always)]
    fn is_null(&self, start: usize, end: usize) -> bool {
        start == end && self.empty_is_null || !self.null_text.is_empty() && self.is_null_text(start, end)
    }

    fn is_null_text(&self, start: usize, end: usize) -> bool {
        let text = &self.bytes[start..end];
        self.null_text.iter().any(|null| null.as_bytes() == text)
    }

    /// Cells of a block that may have doubled quotes, which are rare: their texts are copied.
    #[inline(never)]
    fn with_doubled_quotes(&self, spans: impl Iterator<Item = (usize, usize)>, quote: u8, cells: &mut Cells) {
        for (start, end) in spans {
            if !self.is_quoted(start, end) {
                if start == end {
                    cells.null_rows.push(cells.views.len());
                }
                cells.views.push(view(self.bytes, start, end));
                continue;
            }
            let text = &self.bytes[start + 1..end - 1];
            if memchr::memchr(quote, text).is_none() {
                cells.views.push(view(self.bytes, start + 1, end - 1));
                continue;
            }
            let from = cells.copied.len();
            unescape(text, quote, &mut cells.copied);
            cells.views.push(view_of_copied(&cells.copied, from));
        }
    }
}

/// Appends cells of a block without quotes, and the rows of those that are empty.
#[inline(never)]
fn unquoted(bytes: &[u8], spans: impl Iterator<Item = (usize, usize)>, cells: &mut Cells) {
    let Cells { views, null_rows, .. } = cells;
    let first = views.len();
    views.extend(spans.enumerate().map(|(row, (start, end))| {
        if start == end {
            null_rows.push(first + row);
        }
        view(bytes, start, end)
    }));
}

/// The same for a block with quotes, of which none is doubled. They are left out by arithmetic, for cells with and without
/// quotes take turns.
#[inline(never)]
fn quoted(bytes: &[u8], spans: impl Iterator<Item = (usize, usize)>, quote: u8, cells: &mut Cells) {
    let Cells { views, null_rows, .. } = cells;
    let first = views.len();
    views.extend(spans.enumerate().map(|(row, (start, end))| {
        if start == end {
            null_rows.push(first + row);
        }
        view_inside(bytes, start, end, quote)
    }));
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
