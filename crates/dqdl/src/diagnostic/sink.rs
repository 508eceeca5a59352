//! Collects problems while a ruleset is read, and gives them their line and column at the end.

use super::render::Excerpt;
use super::{Diagnostic, Diagnostics, Severity};
use crate::span::Span;

/// A message that does not know its line yet.
#[derive(Debug)]
pub(crate) struct Problem {
    severity: Severity,
    span: Span,
    message: String,
    expected: Vec<String>,
    help: Option<String>,
}

impl Problem {
    /// An error at `span`.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, span, message: message.into(), expected: Vec::new(), help: None }
    }

    /// A warning at `span`.
    pub(crate) fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(span, message) }
    }

    pub(crate) fn expected<T: ToString>(mut self, expected: impl IntoIterator<Item = T>) -> Self {
        self.expected = expected.into_iter().map(|item| item.to_string()).collect();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the candidate that looks most like `name`, if one does.
    pub(crate) fn did_you_mean(mut self, name: &str, candidates: impl IntoIterator<Item = &'static str>) -> Self {
        if let Some(candidate) = nearest(name, candidates) {
            self.help = Some(format!("did you mean `{candidate}`?"));
        }
        self
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    problems: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

impl Sink {
    /// Keeps `problem`, or only counts it when there are too many of its severity.
    pub(crate) fn report(&mut self, problem: Problem) {
        let count = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= Diagnostics::MAX {
            self.problems.push(problem);
        }
    }

    /// Whether so many errors were found that reading on serves nobody.
    pub(crate) const fn is_full(&self) -> bool {
        self.errors >= Diagnostics::MAX
    }

    /// Whether anything reported refuses the ruleset.
    pub(crate) const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The number of errors reported.
    pub(crate) const fn error_count(&self) -> usize {
        self.errors
    }

    /// Sorts the problems by place and finds their lines and columns in one pass over `source`.
    pub(crate) fn into_diagnostics(mut self, source: &str) -> Diagnostics {
        self.problems.sort_by_key(|problem| problem.span.start);
        let truncated = self.is_full() || self.warnings > Diagnostics::MAX;
        let mut lines = Lines::new(source);
        let list = self.problems.into_iter().map(|problem| lines.locate(problem)).collect();
        Diagnostics { list, truncated }
    }
}

/// A cursor over lines that only moves forward.
struct Lines<'a> {
    source: &'a str,
    line: usize,
    line_start: usize,
}

impl<'a> Lines<'a> {
    const fn new(source: &'a str) -> Self {
        Self { source, line: 1, line_start: 0 }
    }

    fn locate(&mut self, problem: Problem) -> Diagnostic {
        let start = byte_offset(problem.span.start).min(self.source.len());
        let searched_from = self.line_start;
        let searched = self.source.get(searched_from..start).unwrap_or_default();
        for (newline, _) in searched.match_indices('\n') {
            self.line += 1;
            self.line_start = searched_from + newline + 1;
        }
        let before = self.source.get(self.line_start..start).unwrap_or_default();
        let column = before.chars().count() + 1;
        let rest = self.source.get(self.line_start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let end = byte_offset(problem.span.end).min(self.source.len());
        let length =
            self.source.get(start..end).unwrap_or_default().split('\n').next().unwrap_or_default().chars().count();
        let excerpt = Excerpt::of_line(line, column, length);
        let Problem { severity, span, message, expected, help } = problem;
        Diagnostic { severity, span, line: self.line, column, message, expected, help, excerpt }
    }
}

fn byte_offset(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// `text` between backquotes, shortened, without control characters.
pub(crate) fn quoted(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut shown: String =
        text.chars().take(MAX_CHARS).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The candidate closest to `name`, when it is close enough to be a slip of the pen.
pub(crate) fn nearest(name: &str, candidates: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    const MAX_NAME_BYTES: usize = 64;
    const LEAST_SIMILARITY: f64 = 0.8;
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}
