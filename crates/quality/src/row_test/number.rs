//! Numbers against a condition: one loop for each form, so that the comparison is the only work of a row.

use arrow_buffer::BooleanBuffer;
use sluice_dqdl::ast::CompareOperator;

use super::with_nulls;
use crate::condition::{Check, CheckForm};
use crate::frame::Frame;
use crate::plan::ColumnId;

pub(super) fn mark(frame: &Frame<'_>, column: ColumnId, check: &Check<f64>, null: bool) -> BooleanBuffer {
    let numbers = frame.numbers(column);
    let marks = mark_values(&numbers.values, check);
    let valid = numbers.valid.as_ref();
    if !null {
        return with_nulls(marks, valid, false);
    }
    // A text that is no number fails; only a NULL passes.
    let marks = with_nulls(marks, valid, false);
    with_nulls(marks, frame.cells(column).valid(), true)
}

#[expect(clippy::float_cmp, reason = "DQDL compares doubles exactly")]
pub(super) fn mark_values<N: Copy + Into<f64>>(values: &[N], check: &Check<f64>) -> BooleanBuffer {
    match &check.form {
        CheckForm::Compare(operator, operand) => {
            let operand = *operand;
            match operator {
                CompareOperator::Equal => each(values, |value| value == operand),
                CompareOperator::NotEqual => each(values, |value| value != operand),
                CompareOperator::Greater => each(values, |value| value > operand),
                CompareOperator::GreaterOrEqual => each(values, |value| value >= operand),
                CompareOperator::Less => each(values, |value| value < operand),
                CompareOperator::LessOrEqual => each(values, |value| value <= operand),
            }
        }
        CheckForm::Between { negated, low, high } => {
            let (low, high) = (*low, *high);
            if *negated {
                each(values, |value| !(value > low && value < high))
            } else {
                each(values, |value| (value > low) && (value < high))
            }
        }
        CheckForm::In { .. } => each(values, |value| check.holds(value)),
    }
}

/// Sixty-four rows at a time: comparisons fill one word.
#[inline]
fn each<N: Copy + Into<f64>>(values: &[N], passes: impl Fn(f64) -> bool) -> BooleanBuffer {
    let mut words: Vec<u64> = Vec::with_capacity(values.len().div_ceil(64));
    for block in values.chunks(64) {
        let mut word = 0;
        for (bit, value) in block.iter().enumerate() {
            word |= u64::from(passes((*value).into())) << bit;
        }
        words.push(word);
    }
    BooleanBuffer::new(words.into(), 0, values.len())
}
