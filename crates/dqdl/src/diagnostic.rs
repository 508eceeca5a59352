//! Messages about a ruleset: where, what, what was expected instead, and what to do.

mod render;
mod sink;

pub(crate) use sink::{Problem, Sink, nearest, quoted};

use crate::span::Span;
use std::fmt;

/// How grave a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The ruleset is refused.
    Error,
    /// The ruleset is accepted, but it may not mean what its author thinks.
    Warning,
}

/// One message, bound to a place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// The piece of source it is about.
    pub span: Span,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in Unicode code points.
    pub column: usize,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// What would have been accepted there, when that can be listed.
    pub expected: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    excerpt: render::Excerpt,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::write(self, f)
    }
}

/// Every message about one ruleset, in the order of the source. `Display` renders them all, each with a snippet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    omitted: usize,
}

impl Diagnostics {
    /// The messages, at most [`Diagnostics::MAX`].
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// How many further messages were left out.
    pub const fn omitted(&self) -> usize {
        self.omitted
    }

    /// The greatest number of messages kept for one ruleset.
    pub const MAX: usize = 100;

    /// Whether any message is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        if self.omitted > 0 {
            write!(f, "\n\nand {} further problems", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
