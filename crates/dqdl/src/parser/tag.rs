//! `with NAME = VALUE`.

use super::{Parse, Parser};
use crate::ast::{Tag, TagValue};
use crate::diagnostic::Problem;
use crate::registry::{Feature, RuleType};
use crate::span::Span;
use crate::token::TokenKind;

/// The tags whose value is a list, which only AWS's documentation of the file rules knows.
const LIST_TAGS: [&str; 1] = ["filterOrder"];

impl Parser<'_> {
    /// The tags after `with`, which the caller has read; several only for types that list their options.
    pub(super) fn tags(&mut self, rule_type: Option<RuleType>, tags: &mut Vec<Tag>) -> Parse<()> {
        let lists_options = rule_type.is_some_and(|rule_type| rule_type.spec().has(Feature::OptionList));
        loop {
            tags.push(self.tag(lists_options)?);
            if !(lists_options && self.another_option_follows()) {
                return Ok(());
            }
            self.advance();
        }
    }

    /// Whether `, name =` follows, where the name is no rule type.
    fn another_option_follows(&self) -> bool {
        let name = self.word_at(1).filter(|name| RuleType::from_name(name).is_none());
        self.peek() == TokenKind::Symbol(',') && name.is_some() && self.peek_at(2) == TokenKind::Symbol('=')
    }

    fn tag(&mut self, allows_words: bool) -> Parse<Tag> {
        let start = self.token(0).span;
        let Some(name) = self.word() else { return Err(self.unexpected(&["`threshold`", "the name of a tag"])) };
        self.advance();
        if self.peek() != TokenKind::Symbol('=') {
            let problem = self.unexpected_problem(&["`=`"]);
            return Err(self.fail(problem.help("a tag is written `with name = \"value\"`")));
        }
        self.advance();
        let value = self.tag_value(name, allows_words)?;
        Ok(Tag { name: name.to_owned(), value, span: self.span_from(start) })
    }

    fn tag_value(&mut self, name: &str, allows_words: bool) -> Parse<TagValue> {
        let start = self.token(0).span;
        match self.peek() {
            TokenKind::Text => Ok(TagValue::Text(self.expect_text("a quoted text")?.0.to_owned())),
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Symbol('-') => self.tag_number(),
            TokenKind::Symbol('[') if LIST_TAGS.contains(&name) => Ok(TagValue::List(self.text_list()?)),
            TokenKind::Word if allows_words => {
                let span = self.advance().span;
                Ok(TagValue::Word(self.slice(span).to_owned()))
            }
            TokenKind::Date | TokenKind::Time => Err(self.date_is_no_text(start, "a quoted text")),
            _ => Err(self.unexpected(&["a quoted text", "a number"])),
        }
    }

    fn tag_number(&mut self) -> Parse<TagValue> {
        let sign = if self.eat_symbol('-') { "-" } else { "" };
        if !matches!(self.peek(), TokenKind::Integer | TokenKind::Decimal) {
            return Err(self.unexpected(&["a number"]));
        }
        let span = self.advance().span;
        Ok(TagValue::Number(format!("{sign}{}", self.slice(span))))
    }

    /// Reports a second threshold.
    pub(super) fn refuse_second_threshold(&mut self, span: Span) {
        self.sink.report(Problem::new(span, "a rule has at most one threshold").help("keep one of them"));
    }
}
