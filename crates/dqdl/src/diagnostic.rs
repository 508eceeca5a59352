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
    truncated: bool,
}

impl Diagnostics {
    /// The messages.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Whether there were more problems than are listed. Reading stops soon after [`Diagnostics::MAX`] errors.
    pub const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The greatest number of errors, and of warnings, kept for one ruleset.
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
        if self.truncated {
            f.write_str("\n\nand further problems, not listed")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
