//! A number for each row, kept on request: 16 bytes a row.

use arrow_array::RecordBatch;

use crate::cells::{Cells, Texts};
use crate::error::QualityError;
use crate::frame::Numbers;
use crate::plan::{ColumnId, Plan};
use crate::value::{char_length, count, from_count};

/// What is kept of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RowValueKind {
    /// The cell's number.
    Number(ColumnId),
    /// The number of characters of its text, or what NULL counts as.
    Length { column: ColumnId, null: Option<f64> },
}

/// The values so far.
#[derive(Debug)]
pub(crate) struct RowValues {
    kind: RowValueKind,
    values: Vec<Option<f64>>,
}

impl RowValues {
    pub(crate) const fn new(kind: RowValueKind) -> Self {
        Self { kind, values: Vec::new() }
    }

    pub(crate) fn update(&mut self, plan: &Plan, batch: &RecordBatch) -> Result<(), QualityError> {
        let (RowValueKind::Number(column) | RowValueKind::Length { column, .. }) = self.kind;
        let (Some(planned), Some(array)) = (plan.columns.get(column.0), batch.columns().get(column.0)) else {
            return Ok(());
        };
        let cells = Cells::new(array, planned.kind)
            .map_err(|source| QualityError::Type { column: planned.name.clone(), problem: source.to_string() })?;
        match self.kind {
            RowValueKind::Number(_) => {
                let numbers = Numbers::of(&cells);
                let valid = |row: usize| numbers.valid.as_ref().is_none_or(|valid| valid.value(row));
                self.values.extend(numbers.values.iter().enumerate().map(|(row, value)| valid(row).then_some(*value)));
            }
            RowValueKind::Length { null, .. } => {
                let mut rendered = String::new();
                for row in 0..cells.len() {
                    let length = if cells.valid().is_some_and(|valid| !valid.value(row)) {
                        null
                    } else if let Cells::Text(array) = &cells {
                        Some(from_count(count(char_length(Texts::new(array).bytes(row)))))
                    } else {
                        rendered.clear();
                        cells.render(row, &mut rendered);
                        Some(from_count(count(char_length(rendered.as_bytes()))))
                    };
                    self.values.push(length);
                }
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Option<f64>> {
        self.values
    }
}
