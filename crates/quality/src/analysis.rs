//! Metrics without rules: the analyzers of Deequ (`com.amazon.deequ.analyzers`), any number of them in one pass.
//!
//! [`Analysis::new`] plans them, [`Analysis::update`] takes in batches, [`Analysis::finish`] says what was measured. They
//! share states with each other as rules do. Definitions are Deequ's; where a metric has no value, because there is
//! no row or no cell to measure, it is [`AnalysisError::Empty`] and never a zero.

mod lower;
mod request;
mod well_known;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::error::QualityError;
use crate::history::NoHistory;
use crate::options::EvaluationOptions;
use crate::pass::Pass;
use crate::plan::Planner;
use crate::row_values::RowValues;

use lower::{Planned, RowSource, lower};
pub use request::{Aggregate, Analyzer, Bins, NullLength, Request, TextPattern};
pub(crate) use well_known::Finder;

pub use crate::metric::DataTypes;

/// What an analyzer found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Measurement {
    /// A number; NaN and infinite where Deequ has it so.
    Number(f64),
    /// Yes or no.
    Truth(bool),
    /// How often values occur.
    Histogram(Histogram),
    /// How many numbers fall into bins.
    Bins(BinnedHistogram),
    /// What cells read as.
    DataTypes(DataTypes),
}

impl Measurement {
    /// The number, when it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// How often the values of a column occur.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Different values, NULL counted as one.
    pub values: u64,
    /// The most frequent of them, descending.
    pub bins: Vec<ValueBin>,
}

/// One value of a [`Histogram`].
#[derive(Debug, Clone, PartialEq)]
pub struct ValueBin {
    /// The value as text; `None` is NULL.
    pub value: Option<String>,
    /// Rows, or the sum of another column.
    pub amount: f64,
    /// `amount` for each of the whole; under a `where` clause the whole is still every row, as in Deequ.
    pub share: f64,
}

/// How many numbers of a column fall into bins.
#[derive(Debug, Clone, PartialEq)]
pub struct BinnedHistogram {
    /// The bins, ascending.
    pub bins: Vec<NumberBin>,
    /// Rows without a number.
    pub null_rows: u64,
}

/// One bin: `start` belongs to it, `end` only to the last one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberBin {
    /// The least number that belongs to it.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// Rows.
    pub rows: u64,
    /// Rows for each row of the table, NULLs included.
    pub share: f64,
}

/// Why an analyzer found nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// Nothing to measure.
    #[error("there is nothing to measure: no row, or no value in the rows that count")]
    Empty,
    /// The analyzer cannot be applied to this table.
    #[error("{reason}")]
    Refused {
        /// What is wrong and how to set it right.
        reason: String,
    },
}

/// What one analyzer says of each row, when rows are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum RowColumn {
    /// Whether the row complies; `None` where that is unknown or the row is left out.
    Marks(Vec<Option<bool>>),
    /// The row's value.
    Numbers(Vec<Option<f64>>),
}

/// What was measured.
#[derive(Debug)]
pub struct Analyzed {
    /// In the order of the requests.
    pub measurements: Vec<Result<Measurement, AnalysisError>>,
    /// Rows taken in.
    pub rows: u64,
    /// By request, where the analyzer speaks of rows and [`EvaluationOptions::row_results`] was set: up to 16 bytes a row.
    pub row_columns: Vec<Option<RowColumn>>,
}

/// Analyzers on their way through a table.
#[derive(Debug)]
pub struct Analysis {
    planned: Vec<Result<Planned, AnalysisError>>,
    pass: Pass,
    row_values: Vec<RowValues>,
}

impl Analysis {
    /// Plans `requests` for a table of `schema`. What is wrong with one of them becomes its result.
    pub fn new(requests: &[Request], schema: &Schema, options: &EvaluationOptions) -> Self {
        let mut planner = Planner::new(schema, options, &NoHistory);
        let planned: Vec<_> = requests.iter().map(|request| lower(request, &mut planner)).collect();
        let row_values = planned
            .iter()
            .filter(|_| options.row_results)
            .filter_map(|planned| match planned.as_ref().ok()?.rows {
                Some(RowSource::Values(kind)) => Some(RowValues::new(kind)),
                _ => None,
            })
            .collect();
        let Planner { plan, references, .. } = planner;
        Self { planned, pass: Pass::new(plan, references, options, options.row_results), row_values }
    }

    /// The columns that batches must have, in this order, by their names in the schema.
    pub fn required_columns(&self) -> Vec<&str> {
        self.pass.required_columns()
    }

    /// Takes in a batch, whose first row has the number `first_row`, counted from 0.
    ///
    /// # Errors
    /// The batch has not the required columns, temporary files cannot be written, or the keys of rows do not fit.
    pub fn update(&mut self, batch: &RecordBatch, first_row: u64) -> Result<(), QualityError> {
        self.pass.update(batch, first_row)?;
        for values in &mut self.row_values {
            values.update(&self.pass.plan, batch)?;
        }
        Ok(())
    }

    /// Says what was measured.
    ///
    /// # Errors
    /// Temporary files cannot be read.
    pub fn finish(self) -> Result<Analyzed, QualityError> {
        let mut measured = self.pass.measure()?;
        let marks = measured.marks.take();
        let results = measured.results();
        let mut measurements = Vec::with_capacity(self.planned.len());
        let mut row_columns = Vec::with_capacity(self.planned.len());
        let mut row_values = self.row_values.into_iter();
        for planned in self.planned {
            let (measurement, rows) = match planned {
                Err(error) => (Err(error), None),
                Ok(planned) => {
                    let rows = planned.rows.as_ref().zip(marks.as_ref()).and_then(|(source, marks)| match source {
                        RowSource::Values(_) => row_values.next().map(|values| RowColumn::Numbers(values.finish())),
                        source => source.marks(marks),
                    });
                    ((planned.read)(&results), rows)
                }
            };
            measurements.push(measurement);
            row_columns.push(rows);
        }
        Ok(Analyzed { measurements, rows: measured.rows, row_columns })
    }
}
