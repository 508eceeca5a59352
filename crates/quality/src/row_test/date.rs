//! Days and ages against a condition. A text is cast as Spark casts it; one that is no date fails.

use arrow_buffer::BooleanBuffer;
use sluice_dqdl::ast::CompareOperator;

use super::{mark_texts, with_nulls};
use crate::cells::{Cells, day_micros};
use crate::condition::{Check, CheckForm};
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
    let mut passing = PassingAges::new(check, now_micros);
    let mut passes = |micros: i64| passing.holds(micros);
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
        _ => return mark_texts(frame, column, false, |text| parse_timestamp(text).is_some_and(&mut passes)),
    };
    with_nulls(marks, cells.valid(), false)
}

/// An age grows as its point in time goes back, so for a condition without gaps every point between two that pass passes,
/// too: nearly all rows are told by two comparisons.
struct PassingAges<'c> {
    check: &'c Check<f64>,
    now_micros: i64,
    is_gapless: bool,
    /// Earliest and latest point that was seen to pass.
    known: Option<(i64, i64)>,
}

impl<'c> PassingAges<'c> {
    fn new(check: &'c Check<f64>, now_micros: i64) -> Self {
        let is_gapless = match &check.form {
            CheckForm::Compare(operator, _) => *operator != CompareOperator::NotEqual,
            CheckForm::Between { negated, .. } => !negated,
            CheckForm::In { .. } => false,
        };
        Self { check, now_micros, is_gapless, known: None }
    }

    #[inline]
    fn holds(&mut self, micros: i64) -> bool {
        if self.known.is_some_and(|(earliest, latest)| earliest <= micros && micros <= latest) {
            return true;
        }
        let passes = self.check.holds(age_hours(self.now_micros, micros));
        if passes && self.is_gapless {
            let (earliest, latest) = self.known.unwrap_or((micros, micros));
            self.known = Some((earliest.min(micros), latest.max(micros)));
        }
        passes
    }
}

/// Whole seconds between the two points, in hours, rounded to two decimals as Deequ rounds them.
fn age_hours(now_micros: i64, then_micros: i64) -> f64 {
    let seconds = now_micros.div_euclid(1_000_000) - then_micros.div_euclid(1_000_000);
    (from_integer(seconds) / 3600.0 * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_seen_to_pass_decides_as_each_age_by_itself(
            points in prop::collection::vec(0i64..40_000_000_000, 1..60), low in 0f64..12.0, width in 0f64..6.0, form in 0usize..6
        ) {
            let now = 40_000_000_000;
            let form = match form {
                0 => CheckForm::Between { negated: false, low, high: low + width },
                1 => CheckForm::Between { negated: true, low, high: low + width },
                2 => CheckForm::Compare(CompareOperator::LessOrEqual, low),
                3 => CheckForm::Compare(CompareOperator::Greater, low),
                4 => CheckForm::Compare(CompareOperator::NotEqual, age_hours(now, points[0])),
                _ => CheckForm::In { negated: true, values: vec![age_hours(now, points[0])] },
            };
            let check = Check { form, names_null: false };
            let mut passing = PassingAges::new(&check, now);
            for point in points {
                prop_assert_eq!(passing.holds(point), check.holds(age_hours(now, point)));
            }
        }
    }
}
