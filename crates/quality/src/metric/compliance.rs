//! Rows that pass a test, and where the first others stand.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::value::{count, from_count};

/// How many failing rows a state remembers.
pub(crate) const MAX_LOCATIONS: usize = 10;

/// Rows and passing rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compliance {
    pub(crate) rows: u64,
    pub(crate) passed: u64,
    /// Numbers of the first failing rows, from 0.
    pub(crate) first_failing: Vec<u64>,
}

impl Compliance {
    /// All rows of a table.
    pub(crate) fn of(passed: &BooleanBuffer) -> Self {
        let mut found = Self::default();
        found.update(passed, None, 0);
        found
    }

    pub(super) fn update(&mut self, marks: &BooleanBuffer, filter: Option<&BooleanBuffer>, first_row: u64) {
        let (rows, passed) = match filter {
            Some(filter) => (filter.count_set_bits(), (marks & filter).count_set_bits()),
            None => (marks.len(), marks.count_set_bits()),
        };
        self.rows += count(rows);
        self.passed += count(passed);
        let room = MAX_LOCATIONS.saturating_sub(self.first_failing.len());
        if passed < rows && room > 0 {
            let failing = filter.map_or_else(|| !marks, |filter| &!marks & filter);
            self.first_failing.extend(failing.set_indices().take(room).map(|row| first_row + count(row)));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.passed = self.passed.saturating_add(other.passed).min(self.rows);
        let room = MAX_LOCATIONS.saturating_sub(self.first_failing.len());
        self.first_failing.extend(other.first_failing.iter().take(room));
    }

    /// Passing rows for each row.
    pub(crate) fn ratio(&self) -> f64 {
        from_count(self.passed) / from_count(self.rows)
    }
}
