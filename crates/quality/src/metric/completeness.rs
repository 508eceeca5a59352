//! Rows, and how many of them have a value.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::value::{count, from_count};

/// Rows and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Completeness {
    pub(crate) rows: u64,
    pub(crate) values: u64,
}

impl Completeness {
    /// Takes in `rows` rows; `present` marks those with a value, `None` all.
    pub(super) fn update(&mut self, rows: u64, present: Option<&BooleanBuffer>) {
        self.rows += rows;
        self.values += present.map_or(rows, |present| count(present.count_set_bits()));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        // A stored state is input: its counts must not make this panic.
        self.rows = self.rows.saturating_add(other.rows);
        self.values = self.values.saturating_add(other.values);
    }

    /// Values for each row.
    pub(crate) fn ratio(&self) -> f64 {
        from_count(self.values) / from_count(self.rows)
    }
}
