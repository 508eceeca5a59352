use arrow_array::{BooleanArray, RecordBatch};

use crate::assessor::{class, texts};
use crate::error::RiskError;

/// The most classes that are remembered, eight bytes each.
pub(crate) const MOST_REMEMBERED: usize = 4_000_000;

/// The classes that do not satisfy the bounds, by digest. It picks their rows out of the same table when it is read again.
#[derive(Debug, Clone)]
pub struct OffendingClasses {
    quasi_identifiers: Vec<String>,
    seed: u64,
    /// Sorted; the first 64 bits of a digest. Two classes that share them go together: a class too many is left out,
    /// never one too few.
    classes: Vec<u64>,
}

/// Classes as they are found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    classes: Vec<u64>,
    is_full: bool,
}

impl Found {
    pub(crate) fn add(&mut self, class: u128) {
        if self.classes.len() >= MOST_REMEMBERED {
            self.classes.sort_unstable();
            self.classes.dedup();
            self.is_full = self.classes.len() >= MOST_REMEMBERED;
        }
        if !self.is_full {
            self.classes.push(short(class));
        }
    }

    /// `None` when there were more than are remembered.
    pub(crate) fn finish(mut self, quasi_identifiers: Vec<String>, seed: u64) -> Option<OffendingClasses> {
        self.classes.sort_unstable();
        self.classes.dedup();
        (!self.is_full).then_some(OffendingClasses { quasi_identifiers, seed, classes: self.classes })
    }
}

impl OffendingClasses {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The rows that are in none of them.
    ///
    /// # Errors
    /// When a quasi-identifier is not there or has no text.
    pub fn others(&self, batch: &RecordBatch) -> Result<BooleanArray, RiskError> {
        let known = self.quasi_identifiers.iter().map(|column| texts(batch, column)).collect::<Result<Vec<_>, _>>()?;
        let is_other = |row| self.classes.binary_search(&short(class(&known, row, self.seed))).is_err();
        Ok((0..batch.num_rows()).map(|row| Some(is_other(row))).collect())
    }
}

fn short(class: u128) -> u64 {
    u64::try_from(class >> 64).unwrap_or_default()
}
