//! Texts against a list, in which NULL, EMPTY and `WHITESPACES_ONLY` may stand.

use std::collections::HashSet;

use arrow_buffer::BooleanBuffer;

use super::{mark_texts, with_nulls};
use crate::cells::{Cells, INLINE_BYTES, Texts, view_length};
use crate::frame::Frame;
use crate::plan::ColumnId;

/// Above this many short texts a hash set is faster than comparing with each.
const MAX_LINEAR: usize = 16;

/// A list of texts, and the words that stand for classes of them.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each word may stand in the list or not")]
pub(crate) struct TextSet {
    /// Texts that their Arrow view holds completely, as views.
    short: Vec<u128>,
    short_set: HashSet<u128>,
    long: HashSet<Box<[u8]>>,
    /// `NULL` is named.
    pub(crate) null: bool,
    /// `EMPTY` is named.
    pub(crate) empty: bool,
    /// `WHITESPACES_ONLY` is named.
    pub(crate) whitespace: bool,
    /// The condition is `!=` or `not in`.
    pub(crate) negated: bool,
}

impl TextSet {
    /// A list without texts.
    pub(crate) fn new(negated: bool) -> Self {
        Self { negated, ..Self::default() }
    }

    /// Adds a text.
    pub(crate) fn insert(&mut self, text: &str) {
        match u32::try_from(text.len()) {
            Ok(length) if length <= INLINE_BYTES => {
                let view = arrow_array::builder::make_view(text.as_bytes(), 0, 0);
                if !self.short.contains(&view) {
                    self.short.push(view);
                }
                if self.short.len() > MAX_LINEAR {
                    self.short_set = self.short.iter().copied().collect();
                }
            }
            _ => {
                self.long.insert(text.as_bytes().into());
            }
        }
    }

    /// Whether a NULL row passes. A negated class of texts compares with NULL and so fails it, as it does in SQL.
    fn null_passes(&self) -> bool {
        if self.negated { !(self.null || self.empty || self.whitespace) } else { self.null }
    }

    pub(super) fn mark(&self, frame: &Frame<'_>, column: ColumnId) -> BooleanBuffer {
        let cells = frame.cells(column);
        let Cells::Text(array) = cells else {
            return mark_texts(frame, column, self.null_passes(), |text| self.contains_bytes(text) != self.negated);
        };
        let texts = Texts::new(array);
        let views = texts.views();
        let linear = self.short_set.is_empty() && self.long.is_empty() && !self.whitespace && !self.empty;
        let marks = if linear {
            mark_views(views, &self.short, self.negated)
        } else {
            let passes = |row| {
                let view = views.get(row).copied().unwrap_or_default();
                self.contains(view, || texts.bytes(row)) != self.negated
            };
            BooleanBuffer::collect_bool(frame.rows, passes)
        };
        with_nulls(marks, cells.valid(), self.null_passes())
    }

    #[inline]
    fn contains<'t>(&self, view: u128, text: impl Fn() -> &'t [u8]) -> bool {
        let length = view_length(view);
        if length == 0 && self.empty {
            return true;
        }
        let listed = if length > INLINE_BYTES {
            !self.long.is_empty() && self.long.contains(text())
        } else if self.short_set.is_empty() {
            self.short.contains(&view)
        } else {
            self.short_set.contains(&view)
        };
        listed || (self.whitespace && length > 0 && is_blank(text()))
    }

    fn contains_bytes(&self, text: &[u8]) -> bool {
        let view = match u32::try_from(text.len()) {
            Ok(length) if length <= INLINE_BYTES => arrow_array::builder::make_view(text, 0, 0),
            _ => u128::from(u32::MAX),
        };
        self.contains(view, || text)
    }
}

fn is_blank(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
}

/// Compares each view with each listed one, without a branch.
fn mark_views(views: &[u128], listed: &[u128], negated: bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(views.len().div_ceil(64));
    for block in views.chunks(64) {
        let mut word = 0;
        for (bit, view) in block.iter().enumerate() {
            // No early exit: a fixed number of comparisons is what the compiler makes vectors of.
            let found = listed.iter().map(|other| u64::from(other == view)).sum::<u64>().min(1);
            word |= (found ^ u64::from(negated)) << bit;
        }
        words.push(word);
    }
    BooleanBuffer::new(words.into(), 0, views.len())
}
