//! Labels: `labels=["key"="value"]` and `DefaultLabels=[…]`.

use super::{Parse, Parser};
use crate::ast::Label;
use crate::diagnostic::{Problem, quoted};
use crate::span::Span;
use crate::token::TokenKind;

/// The greatest number of labels of a rule, the default ones included.
pub(super) const MAX_LABELS: usize = 10;
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;

impl Parser<'_> {
    /// Whether `labels =` follows.
    pub(super) fn at_labels(&self) -> bool {
        self.word() == Some("labels") && self.peek_at(1) == TokenKind::Symbol('=')
    }

    /// `labels=[ … ]`; the caller has seen the word and the `=`.
    pub(super) fn labels(&mut self) -> Parse<Vec<Label>> {
        self.advance();
        self.advance();
        self.label_list()
    }

    /// `[ "key"="value", … ]`.
    pub(super) fn label_list(&mut self) -> Parse<Vec<Label>> {
        let start = self.expect_symbol('[')?.span;
        let mut labels: Vec<Label> = Vec::new();
        if self.peek() == TokenKind::Symbol(']') {
            self.advance();
            let span = self.span_from(start);
            self.sink.report(Problem::new(span, "labels must have at least one label").help("remove the empty list"));
            return Ok(labels);
        }
        loop {
            let label = self.label()?;
            self.check_label(&label, &labels);
            labels.push(label);
            if !self.eat_symbol(',') {
                break;
            }
        }
        self.expect_symbol(']')?;
        self.check_label_count(labels.len(), self.span_from(start));
        Ok(labels)
    }

    fn label(&mut self) -> Parse<Label> {
        let (key, key_span) = self.expect_text("a quoted key")?;
        self.expect_symbol('=')?;
        let (value, _) = self.expect_text("a quoted value")?;
        Ok(Label { key: key.to_owned(), value: value.to_owned(), span: self.span_from(key_span) })
    }

    fn check_label(&mut self, label: &Label, earlier: &[Label]) {
        self.check_label_text("label key", &label.key, MAX_KEY_CHARS, label.span);
        self.check_label_text("label value", &label.value, MAX_VALUE_CHARS, label.span);
        // A list longer than the limit is refused as a whole, so the search stays short.
        if earlier.iter().take(MAX_LABELS).any(|other| other.key == label.key) {
            self.sink.report(Problem::new(label.span, format!("duplicate label key {}", quoted(&label.key))));
        }
    }

    fn check_label_text(&mut self, what: &str, text: &str, max_chars: usize, span: Span) {
        let count = text.chars().count();
        if count == 0 {
            self.sink.report(Problem::new(span, format!("{what} is empty")));
        } else if count > max_chars {
            let message =
                format!("{what} has {count} characters, exceeding the maximum length of {max_chars} characters");
            self.sink.report(Problem::new(span, message));
        }
    }

    /// Checks a number of labels that a rule has, inherited ones included.
    pub(super) fn check_label_count(&mut self, count: usize, span: Span) {
        if count > MAX_LABELS {
            let message = format!("number of labels exceed maximum allowed (max: {MAX_LABELS}): {count}");
            self.sink.report(Problem::new(span, message).help("default labels count too"));
        }
    }
}
