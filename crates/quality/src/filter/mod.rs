//! `where` clauses: the part of Spark SQL's expressions that speaks of one row, with its three-valued logic.

mod eval;
mod expr;
mod function;
mod parse;

use arrow_buffer::BooleanBuffer;

use crate::frame::Frame;
use crate::plan::Planner;

use expr::{Expr, Scalar};

/// A predicate, ready to run.
#[derive(Debug)]
pub(crate) struct Filter {
    predicate: Expr,
}

/// Why a clause cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("it is longer than {0} bytes; shorten it")]
    Long(usize),
    #[error("{0}")]
    Syntax(String),
    #[error("it nests deeper than {0}; simplify it")]
    Deep(usize),
    #[error("{0}")]
    Column(String),
    #[error(
        "`{0}` is not supported here; use comparisons, and, or, not, in, between, like, rlike, is null, case, cast, arithmetic and the row functions of Spark SQL"
    )]
    Unsupported(String),
    #[error("the pattern in it cannot be used: {0}")]
    Pattern(#[from] crate::pattern::PatternError),
}

impl Filter {
    pub(crate) fn compile(text: &str, planner: &mut Planner<'_>) -> Result<Self, FilterError> {
        Ok(Self { predicate: parse::compile(text, planner)? })
    }

    /// The predicate of a tree that was parsed already.
    pub(crate) fn from_tree(tree: &sqlparser::ast::Expr, planner: &mut Planner<'_>) -> Result<Self, FilterError> {
        Ok(Self { predicate: parse::build(tree, planner)? })
    }

    /// The rows for which the predicate is true: not those for which it is false or NULL.
    pub(crate) fn select(&self, frame: &Frame<'_>) -> BooleanBuffer {
        BooleanBuffer::collect_bool(frame.rows, |row| matches!(eval::truth(&self.predicate, frame, row), Some(true)))
    }
}

/// Whether a scalar is true; NULL, and what is neither true nor false, is unknown.
fn as_truth(value: &Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Truth(truth) => Some(*truth),
        Scalar::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "0" => Some(false),
            _ => None,
        },
        Scalar::Number(number) => Some(*number != 0.0),
        Scalar::Null | Scalar::Day(_) | Scalar::Instant(_) => None,
    }
}
