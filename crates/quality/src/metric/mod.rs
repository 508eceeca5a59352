//! Metrics: small states that take in blocks, merge with each other and are stored beside a report.

mod comoments;
mod completeness;
mod compliance;
mod distinct;
mod extent;
mod key_table;
mod length;
mod moments;
mod row_keys;
mod shape;
mod spill;

use serde::{Deserialize, Serialize};

pub(crate) use comoments::Comoments;
pub(crate) use completeness::Completeness;
pub(crate) use compliance::{Compliance, MAX_LOCATIONS};
pub(crate) use distinct::{DistinctSummary, KeyCounter};
pub(crate) use length::Lengths;
pub(crate) use moments::Moments;
pub(crate) use shape::Shape;

use arrow_buffer::BooleanBuffer;

use crate::frame::{Frame, both};
use crate::keys::{KeyForm, keys};
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
                let columns: Vec<_> = columns.iter().map(|column| (*column, KeyForm::Native)).collect();
                state.update(&keys(frame, &columns), frame.filter(*filter), first_row);
            }
            (Self::Lengths(state), MetricSpec::Lengths { column, filter }) => {
                let cells = frame.cells(*column);
                state.update(cells, both(frame.filter(*filter), cells.valid()).as_ref());
            }
            (Self::Comoments(state), MetricSpec::Comoments { columns, filter }) => {
                state.update(frame.numbers(columns.0), frame.numbers(columns.1), frame.filter(*filter));
            }
            (Self::Compliance(state), MetricSpec::Compliance { test, filter }) => {
                if let Some(marks) = marks.get(test.0) {
                    state.update(marks, frame.filter(*filter), first_row);
                }
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
            _ => return Ok(false),
        }
        Ok(true)
    }
}
