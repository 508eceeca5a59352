//! Evaluates conditions. Everything they depend on, time and past metrics included, is passed in.

mod date;
mod function;
mod number;

pub use date::Clock;
pub use number::{EvaluateError, History, Value};

pub(crate) use function::{AGGREGATES, FUNCTIONS};

use crate::ast::{CompareOperator, DurationCondition, SizeCondition, Test};
use std::cmp::Ordering;

impl DurationCondition {
    /// Whether an age in hours satisfies the condition.
    pub fn evaluate(&self, age_hours: f64) -> bool {
        holds(&self.test, |operand| age_hours.partial_cmp(&operand.hours()))
    }
}

impl SizeCondition {
    /// Whether a size in bytes satisfies the condition.
    pub fn evaluate(&self, size_bytes: u64) -> bool {
        holds(&self.test, |operand| u128::from(size_bytes).partial_cmp(&operand.bytes()))
    }
}

/// Whether a value satisfies `test`, where `compare` orders the value against an operand, or cannot (NULL, NaN).
///
/// `between` leaves out its bounds, and `not between` takes them in, as in the open-source evaluator.
fn holds<T>(test: &Test<T>, compare: impl Fn(&T) -> Option<Ordering>) -> bool {
    match test {
        Test::Compare { operator, operand } => {
            let order = compare(operand);
            match operator {
                CompareOperator::Equal => order == Some(Ordering::Equal),
                CompareOperator::NotEqual => order != Some(Ordering::Equal),
                CompareOperator::Greater => order == Some(Ordering::Greater),
                CompareOperator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                CompareOperator::Less => order == Some(Ordering::Less),
                CompareOperator::LessOrEqual => order.is_some_and(Ordering::is_le),
            }
        }
        Test::Between { negated: false, low, high } => {
            compare(low) == Some(Ordering::Greater) && compare(high) == Some(Ordering::Less)
        }
        Test::Between { negated: true, low, high } => {
            compare(low).is_some_and(Ordering::is_le) || compare(high).is_some_and(Ordering::is_ge)
        }
        Test::In { negated, operands } => {
            operands.iter().any(|operand| compare(operand) == Some(Ordering::Equal)) != *negated
        }
    }
}
