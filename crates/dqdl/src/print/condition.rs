//! The text of conditions.

use super::operand::list;
use crate::ast::{
    Condition, DateCondition, DurationCondition, NumberCondition, SizeCondition, StringCondition, StringTest, Test,
};
use std::fmt::{self, Display, Formatter};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(condition) => write!(f, "{condition}"),
            Self::String(condition) => write!(f, "{condition}"),
            Self::Date(condition) => write!(f, "{condition}"),
            Self::Duration(condition) => write!(f, "{condition}"),
            Self::Size(condition) => write!(f, "{condition}"),
        }
    }
}

impl<T: Display> Display for Test<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { operator, operand } => write!(f, "{} {operand}", operator.as_str()),
            Self::Between { negated, low, high } => write!(f, "{}between {low} and {high}", not(*negated)),
            Self::In { negated, operands } => {
                write!(f, "{}in ", not(*negated))?;
                list(f, operands.iter())
            }
        }
    }
}

const fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

impl Display for NumberCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.test)
    }
}

impl Display for DateCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.test)
    }
}

impl Display for DurationCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.test)
    }
}

impl Display for SizeCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.test)
    }
}

impl Display for StringCondition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.test {
            StringTest::Equal { negated, operand } => write!(f, "{} {operand}", if *negated { "!=" } else { "=" }),
            StringTest::In { negated, set } => {
                write!(f, "{}in ", not(*negated))?;
                match &set.variable {
                    Some(name) => write!(f, "${name}"),
                    None => list(f, set.operands.iter()),
                }
            }
            StringTest::Matches { negated, pattern } => write!(f, "{}matches {pattern}", not(*negated)),
        }
    }
}
