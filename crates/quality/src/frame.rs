//! One block, prepared: its columns in their forms, numbers parsed once, filters applied once.

use std::cell::OnceCell;

use arrow_array::{Array, RecordBatch};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use crate::cells::{Cells, Texts};
use crate::error::QualityError;
use crate::plan::{ColumnId, FilterId, Plan};
use crate::reference::References;
use crate::short_number::plain_number;
use crate::value::{count, from_decimal, from_integer, parse_number};

/// The numbers of a column.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// One for each row; of no meaning where it is not valid.
    pub(crate) values: ScalarBuffer<f64>,
    /// Which rows hold a number; `None`: all do.
    pub(crate) valid: Option<BooleanBuffer>,
    /// Cells that are not NULL and yet no number.
    pub(crate) rejected: u64,
}

impl Numbers {
    pub(crate) fn of(cells: &Cells) -> Self {
        let exact = |values: ScalarBuffer<f64>, nulls: Option<&NullBuffer>| Self {
            values,
            valid: nulls.filter(|nulls| nulls.null_count() > 0).map(|nulls| nulls.inner().clone()),
            rejected: 0,
        };
        match cells {
            Cells::Float(array) => exact(array.values().clone(), array.nulls()),
            Cells::Integer(array) => {
                exact(array.values().iter().map(|value| from_integer(*value)).collect(), array.nulls())
            }
            Cells::Decimal(array) => {
                let scale = array.scale();
                exact(array.values().iter().map(|value| from_decimal(*value, scale)).collect(), array.nulls())
            }
            Cells::Text(array) => Self::parse(&Texts::new(array), array.len(), array.nulls()),
            Cells::Boolean(_) | Cells::Date(_) | Cells::Timestamp(_) | Cells::Opaque(_) => Self {
                values: vec![0.0; cells.len()].into(),
                valid: Some(BooleanBuffer::new_unset(cells.len())),
                rejected: 0,
            },
        }
    }

    fn parse(texts: &Texts<'_>, rows: usize, nulls: Option<&NullBuffer>) -> Self {
        let mut values = Vec::with_capacity(rows);
        let mut words: Vec<u64> = Vec::with_capacity(rows.div_ceil(64));
        for (block, views) in texts.views().chunks(64).enumerate() {
            let mut word = 0;
            for (bit, view) in views.iter().enumerate() {
                let number = plain_number(*view).or_else(|| parse_number(texts.bytes(block * 64 + bit)));
                word |= u64::from(number.is_some()) << bit;
                values.push(number.unwrap_or_default());
            }
            words.push(word);
        }
        let good: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
        let bad = count(rows) - good;
        let mut valid = (bad > 0).then(|| BooleanBuffer::new(words.into(), 0, rows));
        let mut rejected = bad;
        if let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) {
            let both = valid.as_ref().map_or_else(|| nulls.inner().clone(), |parsed| parsed & nulls.inner());
            rejected = count(rows - nulls.null_count()) - count(both.count_set_bits());
            valid = Some(both);
        }
        Self { values: values.into(), valid, rejected }
    }
}

/// One block, prepared.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) rows: usize,
    columns: Vec<Cells>,
    numbers: Vec<Option<Numbers>>,
    /// Characters of each text, counted when they are first asked for.
    lengths: Vec<OnceCell<Vec<u32>>>,
    filters: Vec<BooleanBuffer>,
    pub(crate) references: &'a References,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(plan: &Plan, batch: &RecordBatch, references: &'a References) -> Result<Self, QualityError> {
        if batch.num_columns() != plan.columns.len() {
            return Err(QualityError::Columns { expected: plan.columns.len(), found: batch.num_columns() });
        }
        let mut columns = Vec::with_capacity(plan.columns.len());
        for (planned, array) in plan.columns.iter().zip(batch.columns()) {
            let cells = Cells::new(array, planned.kind)
                .map_err(|source| QualityError::Type { column: planned.name.clone(), problem: source.to_string() })?;
            columns.push(cells);
        }
        let numbers = plan
            .columns
            .iter()
            .zip(&columns)
            .map(|(planned, cells)| planned.numbers.then(|| Numbers::of(cells)))
            .collect();
        let lengths = columns.iter().map(|_| OnceCell::new()).collect();
        let mut frame = Self { rows: batch.num_rows(), columns, numbers, lengths, filters: Vec::new(), references };
        frame.filters = plan.filters.iter().map(|filter| filter.select(&frame)).collect();
        Ok(frame)
    }

    #[expect(clippy::indexing_slicing, reason = "identifiers are handed out by the plan that shaped this frame")]
    pub(crate) fn cells(&self, column: ColumnId) -> &Cells {
        &self.columns[column.0]
    }

    #[expect(clippy::indexing_slicing, reason = "identifiers are handed out by the plan that shaped this frame")]
    #[expect(clippy::expect_used, reason = "the planner asked for the numbers of each column that a kernel reads so")]
    pub(crate) fn numbers(&self, column: ColumnId) -> &Numbers {
        self.numbers[column.0].as_ref().expect("numbers were planned")
    }

    /// The number of characters in each row of a column of texts; a NULL row has some number.
    pub(crate) fn text_lengths(&self, column: ColumnId) -> Option<&[u32]> {
        let Cells::Text(array) = self.cells(column) else { return None };
        let count_all = || {
            let texts = Texts::new(array);
            (0..array.len()).map(|row| texts.char_length(row)).collect()
        };
        self.lengths.get(column.0).map(|lengths| lengths.get_or_init(count_all).as_slice())
    }

    #[expect(clippy::indexing_slicing, reason = "identifiers are handed out by the plan that shaped this frame")]
    pub(crate) fn filter(&self, filter: Option<FilterId>) -> Option<&BooleanBuffer> {
        filter.map(|filter| &self.filters[filter.0])
    }

    /// Rows that the filter selects.
    pub(crate) fn selected_rows(&self, filter: Option<FilterId>) -> u64 {
        count(self.filter(filter).map_or(self.rows, BooleanBuffer::count_set_bits))
    }
}

impl Cells {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(array) => array.len(),
            Self::Integer(array) => array.len(),
            Self::Float(array) => array.len(),
            Self::Decimal(array) => array.len(),
            Self::Boolean(array) => array.len(),
            Self::Date(array) => array.len(),
            Self::Timestamp(array) => array.len(),
            Self::Opaque(array) => array.len(),
        }
    }

    /// Which rows are not NULL; `None`: all of them.
    pub(crate) fn valid(&self) -> Option<&BooleanBuffer> {
        self.nulls().filter(|nulls| nulls.null_count() > 0).map(NullBuffer::inner)
    }
}

/// The rows in both; `None` stands for all rows.
pub(crate) fn both(left: Option<&BooleanBuffer>, right: Option<&BooleanBuffer>) -> Option<BooleanBuffer> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left & right),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

/// The values of the chosen rows, one after the other.
pub(crate) fn chosen<'v>(values: &'v [f64], rows: Option<&BooleanBuffer>, scratch: &'v mut Vec<f64>) -> &'v [f64] {
    let Some(rows) = rows else { return values };
    scratch.clear();
    for (start, end) in rows.set_slices() {
        scratch.extend_from_slice(values.get(start..end).unwrap_or_default());
    }
    scratch
}
