//! From blocks of rows to a profile.

use std::collections::{HashMap, HashSet};

use arrow_schema::Schema;
use sluice_tabular::{Block, Reader, TabularError};
use xxhash_rust::xxh3::xxh3_64;

use crate::column::ColumnState;
use crate::profile::Profile;
use crate::sketch::DistinctSample;
use crate::summary;
use crate::text::{Texts, declared_type};

/// Different values held over all columns, at 24 bytes and the slack of hash tables: at most about 70 MB.
const MOST_HELD_VALUES: usize = 1_000_000;
/// Different values below which a column's counts stay exact, whatever the others need.
const ALWAYS_HELD_VALUES: usize = 1_024;
/// Columns up to which quantiles come from sketches of Deequ's size.
const COLUMNS_IN_FULL: usize = 256;
const SKETCH_SIZE: usize = 2_048;
const SMALL_SKETCH_SIZE: usize = 200;

/// Why a table could not be profiled.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The table could not be read.
    #[error(transparent)]
    Table(#[from] TabularError),
    /// A column cannot be turned into text.
    #[error("column `{column}` cannot be profiled: {problem}")]
    Column {
        /// Its name.
        column: String,
        /// What was wrong.
        problem: String,
    },
}

/// Takes in a table block by block. Memory is bounded, however many rows there are and however different their values.
#[derive(Debug, Clone)]
pub struct Profiler {
    rows: u64,
    sketch_size: usize,
    columns: Vec<ColumnState>,
    whole_rows: DistinctSample,
    row_hashes: Vec<u64>,
    most_held: usize,
}

/// Reads a table once and says what it holds.
///
/// # Errors
/// When the table is malformed, crosses a cap or cannot be read to its end.
pub fn profile(mut reader: Reader) -> Result<Profile, ProfileError> {
    let mut profiler = Profiler::new(&reader.schema());
    reader.csv_text_as_bytes();
    for block in reader {
        profiler.update(&block?)?;
    }
    Ok(profiler.finish())
}

impl Profiler {
    /// A profiler for a table with these columns; others may come up. A column of text may later be handed out as bytes.
    pub fn new(schema: &Schema) -> Self {
        let is_wide = schema.fields().len() > COLUMNS_IN_FULL;
        let mut profiler = Self {
            rows: 0,
            sketch_size: if is_wide { SMALL_SKETCH_SIZE } else { SKETCH_SIZE },
            columns: Vec::new(),
            whole_rows: DistinctSample::default(),
            row_hashes: Vec::new(),
            most_held: MOST_HELD_VALUES,
        };
        profiler.add_columns(schema);
        profiler
    }

    /// Takes in the next rows. Columns are those of earlier blocks in the same order, and perhaps more.
    ///
    /// # Errors
    /// [`ProfileError::Column`] for a column that Arrow cannot turn into text.
    pub fn update(&mut self, block: &Block) -> Result<(), ProfileError> {
        let batch = &block.batch;
        self.add_columns(batch.schema_ref());
        self.row_hashes.clear();
        self.row_hashes.resize(batch.num_rows(), 0);
        for (state, array) in self.columns.iter_mut().zip(batch.columns()) {
            let texts = Texts::of(array, state.is_opaque())
                .map_err(|error| ProfileError::Column { column: state.name.clone(), problem: error.to_string() })?;
            let salt = xxh3_64(state.name.as_bytes()) | 1;
            for (row, (number, row_hash)) in (block.first_row..).zip(&mut self.row_hashes).enumerate() {
                if texts.is_null(row) {
                    state.note_null(number);
                } else if let Texts::Cells(cells) = &texts {
                    let hash = state.add(cells.value(row), number);
                    *row_hash = row_hash.wrapping_add((hash ^ salt).wrapping_mul(salt).rotate_left(29));
                }
            }
        }
        for (number, row_hash) in (block.first_row..).zip(&self.row_hashes) {
            self.whole_rows.add(xxh3_64(&row_hash.to_le_bytes()), number);
        }
        self.rows = self.rows.max(block.first_row + crate::number::count(batch.num_rows()));
        self.keep_bounds();
        Ok(())
    }

    fn add_columns(&mut self, schema: &Schema) {
        for field in schema.fields().iter().skip(self.columns.len()) {
            let declared = declared_type(field.data_type());
            self.columns.push(ColumnState::new(field.name(), declared, self.rows, self.sketch_size));
        }
    }

    /// Lets the largest samples go up a level until all together are within their bounds.
    fn keep_bounds(&mut self) {
        let mut held: usize = self.columns.iter().map(|column| column.distinct.held()).sum();
        held += self.whole_rows.held();
        while held > self.most_held {
            let samples = self.columns.iter_mut().map(|column| &mut column.distinct).chain([&mut self.whole_rows]);
            let Some(largest) = samples.max_by_key(|sample| sample.held()) else { return };
            if largest.held() <= ALWAYS_HELD_VALUES {
                return;
            }
            held -= largest.held();
            largest.halve();
            held += largest.held();
        }
    }

    /// Takes in what another profiler saw of the rows after this one's; row numbers are those that its blocks have.
    pub fn merge(&mut self, other: &Self) {
        let places: HashMap<String, usize> =
            self.columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
        for theirs in &other.columns {
            if let Some(ours) = places.get(&theirs.name).and_then(|index| self.columns.get_mut(*index)) {
                ours.merge(theirs);
            } else {
                let mut new = theirs.clone();
                new.pad(0..self.rows);
                self.columns.push(new);
            }
        }
        let known: HashSet<&str> = other.columns.iter().map(|column| column.name.as_str()).collect();
        for ours in self.columns.iter_mut().filter(|column| !known.contains(column.name.as_str())) {
            ours.pad(self.rows..other.rows);
        }
        self.whole_rows.merge(&other.whole_rows);
        self.rows = self.rows.max(other.rows);
        self.keep_bounds();
    }

    /// What was seen.
    pub fn finish(&self) -> Profile {
        Profile {
            format: Profile::FORMAT,
            rows: self.rows,
            duplicate_rows: summary::repeats(&self.whole_rows),
            columns: self.columns.iter().map(|column| column.finish(self.rows)).collect(),
        }
    }
}
