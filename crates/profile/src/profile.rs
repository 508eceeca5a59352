//! What a table holds. The types are the JSON that `sluice profile --json` prints: member names are `snake_case`, and
//! members are added, never renamed or given another meaning, while [`Profile::FORMAT`] stays the same.

use serde::Serialize;

use crate::cell::CellType;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// [`Profile::FORMAT`].
    pub format: &'static str,
    /// Rows, a header not counted.
    pub rows: u64,
    /// Whole rows that are equal to an earlier one.
    pub duplicate_rows: Repeats,
    /// The columns in the order of the table.
    pub columns: Vec<ColumnProfile>,
}

impl Profile {
    /// The name and version of this format.
    pub const FORMAT: &'static str = "sluice.profile/1";

    /// Takes out what cells hold from the columns that `is_shown` does not allow: most and least values, quantiles,
    /// buckets, frequent values, shapes and outliers' values. Counts, shares, types and places stay.
    #[must_use]
    pub fn concealed(mut self, is_shown: impl Fn(&str) -> bool) -> Self {
        for column in self.columns.iter_mut().filter(|column| !is_shown(&column.name)) {
            column.are_values_shown = false;
            column.times = None;
            column.top_values = None;
            column.shapes = None;
            if let Some(numbers) = &mut column.numbers {
                numbers.values = None;
                for outlier in &mut numbers.outliers.first {
                    outlier.value = None;
                }
                numbers.outliers.fences = None;
            }
        }
        self
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type: told from the text of all cells, or given by the file.
    pub cell_type: CellType,
    /// Whether the type was told from text.
    pub is_type_inferred: bool,
    /// How many cells look like each type.
    pub types: Vec<TypeCount>,
    /// Cells that are not NULL, as a share of the rows; 1 of a table without rows, as Deequ has it.
    pub completeness: f64,
    /// NULL cells.
    pub nulls: Located,
    /// Cells with a text of no characters.
    pub empty: Located,
    /// Cells with nothing but white space.
    pub whitespace: Located,
    /// Different values.
    pub distinct: Distinct,
    /// Characters of texts.
    pub lengths: Option<Lengths>,
    /// What the numbers amount to, if any cell is one.
    pub numbers: Option<Numbers>,
    /// The earliest and the latest date or time.
    pub times: Option<Times>,
    /// The most frequent values.
    pub top_values: Option<TopValues>,
    /// The most frequent shapes of texts.
    pub shapes: Option<TopValues>,
    /// False where [`Profile::concealed`] took the values out.
    pub are_values_shown: bool,
}

/// Cells of one type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TypeCount {
    /// The type.
    pub cell_type: CellType,
    /// Where its cells are.
    #[serde(flatten)]
    pub cells: Located,
}

/// How many rows, and the first ten of them, counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Located {
    /// How many.
    pub count: u64,
    /// The first, ascending.
    pub first_rows: Vec<u64>,
}

/// Rows that repeat an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repeats {
    /// How many; of a sample of the values when `is_exact` is false.
    pub count: u64,
    /// Whether every row was compared.
    pub is_exact: bool,
    /// The first ten.
    pub first: Vec<Repeat>,
}

/// A row and the earlier one that it repeats, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Repeat {
    /// The row.
    pub row: u64,
    /// The first row with the same value.
    pub first_row: u64,
}

/// Different values of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distinct {
    /// How many different values, NULL not counted.
    pub values: u64,
    /// How many of them occur once.
    pub once: u64,
    /// Values that occur once, as a share of the rows that are not NULL.
    pub uniqueness: f64,
    /// Whether the counts are exact. If not, they are of a sample of the values by their hash.
    pub is_exact: bool,
    /// Relative standard error of `values`.
    pub relative_error: f64,
    /// Rows that repeat an earlier row's value.
    pub repeats: Repeats,
}

/// Characters (Unicode code points) of the texts of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lengths {
    /// The fewest.
    pub min: u64,
    /// The most.
    pub max: u64,
    /// The mean.
    pub mean: f64,
}

/// The numbers of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers {
    /// Cells that hold one.
    pub count: u64,
    /// Cells that hold 0.
    pub zeros: u64,
    /// Cells below 0.
    pub negative: u64,
    /// Numbers far from the others.
    pub outliers: Outliers,
    /// What the numbers are.
    pub values: Option<NumberValues>,
}

/// What the numbers of a column are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberValues {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The sum.
    pub sum: f64,
    /// The standard deviation of the population.
    pub standard_deviation: f64,
    /// Quantiles, ascending.
    pub quantiles: Vec<Quantile>,
    /// By how much a quantile's rank may be off, as a share of the numbers; 0: exact.
    pub rank_error: f64,
    /// Twenty buckets of equal width from the least to the greatest; one when these are equal.
    pub histogram: Vec<Bucket>,
    /// The sketch that quantiles and buckets come from. Not in the JSON.
    #[serde(skip)]
    pub sketch: crate::sketch::KllSketch,
}

impl NumberValues {
    /// So many buckets of equal width from the least to the greatest; one where these are equal or infinitely apart.
    pub fn buckets(&self, count: u32) -> Vec<Bucket> {
        crate::summary::histogram(&self.sketch, self.min, self.max, count.max(1))
    }
}

/// A quantile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// Its rank, 0 to 1.
    pub rank: f64,
    /// The least number that at least so large a share does not exceed.
    pub value: f64,
}

/// A bucket of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bucket {
    /// Its lower bound, included.
    pub low: f64,
    /// Its upper bound, excluded except in the last bucket.
    pub high: f64,
    /// About how many numbers are in it; exact when the rank error is 0.
    pub count: u64,
}

/// Numbers below Q1 − 3·(Q3 − Q1) or above Q3 + 3·(Q3 − Q1): J. Tukey's "far out" values (Exploratory Data Analysis,
/// 1977). None are named where Q1 equals Q3, because then any other number would be one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outliers {
    /// How many; at least so many when `is_exact` is false.
    pub count: u64,
    /// Whether none can be missing: the 50 least and the 50 greatest numbers are looked at.
    pub is_exact: bool,
    /// The ten farthest, the farthest first.
    pub first: Vec<Outlier>,
    /// The least and greatest number that is none.
    pub fences: Option<(f64, f64)>,
}

/// An outlier.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outlier {
    /// Its row, counted from 0.
    pub row: u64,
    /// What it is.
    pub value: Option<f64>,
}

/// The extent of dates and points in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// The earliest, RFC 3339.
    pub earliest: String,
    /// The latest.
    pub latest: String,
}

/// The most frequent texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopValues {
    /// By count, the greatest first.
    pub values: Vec<ValueCount>,
    /// By how much a count may be too small; 0: exact.
    pub error: u64,
    /// Whether these are all values of the column.
    pub is_complete: bool,
}

/// A text and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The text, of at most 120 bytes.
    pub value: String,
    /// Whether it was longer.
    pub is_cut: bool,
    /// How often.
    pub count: u64,
}
