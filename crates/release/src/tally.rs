//! Exact sums over the rows, in memory that depends on the request alone. They never leave this crate: only
//! [`Tallies::release`] ends them, and it tells them with noise.

mod bins;
mod count;
mod mean;
mod quantile;
mod steps;
mod sum;

use arrow_array::{Array as _, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;
use arrow_select::filter::filter_record_batch;
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_tabular::{ColumnPath, Reader};

pub(crate) use bins::Bins;
pub(crate) use count::Count;
pub(crate) use mean::Mean;
pub(crate) use quantile::Quantile;
pub(crate) use sum::Sum;

use crate::answer::{Answer, Estimate, Released};
use crate::error::ReleaseError;
use crate::mechanism::Noise;
use crate::people::People;
use crate::request::Query;

/// What is counted for one question.
#[derive(Debug)]
pub(crate) enum Tally {
    Count(Count),
    Sum(Sum),
    Mean(Mean),
    Bins(Bins),
    Quantile(Quantile),
}

/// What is counted for all questions of a request.
#[derive(Debug)]
pub struct Tallies {
    queries: Vec<(Query, Tally)>,
    person: Option<(String, People)>,
    cost: PrivacyLoss,
}

impl Tallies {
    pub(crate) fn new(tallies: Vec<(Query, Tally)>, person: Option<String>, most_rows: u32, cost: PrivacyLoss) -> Self {
        Self { queries: tallies, person: person.map(|column| (column, People::new(most_rows))), cost }
    }

    /// Counts all rows of a table. Several tables of a dataset are counted one after the other.
    ///
    /// # Errors
    /// When the table cannot be read, lacks a column, or has more people than memory.
    pub fn read(&mut self, table: &mut Reader) -> Result<(), ReleaseError> {
        let mut columns: Vec<&str> = self.queries.iter().filter_map(|(query, _)| query.ask.column()).collect();
        columns.extend(self.person.as_ref().map(|(column, _)| column.as_str()));
        columns.sort_unstable();
        columns.dedup();
        let columns: Vec<ColumnPath> = columns.into_iter().map(ColumnPath::new).collect();
        table.project(&columns)?;
        for block in table {
            self.push(&block?.batch)?;
        }
        Ok(())
    }

    /// Counts rows.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn push(&mut self, rows: &RecordBatch) -> Result<(), ReleaseError> {
        let admitted;
        let mut rows = rows;
        if let Some((column, people)) = &mut self.person {
            let named = texts(rows, column)?;
            let mask = people.admit(&named)?;
            admitted = filter_record_batch(rows, &mask)
                .map_err(|source| ReleaseError::Type { column: column.clone(), source })?;
            rows = &admitted;
        }
        for (query, tally) in &mut self.queries {
            match (tally, query.ask.column()) {
                (Tally::Count(count), _) => count.push(rows.num_rows()),
                (Tally::Sum(sum), Some(column)) => sum.push(&numbers(rows, column)?),
                (Tally::Mean(mean), Some(column)) => mean.push(&numbers(rows, column)?),
                (Tally::Quantile(quantile), Some(column)) => quantile.push(&numbers(rows, column)?),
                (Tally::Bins(bins), Some(column)) if bins.is_of_numbers() => bins.push_numbers(&numbers(rows, column)?),
                (Tally::Bins(bins), Some(column)) => bins.push_texts(&texts(rows, column)?),
                (Tally::Sum(_) | Tally::Mean(_) | Tally::Quantile(_) | Tally::Bins(_), None) => {}
            }
        }
        Ok(())
    }

    /// Draws the noise. What it costs must be booked before.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn release(self) -> Result<Answer, ReleaseError> {
        let released = self.queries.into_iter().map(|(query, tally)| {
            let cost = query.cost();
            let (noise, result): (Vec<Noise>, Estimate) = match tally {
                Tally::Count(count) => count.release(cost)?,
                Tally::Sum(sum) => sum.release(cost)?,
                Tally::Mean(mean) => mean.release(cost)?,
                Tally::Bins(bins) => bins.release(cost)?,
                Tally::Quantile(quantile) => quantile.release(cost)?,
            };
            Ok(Released { name: query.name, ask: query.ask, cost, noise, result })
        });
        Ok(Answer { cost: self.cost, released: released.collect::<Result<_, ReleaseError>>()? })
    }
}

/// A column's numbers; what is no number is NULL.
fn numbers(rows: &RecordBatch, column: &str) -> Result<Float64Array, ReleaseError> {
    let cast = cast_to(rows, column, &DataType::Float64)?;
    let numbers = cast.as_any().downcast_ref::<Float64Array>().cloned();
    Ok(numbers.unwrap_or_else(|| Float64Array::new_null(rows.num_rows())))
}

fn texts(rows: &RecordBatch, column: &str) -> Result<StringArray, ReleaseError> {
    let cast = cast_to(rows, column, &DataType::Utf8)?;
    let texts = cast.as_any().downcast_ref::<StringArray>().cloned();
    Ok(texts.unwrap_or_else(|| StringArray::new_null(rows.num_rows())))
}

/// A column that no row of this block has is all NULL: JSON Lines may leave out what is absent.
fn cast_to(rows: &RecordBatch, column: &str, to: &DataType) -> Result<ArrayRef, ReleaseError> {
    let Some(array) = rows.column_by_name(column) else {
        return Ok(arrow_array::new_null_array(to, rows.num_rows()));
    };
    cast_with_options(array, to, &CastOptions::default())
        .map_err(|source| ReleaseError::Type { column: column.to_owned(), source })
}
