//! Tests that each row passes or not, one block at a time.

mod cast;
mod date;
mod length;
mod number;
mod reference;
mod text;

use arrow_buffer::BooleanBuffer;

pub(crate) use cast::{CastError, CastType};
pub(crate) use reference::ReferenceTest;
pub(crate) use text::TextSet;

use crate::analysis::{Finder, TextPattern};
use crate::cells::{Cells, Texts};
use crate::condition::Check;
use crate::frame::Frame;
use crate::pattern::{Pattern, PatternError};
use crate::plan::{ColumnId, FilterId};

/// What is tested. Equal specifications share one test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TestSpec {
    /// The cell is not NULL.
    NotNull(ColumnId),
    /// The cell is a number that passes; NULL passes when `null` says so.
    Number { column: ColumnId, check: Check<f64>, null: bool },
    /// The cell is one of some texts.
    Text { column: ColumnId, set: TextSet },
    /// The whole cell matches a pattern.
    Pattern { column: ColumnId, pattern: String, negated: bool },
    /// The day of the cell passes.
    Day { column: ColumnId, check: Check<i64>, null: bool },
    /// A pattern stands somewhere in the cell.
    Find { column: ColumnId, pattern: TextPattern },
    /// The number of characters passes.
    Length { column: ColumnId, check: Check<f64>, null: bool },
    /// The cell can be cast to a type, or cannot when `negated`.
    Cast { column: ColumnId, to: CastType, negated: bool },
    /// The age in hours, to two decimals, passes. `now_micros` is microseconds since 1970-01-01T00:00Z.
    Age { column: ColumnId, check: Check<f64>, now_micros: i64 },
    /// The row is selected by a filter; `None` selects all.
    Selected(Option<FilterId>),
    /// The row has a counterpart in a reference dataset.
    Reference(ReferenceTest),
}

/// A test, ready to run.
#[derive(Debug)]
pub(crate) enum RowTest {
    Spec(TestSpec),
    Pattern { column: ColumnId, pattern: Pattern, negated: bool },
    Find { column: ColumnId, finder: Finder },
}

impl RowTest {
    pub(crate) fn compile(spec: &TestSpec) -> Result<Self, PatternError> {
        Ok(match spec {
            TestSpec::Pattern { column, pattern, negated } => {
                Self::Pattern { column: *column, pattern: Pattern::whole(pattern)?, negated: *negated }
            }
            TestSpec::Find { column, pattern } => Self::Find { column: *column, finder: Finder::compile(pattern)? },
            other => Self::Spec(other.clone()),
        })
    }

    /// Which rows pass, filters aside.
    pub(crate) fn mark(&self, frame: &Frame<'_>) -> BooleanBuffer {
        match self {
            Self::Pattern { column, pattern, negated } => mark_pattern(frame, *column, pattern, *negated),
            Self::Find { column, finder } => mark_texts(frame, *column, false, |text| finder.finds(text)),
            Self::Spec(spec) => match spec {
                TestSpec::NotNull(column) => {
                    let valid = frame.cells(*column).valid();
                    valid.cloned().unwrap_or_else(|| BooleanBuffer::new_set(frame.rows))
                }
                TestSpec::Number { column, check, null } => number::mark(frame, *column, check, *null),
                TestSpec::Text { column, set } => set.mark(frame, *column),
                TestSpec::Day { column, check, null } => date::mark_days(frame, *column, check, *null),
                TestSpec::Length { column, check, null } => length::mark(frame, *column, check, *null),
                TestSpec::Cast { column, to, negated } => cast::mark(frame, *column, to, *negated),
                TestSpec::Age { column, check, now_micros } => date::mark_ages(frame, *column, check, *now_micros),
                TestSpec::Selected(filter) => {
                    frame.filter(*filter).cloned().unwrap_or_else(|| BooleanBuffer::new_set(frame.rows))
                }
                TestSpec::Reference(test) => test.mark(frame),
                // Compiled above.
                TestSpec::Pattern { .. } | TestSpec::Find { .. } => BooleanBuffer::new_unset(frame.rows),
            },
        }
    }
}

/// Marks the rows whose text matches, or does not when `negated`; a NULL row fails.
fn mark_pattern(frame: &Frame<'_>, column: ColumnId, pattern: &Pattern, negated: bool) -> BooleanBuffer {
    let cells = frame.cells(column);
    let Cells::Text(array) = cells else {
        return mark_texts(frame, column, false, |text| pattern.is_match(text) != negated);
    };
    let texts = Texts::new(array);
    let matching = pattern.matching_texts(&texts);
    with_nulls(if negated { !&matching } else { matching }, cells.valid(), false)
}

/// Marks the rows whose text passes; a NULL row is marked as `null` says.
pub(crate) fn mark_texts(
    frame: &Frame<'_>,
    column: ColumnId,
    null: bool,
    mut passes: impl FnMut(&[u8]) -> bool,
) -> BooleanBuffer {
    let cells = frame.cells(column);
    let marks = if let Cells::Text(array) = cells {
        let texts = Texts::new(array);
        BooleanBuffer::collect_bool(frame.rows, |row| passes(texts.bytes(row)))
    } else {
        let mut text = String::new();
        BooleanBuffer::collect_bool(frame.rows, |row| {
            text.clear();
            cells.render(row, &mut text);
            passes(text.as_bytes())
        })
    };
    with_nulls(marks, cells.valid(), null)
}

/// Marks the rows that are not valid as `null` says.
pub(crate) fn with_nulls(marks: BooleanBuffer, valid: Option<&BooleanBuffer>, null: bool) -> BooleanBuffer {
    match valid {
        Some(valid) if null => &marks | &!valid,
        Some(valid) => &marks & valid,
        None => marks,
    }
}
