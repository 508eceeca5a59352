//! The text of operands.

use crate::ast::{CivilDate, DateExpr, DateKind, Duration, NumberExpr, NumberKind, Sign, Size, StringOperand};
use std::fmt::{self, Display, Formatter};

/// `[a,b,c]`.
pub(super) fn list<T: Display>(f: &mut Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    f.write_str("[")?;
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        write!(f, "{item}")?;
    }
    f.write_str("]")
}

impl Display for NumberExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NumberKind::Literal { text, .. } => f.write_str(text),
            NumberKind::Null => f.write_str("NULL"),
            NumberKind::Group(inner) => write!(f, "({inner})"),
            NumberKind::Chain { first, rest } => {
                write!(f, "{first}")?;
                rest.iter().try_for_each(|(operator, operand)| write!(f, " {} {operand}", operator.as_str()))
            }
            NumberKind::Call { name, arguments } => {
                write!(f, "{name}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl Display for CivilDate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl Display for DateExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DateKind::Date(date) => write!(f, "\"{date}\""),
            DateKind::Time { text, .. } => write!(f, "\"{text}\""),
            DateKind::Now { offset: None } => f.write_str("now()"),
            DateKind::Now { offset: Some((sign, age)) } => {
                write!(f, "(now() {} {age})", if *sign == Sign::Plus { "+" } else { "-" })
            }
            DateKind::Null => f.write_str("NULL"),
        }
    }
}

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.as_str())
    }
}

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.unit {
            Some(unit) => write!(f, "{} {}", self.amount, unit.as_str()),
            None => write!(f, "{}", self.amount),
        }
    }
}

impl Display for StringOperand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { variable: Some(name), .. } => write!(f, "${name}"),
            Self::Text { raw, variable: None } => write!(f, "\"{raw}\""),
            Self::Null => f.write_str("NULL"),
            Self::Empty => f.write_str("EMPTY"),
            Self::WhitespacesOnly => f.write_str("WHITESPACES_ONLY"),
        }
    }
}
