//! Numeric expressions.

use crate::span::Span;

/// A number, or arithmetic over numbers and functions of past metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberExpr {
    /// What it is.
    pub kind: NumberKind,
    /// Where it stands.
    pub span: Span,
}

/// What a [`NumberExpr`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberKind {
    /// `10`, `-0.5`.
    Literal {
        /// The value; always finite.
        value: f64,
        /// The spelling, sign and quotes included: AWS's documentation also writes `= "1.0"`.
        text: String,
    },
    /// `NULL`, which stands for a missing value in `in` and `=`.
    Null,
    /// `last(10)`, `avg(last(10))`.
    Call {
        /// The function's name; any name is accepted here, the evaluator knows which exist.
        name: String,
        /// The arguments.
        arguments: Vec<NumberExpr>,
    },
    /// `a + b * c`: all four operators have the same precedence and apply from left to right.
    Chain {
        /// The first operand.
        first: Box<NumberExpr>,
        /// Each operator with the operand after it; never empty.
        rest: Vec<(ArithmeticOperator, NumberExpr)>,
    },
    /// `( … )`.
    Group(Box<NumberExpr>),
}

/// The four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl ArithmeticOperator {
    /// The operator as DQDL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

impl NumberExpr {
    /// Whether a function is called anywhere, so that the value may depend on past runs (a dynamic rule).
    pub fn calls_a_function(&self) -> bool {
        match &self.kind {
            NumberKind::Literal { .. } | NumberKind::Null => false,
            NumberKind::Call { .. } => true,
            NumberKind::Chain { first, rest } => {
                first.calls_a_function() || rest.iter().any(|(_, next)| next.calls_a_function())
            }
            NumberKind::Group(inner) => inner.calls_a_function(),
        }
    }
}
