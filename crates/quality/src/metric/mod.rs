//! Metrics: small states that take in blocks, merge with each other and are stored beside a report.

mod approx_distinct;
mod comoments;
mod completeness;
mod compliance;
mod data_types;
mod distinct;
mod extent;
mod held_keys;
mod joint;
mod key_runs;
mod key_table;
mod length;
mod moments;
mod number_counts;
mod quantile_sketch;
mod row_keys;
mod shape;
mod spill;
mod text_counts;

use serde::{Deserialize, Serialize};

pub(crate) use approx_distinct::ApproxDistinct;
pub(crate) use comoments::Comoments;
pub(crate) use completeness::Completeness;
pub(crate) use compliance::{Compliance, MAX_LOCATIONS};
pub use data_types::DataTypes;
pub(crate) use distinct::{DistinctSummary, KeyCounter};
pub(crate) use joint::PairCounts;
pub(crate) use length::Lengths;
pub(crate) use moments::Moments;
pub(crate) use number_counts::{Bin, NumberCounts, NumberQuery, NumberSummary};
pub(crate) use quantile_sketch::QuantileSketch;
pub(crate) use shape::Shape;
pub(crate) use text_counts::TextCounts;

use arrow_buffer::BooleanBuffer;

use crate::frame::{Frame, both};
use crate::keys::{KeyForm, Keys, keys};
use crate::plan::{ColumnId, FilterId, TestId};

/// What is measured. Equal specifications share one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MetricSpec {
    /// Rows, and cells that are not NULL.
    Completeness { column: ColumnId, filter: Option<FilterId> },
    /// Count, sum, mean, variance, least and greatest number.
    Moments { column: ColumnId, filter: Option<FilterId> },
    /// Third and fourth central moments, zeros.
    Shape { column: ColumnId, filter: Option<FilterId> },
    /// How often each combination of values occurs.
    Distinct { columns: Vec<ColumnId>, filter: Option<FilterId> },
    /// Least and greatest number of characters.
    Lengths { column: ColumnId, filter: Option<FilterId> },
    /// Covariance of two columns.
    Comoments { columns: (ColumnId, ColumnId), filter: Option<FilterId> },
    /// Rows that pass a test.
    Compliance { test: TestId, filter: Option<FilterId> },
    /// About how many different combinations of values there are.
    ApproxDistinct { columns: Vec<ColumnId>, filter: Option<FilterId> },
    /// Approximate quantiles, from a sketch of this size.
    Quantiles { column: ColumnId, size: u16, filter: Option<FilterId> },
    /// How often each number occurs, and what is asked of that.
    Numbers { column: ColumnId, query: NumberQuery, filter: Option<FilterId> },
    /// How often each text occurs, or the sum of another column by text.
    Texts { column: ColumnId, weights: Option<ColumnId>, filter: Option<FilterId> },
    /// How often pairs of values occur.
    Pairs { columns: (ColumnId, ColumnId), filter: Option<FilterId> },
    /// What cells read as.
    DataTypes { column: ColumnId, filter: Option<FilterId> },
}

/// A state of one of the families.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum MetricState {
    Completeness(Completeness),
    Moments(Moments),
    Shape(Shape),
    Distinct(KeyCounter),
    Lengths(Lengths),
    Comoments(Comoments),
    Compliance(Compliance),
    ApproxDistinct(ApproxDistinct),
    Quantiles(QuantileSketch),
    Numbers(NumberCounts),
    Texts(TextCounts),
    Pairs(PairCounts),
    DataTypes(DataTypes),
}

impl MetricState {
    pub(crate) fn new(spec: &MetricSpec) -> Self {
        match spec {
            MetricSpec::Completeness { .. } => Self::Completeness(Completeness::default()),
            MetricSpec::Moments { .. } => Self::Moments(Moments::default()),
            MetricSpec::Shape { .. } => Self::Shape(Shape::default()),
            MetricSpec::Distinct { .. } => Self::Distinct(KeyCounter::new()),
            MetricSpec::Lengths { .. } => Self::Lengths(Lengths::default()),
            MetricSpec::Comoments { .. } => Self::Comoments(Comoments::default()),
            MetricSpec::Compliance { .. } => Self::Compliance(Compliance::default()),
            MetricSpec::ApproxDistinct { .. } => Self::ApproxDistinct(ApproxDistinct::default()),
            MetricSpec::Quantiles { size, .. } => Self::Quantiles(QuantileSketch::new(*size)),
            MetricSpec::Numbers { .. } => Self::Numbers(NumberCounts::default()),
            MetricSpec::Texts { .. } => Self::Texts(TextCounts::default()),
            MetricSpec::Pairs { .. } => Self::Pairs(PairCounts::default()),
            MetricSpec::DataTypes { .. } => Self::DataTypes(DataTypes::default()),
        }
    }

    /// The counter of keys, which may have to be spilled.
    pub(crate) fn counter(&mut self) -> Option<&mut KeyCounter> {
        match self {
            Self::Distinct(counter) => Some(counter),
            Self::Numbers(counts) => Some(counts.counter_mut()),
            _ => None,
        }
    }

    /// Whether keys left memory.
    pub(crate) fn is_too_large_to_store(&self) -> bool {
        match self {
            Self::Distinct(counter) => counter.is_too_large_to_store(),
            Self::Numbers(counts) => counts.is_too_large_to_store(),
            _ => false,
        }
    }

    /// Takes in one block. `marks` are the results of the tests, by their identifiers.
    pub(crate) fn update(&mut self, spec: &MetricSpec, frame: &Frame<'_>, marks: &[BooleanBuffer], first_row: u64) {
        match (self, spec) {
            (Self::Completeness(state), MetricSpec::Completeness { column, filter }) => {
                let valid = frame.cells(*column).valid();
                state.update(frame.selected_rows(*filter), both(frame.filter(*filter), valid).as_ref());
            }
            (Self::Moments(state), MetricSpec::Moments { column, filter }) => {
                state.update(frame.numbers(*column), frame.filter(*filter));
            }
            (Self::Shape(state), MetricSpec::Shape { column, filter }) => {
                state.update(frame.numbers(*column), frame.filter(*filter));
            }
            (Self::Distinct(state), MetricSpec::Distinct { columns, filter }) => {
                state.update(&native_keys(frame, columns), frame.filter(*filter), first_row);
            }
            (Self::Lengths(state), MetricSpec::Lengths { column, filter }) => {
                let cells = frame.cells(*column);
                let rows = both(frame.filter(*filter), cells.valid());
                state.update(cells, frame.text_lengths(*column), rows.as_ref());
            }
            (Self::Comoments(state), MetricSpec::Comoments { columns, filter }) => {
                state.update(frame.numbers(columns.0), frame.numbers(columns.1), frame.filter(*filter));
            }
            (Self::Compliance(state), MetricSpec::Compliance { test, filter }) => {
                if let Some(marks) = marks.get(test.0) {
                    state.update(marks, frame.filter(*filter), first_row);
                }
            }
            (Self::ApproxDistinct(state), MetricSpec::ApproxDistinct { columns, filter }) => {
                state.update(&native_keys(frame, columns), frame.filter(*filter));
            }
            (Self::Quantiles(state), MetricSpec::Quantiles { column, filter, .. }) => {
                state.update(frame.numbers(*column), frame.filter(*filter));
            }
            (Self::Numbers(state), MetricSpec::Numbers { column, filter, .. }) => {
                state.update(frame.numbers(*column), frame.filter(*filter));
            }
            (Self::Texts(state), MetricSpec::Texts { column, weights, filter }) => {
                let weights = weights.map(|column| frame.numbers(column));
                state.update(frame.cells(*column), weights, frame.filter(*filter));
            }
            (Self::Pairs(state), MetricSpec::Pairs { columns, filter }) => {
                let (left, right) = (native_keys(frame, &[columns.0]), native_keys(frame, &[columns.1]));
                state.update(&left, &right, frame.filter(*filter));
            }
            (Self::DataTypes(state), MetricSpec::DataTypes { column, filter }) => {
                state.update(frame.cells(*column), frame.filter(*filter));
            }
            _ => debug_assert!(false, "states and specifications go together"),
        }
    }

    /// Takes in the state of other rows; false when it is of another family. Keys beyond `key_memory_bytes` are spilled.
    pub(crate) fn merge(&mut self, other: Self, key_memory_bytes: usize) -> std::io::Result<bool> {
        match (self, other) {
            (Self::Completeness(state), Self::Completeness(other)) => state.merge(&other),
            (Self::Moments(state), Self::Moments(other)) => state.merge(&other),
            (Self::Shape(state), Self::Shape(other)) => state.merge(&other),
            (Self::Distinct(state), Self::Distinct(other)) => state.merge(other, key_memory_bytes)?,
            (Self::Lengths(state), Self::Lengths(other)) => state.merge(&other),
            (Self::Comoments(state), Self::Comoments(other)) => state.merge(&other),
            (Self::Compliance(state), Self::Compliance(other)) => state.merge(&other),
            (Self::ApproxDistinct(state), Self::ApproxDistinct(other)) => state.merge(&other),
            (Self::Quantiles(state), Self::Quantiles(other)) if other.is_sound() => state.merge(&other),
            (Self::Numbers(state), Self::Numbers(other)) => state.merge(other, key_memory_bytes)?,
            (Self::Texts(state), Self::Texts(other)) => state.merge(other),
            (Self::Pairs(state), Self::Pairs(other)) => state.merge(other),
            (Self::DataTypes(state), Self::DataTypes(other)) => state.merge(&other),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn native_keys(frame: &Frame<'_>, columns: &[ColumnId]) -> Keys {
    let columns: Vec<_> = columns.iter().map(|column| (*column, KeyForm::Native)).collect();
    keys(frame, &columns)
}
