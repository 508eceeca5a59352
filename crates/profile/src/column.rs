//! The state of one column while a table is read.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use crate::cell::{CellType, Seen};
use crate::number::{count, from_count, share};
use crate::profile::{ColumnProfile, Lengths, Times, TypeCount};
use crate::shape::write_shape;
use crate::sketch::{DistinctSample, Extremes, Frequent, KllSketch, Moments, Rows};
use crate::summary;

/// Texts held while a column's frequent values are counted.
const FREQUENT_VALUES: usize = 512;
const FREQUENT_SHAPES: usize = 64;
/// Rows by what their cells look like.
#[derive(Debug, Clone, Default)]
struct TypeRows {
    integral: Rows,
    fractional: Rows,
    boolean: Rows,
    date: Rows,
    timestamp: Rows,
    string: Rows,
}

impl TypeRows {
    fn each(&self) -> [(CellType, &Rows); 6] {
        [
            (CellType::Integral, &self.integral),
            (CellType::Fractional, &self.fractional),
            (CellType::Boolean, &self.boolean),
            (CellType::Date, &self.date),
            (CellType::Timestamp, &self.timestamp),
            (CellType::String, &self.string),
        ]
    }

    fn merge(&mut self, other: &Self) {
        self.integral.merge(&other.integral);
        self.fractional.merge(&other.fractional);
        self.boolean.merge(&other.boolean);
        self.date.merge(&other.date);
        self.timestamp.merge(&other.timestamp);
        self.string.merge(&other.string);
    }

    /// The type of the column, as Deequ determines it, with dates and times as types of their own.
    fn common(&self) -> CellType {
        let some = |rows: &Rows| rows.count > 0;
        let number = some(&self.integral) || some(&self.fractional);
        let time = some(&self.date) || some(&self.timestamp);
        match (some(&self.string), some(&self.boolean), number, time) {
            (false, false, false, false) => CellType::Unknown,
            (false, true, false, false) => CellType::Boolean,
            (false, false, true, false) if some(&self.fractional) => CellType::Fractional,
            (false, false, true, false) => CellType::Integral,
            (false, false, false, true) if some(&self.timestamp) => CellType::Timestamp,
            (false, false, false, true) => CellType::Date,
            _ => CellType::String,
        }
    }
}

/// What is known of a column so far.
#[derive(Debug, Clone)]
pub(crate) struct ColumnState {
    pub(crate) name: String,
    declared: Option<CellType>,
    nulls: Rows,
    empty: Rows,
    whitespace: Rows,
    types: TypeRows,
    pub(crate) distinct: DistinctSample,
    values: Frequent,
    shapes: Frequent,
    lengths: Option<(u64, u64)>,
    characters: u64,
    moments: Moments,
    sketch: KllSketch,
    extremes: Extremes,
    times: Option<(i64, i64)>,
    scratch: String,
}

impl ColumnState {
    /// A column that came up after `rows` rows without it.
    pub(crate) fn new(name: &str, declared: Option<CellType>, rows: u64, sketch_size: usize) -> Self {
        Self {
            name: name.to_owned(),
            declared,
            nulls: Rows::all(0..rows),
            empty: Rows::default(),
            whitespace: Rows::default(),
            types: TypeRows::default(),
            distinct: DistinctSample::default(),
            values: Frequent::new(FREQUENT_VALUES),
            shapes: Frequent::new(FREQUENT_SHAPES),
            lengths: None,
            characters: 0,
            moments: Moments::default(),
            sketch: KllSketch::new(sketch_size),
            extremes: Extremes::default(),
            times: None,
            scratch: String::new(),
        }
    }

    pub(crate) fn is_opaque(&self) -> bool {
        self.declared == Some(CellType::Opaque)
    }

    #[inline]
    pub(crate) fn note_null(&mut self, row: u64) {
        self.nulls.note(row);
    }

    /// Takes in a cell that is not NULL; the hash of its text.
    pub(crate) fn add(&mut self, text: &[u8], row: u64) -> u64 {
        let hash = xxh3_64(text);
        self.distinct.add(hash, row);
        self.values.add(hash, text);
        self.measure(text);
        if text.is_empty() {
            self.empty.note(row);
        } else if is_white_space(text) {
            self.whitespace.note(row);
        } else {
            self.look_at(text, row);
        }
        hash
    }

    #[inline]
    fn measure(&mut self, text: &[u8]) {
        let length =
            if text.is_ascii() { text.len() } else { text.iter().filter(|byte| (**byte & 0xC0) != 0x80).count() };
        let length = count(length);
        self.characters += length;
        self.lengths = Some(match self.lengths {
            None => (length, length),
            Some((least, most)) => (least.min(length), most.max(length)),
        });
    }

    fn look_at(&mut self, text: &[u8], row: u64) {
        match Seen::of(text) {
            Seen::Integral(number) => {
                self.types.integral.note(row);
                self.add_number(number, row);
            }
            Seen::Fractional(number) => {
                self.types.fractional.note(row);
                self.add_number(number, row);
            }
            Seen::Boolean(_) => self.types.boolean.note(row),
            Seen::Date(micros) => {
                self.types.date.note(row);
                self.add_time(micros);
            }
            Seen::Timestamp(micros) => {
                self.types.timestamp.note(row);
                self.add_time(micros);
            }
            Seen::String => {
                self.types.string.note(row);
                self.add_shape(text);
            }
        }
    }

    #[inline]
    fn add_number(&mut self, number: f64, row: u64) {
        self.moments.add(number);
        self.sketch.add(number);
        self.extremes.add(number, row);
    }

    fn add_time(&mut self, micros: i64) {
        self.times = Some(match self.times {
            None => (micros, micros),
            Some((earliest, latest)) => (earliest.min(micros), latest.max(micros)),
        });
    }

    fn add_shape(&mut self, text: &[u8]) {
        let mut shape = std::mem::take(&mut self.scratch);
        write_shape(text, &mut shape);
        self.shapes.add(xxh3_64(shape.as_bytes()), shape.as_bytes());
        self.scratch = shape;
    }

    /// Takes in what another state saw of other rows of the same column.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.declared != other.declared {
            self.declared = None;
        }
        self.nulls.merge(&other.nulls);
        self.empty.merge(&other.empty);
        self.whitespace.merge(&other.whitespace);
        self.types.merge(&other.types);
        self.distinct.merge(&other.distinct);
        self.values.merge(&other.values);
        self.shapes.merge(&other.shapes);
        self.lengths = match (self.lengths, other.lengths) {
            (Some(ours), Some(theirs)) => Some((ours.0.min(theirs.0), ours.1.max(theirs.1))),
            (ours, theirs) => ours.or(theirs),
        };
        self.characters += other.characters;
        self.moments.merge(&other.moments);
        self.sketch.merge(&other.sketch);
        self.extremes.merge(&other.extremes);
        if let Some((earliest, latest)) = other.times {
            self.add_time(earliest);
            self.add_time(latest);
        }
    }

    /// These rows lack the column, which came up in another part of the table.
    pub(crate) fn pad(&mut self, rows: Range<u64>) {
        self.nulls.merge(&Rows::all(rows));
    }

    /// What the column holds, in a table of `rows` rows.
    pub(crate) fn finish(&self, rows: u64) -> ColumnProfile {
        let present = rows.saturating_sub(self.nulls.count);
        let cell_type = self.declared.unwrap_or_else(|| self.types.common());
        let is_text = self.declared.is_none();
        let is_opaque = cell_type == CellType::Opaque;
        let types = self.types.each().into_iter().filter(|(_, cells)| cells.count > 0);
        let shapes = summary::top_values(&self.shapes, None, summary::SHAPES);
        ColumnProfile {
            name: self.name.clone(),
            cell_type,
            is_type_inferred: is_text,
            types: types.map(|(cell_type, cells)| TypeCount { cell_type, cells: summary::located(cells) }).collect(),
            completeness: if rows == 0 { 1.0 } else { share(present, rows) },
            nulls: summary::located(&self.nulls),
            empty: summary::located(&self.empty),
            whitespace: summary::located(&self.whitespace),
            distinct: summary::distinct(&self.distinct, present),
            lengths: self.lengths.filter(|_| is_text).map(|(min, max)| Lengths {
                min,
                max,
                mean: from_count(self.characters) / from_count(present.max(1)),
            }),
            numbers: summary::numbers(&self.moments, &self.sketch, &self.extremes),
            times: self.times.and_then(|(earliest, latest)| {
                Some(Times { earliest: summary::time(earliest)?, latest: summary::time(latest)? })
            }),
            top_values: (!is_opaque).then(|| summary::top_values(&self.values, Some(&self.distinct), summary::VALUES)),
            shapes: Some(shapes).filter(|shapes| is_text && !shapes.values.is_empty()),
            are_values_shown: true,
        }
    }
}

/// Spaces and control characters only, as `String.trim` of Java and Spark takes them.
fn is_white_space(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte <= b' ')
}
