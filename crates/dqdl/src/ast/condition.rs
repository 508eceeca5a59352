//! Conditions: what a metric, a value, a date, an age or a size is compared with.

use super::date::{DateExpr, Duration, Size};
use super::number::NumberExpr;
use crate::span::Span;
use std::sync::Arc;

/// The condition of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Numbers and numeric expressions.
    Number(NumberCondition),
    /// Texts, patterns, NULL, EMPTY, `WHITESPACES_ONLY`. A condition that names only NULL is of this kind.
    String(StringCondition),
    /// Dates, times of day and `now()`.
    Date(DateCondition),
    /// Ages such as `3 days`.
    Duration(DurationCondition),
    /// Sizes such as `5 MB`.
    Size(SizeCondition),
}

impl Condition {
    /// Which variant this is.
    pub fn kind(&self) -> ConditionKind {
        match self {
            Self::Number(_) => ConditionKind::Number,
            Self::String(_) => ConditionKind::String,
            Self::Date(_) => ConditionKind::Date,
            Self::Duration(_) => ConditionKind::Duration,
            Self::Size(_) => ConditionKind::Size,
        }
    }

    /// Where the condition stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Number(condition) => condition.span,
            Self::String(condition) => condition.span,
            Self::Date(condition) => condition.span,
            Self::Duration(condition) => condition.span,
            Self::Size(condition) => condition.span,
        }
    }
}

/// The variants of [`Condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConditionKind {
    /// [`Condition::Number`].
    Number,
    /// [`Condition::String`].
    String,
    /// [`Condition::Date`].
    Date,
    /// [`Condition::Duration`].
    Duration,
    /// [`Condition::Size`].
    Size,
}

/// How a value is tested. `between` leaves its bounds out, and so `not between` takes them in.
#[derive(Debug, Clone, PartialEq)]
pub enum Test<T> {
    /// `= x`, `!= x`, `> x`, `>= x`, `< x`, `<= x`.
    Compare {
        /// The operator.
        operator: CompareOperator,
        /// What stands to its right.
        operand: T,
    },
    /// `between low and high`, `not between low and high`.
    Between {
        /// Whether `not` stands before it.
        negated: bool,
        /// The first operand.
        low: T,
        /// The second operand.
        high: T,
    },
    /// `in [ … ]`, `not in [ … ]`; never empty.
    In {
        /// Whether `not` stands before it.
        negated: bool,
        /// The list.
        operands: Vec<T>,
    },
}

impl<T> Test<T> {
    /// Every operand, from left to right.
    pub fn operands(&self) -> Vec<&T> {
        match self {
            Self::Compare { operand, .. } => vec![operand],
            Self::Between { low, high, .. } => vec![low, high],
            Self::In { operands, .. } => operands.iter().collect(),
        }
    }

    /// The same test with every operand converted, or nothing when one cannot be.
    pub(crate) fn try_map<U>(self, convert: impl Fn(T) -> Option<U>) -> Option<Test<U>> {
        Some(match self {
            Self::Compare { operator, operand } => Test::Compare { operator, operand: convert(operand)? },
            Self::Between { negated, low, high } => Test::Between { negated, low: convert(low)?, high: convert(high)? },
            Self::In { negated, operands } => {
                Test::In { negated, operands: operands.into_iter().map(convert).collect::<Option<_>>()? }
            }
        })
    }
}

/// The comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOperator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl CompareOperator {
    /// The operator as DQDL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

/// A condition on a number; also the form of `with threshold`.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberCondition {
    /// The test.
    pub test: Test<NumberExpr>,
    /// Where it stands.
    pub span: Span,
}

/// A condition on dates or points in time.
#[derive(Debug, Clone, PartialEq)]
pub struct DateCondition {
    /// The test.
    pub test: Test<DateExpr>,
    /// Where it stands.
    pub span: Span,
}

/// A condition on an age.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationCondition {
    /// The test.
    pub test: Test<Duration>,
    /// Where it stands.
    pub span: Span,
}

/// A condition on a size in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct SizeCondition {
    /// The test.
    pub test: Test<Size>,
    /// Where it stands.
    pub span: Span,
}

/// A condition on texts.
#[derive(Debug, Clone, PartialEq)]
pub struct StringCondition {
    /// The test.
    pub test: StringTest,
    /// Where it stands.
    pub span: Span,
}

/// How a text is tested. Texts have no order: there is no `<` and no `between`.
#[derive(Debug, Clone, PartialEq)]
pub enum StringTest {
    /// `= x`, `!= x`.
    Equal {
        /// Whether the operator is `!=`.
        negated: bool,
        /// What stands to its right.
        operand: StringOperand,
    },
    /// `in [ … ]`, `in $list`, `not in …`; never empty.
    In {
        /// Whether `not` stands before it.
        negated: bool,
        /// The list.
        set: StringSet,
    },
    /// `matches "regex"`, `not matches "regex"`: the whole value must match (Java syntax).
    Matches {
        /// Whether `not` stands before it.
        negated: bool,
        /// The pattern, as [`StringOperand::Text`].
        pattern: StringOperand,
    },
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub struct StringSet {
    /// The operands, those of the variable when it names one.
    pub operands: Arc<[StringOperand]>,
    /// The variable that stands for the whole list.
    pub variable: Option<String>,
}

/// One text, or one of the words that stand for a class of values.
#[derive(Debug, Clone, PartialEq)]
pub enum StringOperand {
    /// A quoted text, or a variable that holds one.
    Text {
        /// The text between the quotes, escapes as written.
        raw: Arc<str>,
        /// The variable's name, when `$name` was written.
        variable: Option<String>,
    },
    /// `NULL`.
    Null,
    /// `EMPTY`: the text of length zero.
    Empty,
    /// `WHITESPACES_ONLY`: a text of spaces, of length one or more.
    WhitespacesOnly,
}

impl StringOperand {
    /// The text between the quotes, as `=`, `!=` and `matches` compare it.
    pub fn raw(&self) -> Option<&str> {
        match self {
            Self::Text { raw, .. } => Some(raw),
            Self::Null | Self::Empty | Self::WhitespacesOnly => None,
        }
    }

    /// The text with `\"` and `\\` resolved, as `in` compares it.
    pub fn unescaped(&self) -> Option<String> {
        self.raw().map(crate::escape::unescape)
    }
}
