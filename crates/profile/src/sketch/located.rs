//! How many rows have some property, and which come first.

use std::ops::Range;

/// Rows that are named of each kind.
pub(crate) const MAX_ROWS: usize = 10;

/// A count of rows and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) count: u64,
    /// Ascending, at most [`MAX_ROWS`].
    pub(crate) first: Vec<u64>,
}

impl Rows {
    #[inline]
    pub(crate) fn note(&mut self, row: u64) {
        self.count += 1;
        if self.first.len() < MAX_ROWS {
            self.first.push(row);
        }
    }

    /// All of these rows.
    pub(crate) fn all(rows: Range<u64>) -> Self {
        Self { count: rows.end.saturating_sub(rows.start), first: rows.take(MAX_ROWS).collect() }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.first.extend_from_slice(&other.first);
        self.first.sort_unstable();
        self.first.truncate(MAX_ROWS);
    }
}
