//! What was measured of a table or a part of it, as bytes.
//!
//! Packed as `SLCS`, version 1. The checksum tells damage, not tampering.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_common::port::{ColumnStatistics, TableColumn};
use sluice_packed::{PackError, Packing, UnpackError};

use crate::column::Column;

const VERSION: u8 = 1;
/// The largest state, inflated, has 4,096 columns and their names.
const PACKING: Packing = Packing { magic: *b"SLCS", version: VERSION, most_bytes: 64 << 20 };
/// The largest state that is read.
pub const MOST_BYTES: u64 = 32 << 20;

/// What was measured of a table, or of some of its objects. The states of parts merge to that of the whole, in any order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableState {
    pub(crate) rows: u64,
    pub(crate) columns: BTreeMap<String, Column>,
}

/// Why a state cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// These are no bytes of a state.
    #[error("the state cannot be read: {0}; publish the object again")]
    Unreadable(UnpackError),
    /// It cannot be written.
    #[error("the state cannot be written: {problem}")]
    Write {
        /// What was said.
        problem: String,
    },
}

impl TableState {
    /// Rows that were measured.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes in what was measured of other objects. A column that one side lacks is NULL in its rows.
    pub fn merge(&mut self, other: &Self) {
        for (name, ours) in &mut self.columns {
            match other.columns.get(name) {
                Some(theirs) => ours.merge(theirs),
                None => ours.nulls = ours.nulls.saturating_add(other.rows),
            }
        }
        for (name, theirs) in &other.columns {
            if !self.columns.contains_key(name) {
                let mut column = theirs.clone();
                column.nulls = column.nulls.saturating_add(self.rows);
                self.columns.insert(name.clone(), column);
            }
        }
        self.rows = self.rows.saturating_add(other.rows);
    }

    /// What a catalog is told of each column, in the order of their names.
    pub fn statistics(&self) -> Vec<ColumnStatistics> {
        let told = self.columns.iter().filter_map(|(name, column)| {
            let hive_type = column.hive_type.clone();
            Some(ColumnStatistics {
                column: TableColumn { name: name.clone(), hive_type },
                data: column.told(self.rows)?,
            })
        });
        told.collect()
    }

    /// Writes the state.
    ///
    /// # Errors
    /// [`StateError::Write`], for more columns than a table may have.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let too_large = || StateError::Write { problem: "it has too many columns".to_owned() };
        let bytes = PACKING.pack(self).map_err(|error| match error {
            PackError::TooLarge { .. } => too_large(),
            other => StateError::Write { problem: other.to_string() },
        })?;
        let is_too_large = u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > MOST_BYTES);
        if is_too_large { Err(too_large()) } else { Ok(bytes) }
    }

    /// Reads a state.
    ///
    /// # Errors
    /// The bytes are no state, of another version, damaged, or larger than 64 MiB inflated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        Self::checked(PACKING.unpack(bytes))
    }

    fn checked(read: Result<Self, UnpackError>) -> Result<Self, StateError> {
        let state = read.map_err(StateError::Unreadable)?;
        if !state.columns.values().all(Column::is_sound) {
            return Err(StateError::Unreadable(UnpackError::Damaged { problem: "it holds what no state does" }));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests;
