//! What was measured of a table or a part of it, as bytes.
//!
//! Layout, version 1: the four bytes `SLCS`, the version as one byte, the XXH3-64 of what follows (8 bytes, little-endian), and
//! a Zstandard frame around the state in postcard's encoding. The checksum tells damage, not tampering. Reading is safe for
//! hostile bytes: sizes are bounded before memory is taken.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::{Deserialize, Serialize};
use sluice_common::port::{ColumnStatistics, TableColumn};
use xxhash_rust::xxh3::xxh3_64;

use crate::column::Column;

const MAGIC: [u8; 4] = *b"SLCS";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 13;
/// The largest state that is read, inflated: 4,096 columns and their names.
const MOST_INFLATED_BYTES: u64 = 64 << 20;
/// The largest state that is read.
pub const MOST_BYTES: u64 = 32 << 20;
const LEVEL: i32 = 3;

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
    /// Not a state.
    #[error("these are not the bytes of a table's state, which start with `SLCS`")]
    Magic,
    /// A state of another version.
    #[error("the state has version {found}, this release reads version {VERSION}; publish the object again")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The bytes are damaged.
    #[error("the state is damaged: {problem}; publish the object again")]
    Damaged {
        /// What does not fit.
        problem: &'static str,
    },
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
        let failed = |problem: String| StateError::Write { problem };
        let plain = postcard::to_allocvec(self).map_err(|error| failed(error.to_string()))?;
        let frame = zstd::bulk::compress(&plain, LEVEL).map_err(|error| failed(error.to_string()))?;
        let too_large = |bytes: usize, most: u64| u64::try_from(bytes).is_ok_and(|bytes| bytes > most);
        if too_large(plain.len(), MOST_INFLATED_BYTES) || too_large(frame.len() + HEADER_BYTES, MOST_BYTES) {
            return Err(failed("it has too many columns".to_owned()));
        }
        let mut bytes = Vec::with_capacity(HEADER_BYTES + frame.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&xxh3_64(&frame).to_le_bytes());
        bytes.extend_from_slice(&frame);
        Ok(bytes)
    }

    /// Reads a state.
    ///
    /// # Errors
    /// The bytes are no state, of another version, damaged, or larger than 64 MiB inflated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let (header, frame) = bytes.split_at_checked(HEADER_BYTES).ok_or(StateError::Magic)?;
        let (magic, header) = header.split_first_chunk().ok_or(StateError::Magic)?;
        if *magic != MAGIC {
            return Err(StateError::Magic);
        }
        let (version, checksum) = header.split_first().ok_or(StateError::Magic)?;
        if *version != VERSION {
            return Err(StateError::Version { found: *version });
        }
        if checksum != xxh3_64(frame).to_le_bytes() {
            return Err(StateError::Damaged { problem: "its checksum does not fit" });
        }
        Self::from_frame(frame)
    }

    fn from_frame(frame: &[u8]) -> Result<Self, StateError> {
        let damaged = |problem| StateError::Damaged { problem };
        let inflating = zstd::stream::read::Decoder::with_buffer(frame).or(Err(damaged("it is not compressed")))?;
        let mut inflated = Vec::new();
        let read = inflating.take(MOST_INFLATED_BYTES + 1).read_to_end(&mut inflated);
        if read.is_err() || u64::try_from(inflated.len()).is_ok_and(|bytes| bytes > MOST_INFLATED_BYTES) {
            return Err(damaged("it cannot be inflated"));
        }
        let (state, rest) =
            postcard::take_from_bytes::<Self>(&inflated).or(Err(damaged("it is not encoded as one")))?;
        if !rest.is_empty() || !state.columns.values().all(Column::is_sound) {
            return Err(damaged("it holds what no state does"));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests;
