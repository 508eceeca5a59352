//! Plain-text rendering: the message, the line, a caret under the place.

use super::{Diagnostic, Severity};
use std::fmt;

/// At most this many characters of a line are shown.
const MAX_EXCERPT_CHARS: usize = 120;
/// Characters shown to the left of the place when the line is longer than that.
const LEFT_CONTEXT_CHARS: usize = 60;

/// A piece of one line, safe to print, and where the carets stand below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Excerpt {
    text: String,
    caret_offset: usize,
    caret_count: usize,
}

impl Excerpt {
    /// Cuts the excerpt out of `line`; `column` counts code points from 1, `length` code points from there.
    pub(super) fn of_line(line: &str, column: usize, length: usize) -> Self {
        let place = column.saturating_sub(1);
        let first = place.saturating_sub(LEFT_CONTEXT_CHARS);
        let text: String = line.chars().skip(first).take(MAX_EXCERPT_CHARS).map(printable).collect();
        let caret_offset = place - first;
        let room = text.chars().count().saturating_sub(caret_offset).max(1);
        Self { text, caret_offset, caret_count: length.clamp(1, room) }
    }
}

/// Control characters and tabs take one column, and cannot move the cursor of a terminal.
fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

pub(super) fn write(diagnostic: &Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Diagnostic { line, column, message, excerpt, .. } = diagnostic;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(f, "{severity} at line {line}, column {column}: {message}")?;
    writeln!(f, "{margin} |")?;
    writeln!(f, "{number} | {}", excerpt.text.trim_end())?;
    write!(f, "{margin} | {}{}", " ".repeat(excerpt.caret_offset), "^".repeat(excerpt.caret_count))?;
    if !diagnostic.expected.is_empty() {
        write!(f, "\n{margin} = expected {}", diagnostic.expected.join(", "))?;
    }
    if let Some(help) = &diagnostic.help {
        write!(f, "\n{margin} = help: {help}")?;
    }
    Ok(())
}
