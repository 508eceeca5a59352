//! The tree of a predicate, and the values that its nodes have.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::function::Function;
use crate::plan::ColumnId;
use crate::value::{DAY_MICROS, parse_date, parse_number, parse_timestamp};

/// A node. Its depth is capped when it is built.
#[derive(Debug)]
pub(super) enum Expr {
    Literal(Scalar<'static>),
    Column(ColumnId),
    Not(Box<Self>),
    Negative(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    Arithmetic(Operation, Box<Self>, Box<Self>),
    IsNull { of: Box<Self>, negated: bool },
    IsTruth { of: Box<Self>, truth: bool, negated: bool },
    In { of: Box<Self>, list: Vec<Self>, negated: bool },
    Between { of: Box<Self>, low: Box<Self>, high: Box<Self>, negated: bool },
    Matches { of: Box<Self>, pattern: regex::bytes::Regex, negated: bool },
    Case { branches: Vec<(Self, Self)>, otherwise: Option<Box<Self>> },
    Cast { of: Box<Self>, to: Target },
    Call { function: Function, arguments: Vec<Self> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    /// `<=>`: NULL equals NULL.
    EqualOrBothNull,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The target of a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Number,
    Whole,
    Text,
    Truth,
    Day,
    Instant,
}

/// The value of a node in one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Truth(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Day(i64),
    /// Microseconds since 1970-01-01T00:00Z.
    Instant(i64),
}

impl<'a> Scalar<'a> {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => parse_number(text.as_bytes()),
            Self::Truth(truth) => Some(f64::from(u8::from(*truth))),
            Self::Null | Self::Day(_) | Self::Instant(_) => None,
        }
    }

    pub(super) fn day(&self) -> Option<i64> {
        match self {
            Self::Day(day) => Some(*day),
            Self::Instant(micros) => Some(micros.div_euclid(DAY_MICROS)),
            Self::Text(text) => parse_date(text.as_bytes()),
            Self::Null | Self::Truth(_) | Self::Number(_) => None,
        }
    }

    pub(super) fn instant(&self) -> Option<i64> {
        match self {
            Self::Day(day) => day.checked_mul(DAY_MICROS),
            Self::Instant(micros) => Some(*micros),
            Self::Text(text) => parse_timestamp(text.as_bytes()),
            Self::Null | Self::Truth(_) | Self::Number(_) => None,
        }
    }

    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null => None,
            Self::Truth(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(format!("{number:.0}").into()),
            Self::Number(number) => Some(format!("{number:?}").into()),
            Self::Day(day) => {
                let array = arrow_array::Date32Array::from(vec![i32::try_from(day).ok()?]);
                let mut text = String::new();
                crate::cells::Cells::Date(array).render(0, &mut text);
                Some(text.into())
            }
            Self::Instant(micros) => {
                let array = arrow_array::TimestampMicrosecondArray::from(vec![micros]);
                let mut text = String::new();
                crate::cells::Cells::Timestamp(array).render(0, &mut text);
                Some(text.into())
            }
        }
    }

    /// The order of two values after the casts that Spark puts around a comparison; `None` when either is NULL then.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => None,
            (Self::Text(left), Self::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
            (Self::Instant(_), _) | (_, Self::Instant(_)) => Some(self.instant()?.cmp(&other.instant()?)),
            (Self::Day(_), _) | (_, Self::Day(_)) => Some(self.day()?.cmp(&other.day()?)),
            (Self::Truth(left), _) if !matches!(other, Self::Number(_)) => Some(left.cmp(&super::as_truth(other)?)),
            (_, Self::Truth(right)) if !matches!(self, Self::Number(_)) => Some(super::as_truth(self)?.cmp(right)),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }
}
