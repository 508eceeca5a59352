//! Days and ages against a condition. A text is cast as Spark casts it; one that is no date fails.

use arrow_buffer::BooleanBuffer;

use super::{mark_texts, with_nulls};
use crate::cells::{Cells, day_micros};
use crate::condition::Check;
use crate::frame::Frame;
use crate::plan::ColumnId;
use crate::value::{DAY_MICROS, from_integer, parse_date, parse_timestamp};

pub(super) fn mark_days(frame: &Frame<'_>, column: ColumnId, check: &Check<i64>, null: bool) -> BooleanBuffer {
    let cells = frame.cells(column);
    let marks = match cells {
        Cells::Date(array) => {
            let values = array.values();
            BooleanBuffer::collect_bool(frame.rows, |row| check.holds(values.get(row).copied().unwrap_or(0).into()))
        }
        Cells::Timestamp(array) => {
            let values = array.values();
            let day = |row: usize| values.get(row).copied().unwrap_or(0).div_euclid(DAY_MICROS);
            BooleanBuffer::collect_bool(frame.rows, |row| check.holds(day(row)))
        }
        _ => {
            return mark_texts(frame, column, null, |text| parse_date(text).is_some_and(|day| check.holds(day)));
        }
    };
    with_nulls(marks, cells.valid(), null)
}

pub(super) fn mark_ages(frame: &Frame<'_>, column: ColumnId, check: &Check<f64>, now_micros: i64) -> BooleanBuffer {
    let passes = |micros: i64| check.holds(age_hours(now_micros, micros));
    let cells = frame.cells(column);
    let marks = match cells {
        Cells::Date(array) => {
            let values = array.values();
            let micros = |row: usize| day_micros(values.get(row).copied().unwrap_or(0));
            BooleanBuffer::collect_bool(frame.rows, |row| passes(micros(row)))
        }
        Cells::Timestamp(array) => {
            let values = array.values();
            BooleanBuffer::collect_bool(frame.rows, |row| passes(values.get(row).copied().unwrap_or(0)))
        }
        _ => return mark_texts(frame, column, false, |text| parse_timestamp(text).is_some_and(passes)),
    };
    with_nulls(marks, cells.valid(), false)
}

/// Whole seconds between the two points, in hours, rounded to two decimals as Deequ rounds them.
fn age_hours(now_micros: i64, then_micros: i64) -> f64 {
    let seconds = now_micros.div_euclid(1_000_000) - then_micros.div_euclid(1_000_000);
    (from_integer(seconds) / 3600.0 * 100.0).round() / 100.0
}
