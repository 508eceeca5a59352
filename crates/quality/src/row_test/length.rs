//! The number of characters against a condition.

use arrow_buffer::BooleanBuffer;

use super::mark_texts;
use crate::condition::Check;
use crate::frame::Frame;
use crate::plan::ColumnId;
use crate::value::{char_length, count, from_count};

pub(super) fn mark(frame: &Frame<'_>, column: ColumnId, check: &Check<f64>, null: bool) -> BooleanBuffer {
    mark_texts(frame, column, null, |text| check.holds(from_count(count(char_length(text)))))
}
