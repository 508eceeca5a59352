//! The value of a predicate in one row.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::as_truth;
use super::expr::{Comparison, Expr, Operation, Scalar, Target};
use crate::cells::Cells;
use crate::frame::Frame;
use crate::plan::ColumnId;
use crate::value::{from_decimal, from_integer};

/// Whether the predicate is true; `None` when that is unknown.
pub(super) fn truth(expr: &Expr, frame: &Frame<'_>, row: usize) -> Option<bool> {
    match expr {
        Expr::And(left, right) => match truth(left, frame, row) {
            Some(false) => Some(false),
            left => match (left, truth(right, frame, row)) {
                (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
        },
        Expr::Or(left, right) => match truth(left, frame, row) {
            Some(true) => Some(true),
            left => match (left, truth(right, frame, row)) {
                (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        },
        Expr::Not(inner) => truth(inner, frame, row).map(|truth| !truth),
        Expr::Compare(comparison, left, right) => {
            compare(*comparison, &value(left, frame, row), &value(right, frame, row))
        }
        Expr::IsNull { of, negated } => Some((value(of, frame, row) == Scalar::Null) != *negated),
        Expr::IsTruth { of, truth: wanted, negated } => Some((truth(of, frame, row) == Some(*wanted)) != *negated),
        Expr::In { of, list, negated } => {
            let found = contains(&value(of, frame, row), list, frame, row);
            found.map(|found| found != *negated)
        }
        Expr::Between { of, low, high, negated } => {
            let of = value(of, frame, row);
            let above = of.order(&value(low, frame, row)).map(Ordering::is_ge);
            let below = of.order(&value(high, frame, row)).map(Ordering::is_le);
            let inside = match (above, below) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            inside.map(|inside| inside != *negated)
        }
        Expr::Matches { of, pattern, negated } => {
            value(of, frame, row).text().map(|text| pattern.is_match(text.as_bytes()) != *negated)
        }
        other => as_truth(&value(other, frame, row)),
    }
}

fn compare(comparison: Comparison, left: &Scalar<'_>, right: &Scalar<'_>) -> Option<bool> {
    if comparison == Comparison::EqualOrBothNull && (*left == Scalar::Null || *right == Scalar::Null) {
        return Some(left == right);
    }
    let order = left.order(right)?;
    Some(match comparison {
        Comparison::Equal | Comparison::EqualOrBothNull => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

fn contains(of: &Scalar<'_>, list: &[Expr], frame: &Frame<'_>, row: usize) -> Option<bool> {
    let mut unknown = *of == Scalar::Null;
    for item in list {
        match of.order(&value(item, frame, row)) {
            Some(Ordering::Equal) => return Some(true),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(false)
}

/// The value of any node.
fn value<'a>(expr: &'a Expr, frame: &'a Frame<'_>, row: usize) -> Scalar<'a> {
    match expr {
        Expr::Literal(literal) => borrowed(literal),
        Expr::Column(column) => cell(frame, *column, row),
        Expr::Negative(inner) => {
            value(inner, frame, row).number().map_or(Scalar::Null, |number| Scalar::Number(-number))
        }
        Expr::Arithmetic(operation, left, right) => {
            arithmetic(*operation, &value(left, frame, row), &value(right, frame, row))
        }
        Expr::Case { branches, otherwise } => {
            let chosen = branches.iter().find(|(condition, _)| truth(condition, frame, row) == Some(true));
            match (chosen, otherwise) {
                (Some((_, result)), _) => value(result, frame, row),
                (None, Some(otherwise)) => value(otherwise, frame, row),
                (None, None) => Scalar::Null,
            }
        }
        Expr::Cast { of, to } => cast(value(of, frame, row), *to).unwrap_or(Scalar::Null),
        Expr::Call { function, arguments } => {
            function.call(arguments.iter().map(|argument| value(argument, frame, row)).collect())
        }
        predicate => truth(predicate, frame, row).map_or(Scalar::Null, Scalar::Truth),
    }
}

fn borrowed<'a>(literal: &'a Scalar<'static>) -> Scalar<'a> {
    match literal {
        Scalar::Text(text) => Scalar::Text(Cow::Borrowed(text.as_ref())),
        other => other.clone(),
    }
}

fn arithmetic<'a>(operation: Operation, left: &Scalar<'_>, right: &Scalar<'_>) -> Scalar<'a> {
    if let (Scalar::Day(day), Some(days)) = (left, right.number()) {
        let shift = if operation == Operation::Subtract { -days } else { days };
        let moved = from_integer(*day) + shift;
        #[expect(clippy::cast_possible_truncation, reason = "days of the calendar fit, others saturate")]
        return Scalar::Day(moved as i64);
    }
    let (Some(left), Some(right)) = (left.number(), right.number()) else { return Scalar::Null };
    let result = match operation {
        Operation::Add => left + right,
        Operation::Subtract => left - right,
        Operation::Multiply => left * right,
        Operation::Divide | Operation::Remainder if right == 0.0 => return Scalar::Null,
        Operation::Divide => left / right,
        Operation::Remainder => left % right,
    };
    Scalar::Number(result)
}

fn cast(of: Scalar<'_>, to: Target) -> Option<Scalar<'_>> {
    Some(match to {
        Target::Number => Scalar::Number(of.number()?),
        Target::Whole => Scalar::Number(of.number()?.trunc()),
        Target::Text => Scalar::Text(of.text()?),
        Target::Truth => Scalar::Truth(as_truth(&of)?),
        Target::Day => Scalar::Day(of.day()?),
        Target::Instant => Scalar::Instant(of.instant()?),
    })
}

fn cell<'a>(frame: &'a Frame<'_>, column: ColumnId, row: usize) -> Scalar<'a> {
    let cells = frame.cells(column);
    if cells.nulls().is_some_and(|nulls| nulls.is_null(row)) {
        return Scalar::Null;
    }
    match cells {
        Cells::Text(array) => Scalar::Text(String::from_utf8_lossy(array.value(row))),
        Cells::Integer(array) => Scalar::Number(from_integer(array.value(row))),
        Cells::Float(array) => Scalar::Number(array.value(row)),
        Cells::Decimal(array) => Scalar::Number(from_decimal(array.value(row), array.scale())),
        Cells::Boolean(array) => Scalar::Truth(array.value(row)),
        Cells::Date(array) => Scalar::Day(array.value(row).into()),
        Cells::Timestamp(array) => Scalar::Instant(array.value(row)),
        Cells::Opaque(_) => Scalar::Null,
    }
}
