//! The number of characters against a condition.

use arrow_buffer::BooleanBuffer;

use super::number::mark_values;
use super::{mark_texts, with_nulls};
use crate::condition::Check;
use crate::frame::Frame;
use crate::plan::ColumnId;
use crate::value::{char_length, count, from_count};

pub(super) fn mark(frame: &Frame<'_>, column: ColumnId, check: &Check<f64>, null: bool) -> BooleanBuffer {
    let cells = frame.cells(column);
    match frame.text_lengths(column) {
        Some(lengths) => with_nulls(mark_values(lengths, check), cells.valid(), null),
        None => mark_texts(frame, column, null, |text| check.holds(from_count(count(char_length(text))))),
    }
}
