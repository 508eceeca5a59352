//! Recursive descent over the tokens. Every problem is reported; reading goes on with the next rule or section.

mod condition;
mod date;
mod labels;
mod number;
mod operand;
mod rule;
mod ruleset;
mod tag;
mod variable;

use crate::ast::{Ruleset, VariableValue};
use crate::diagnostic::{Diagnostics, Problem, Sink, quoted};
use crate::lexer::tokenize;
use crate::span::Span;
use crate::token::{Token, TokenKind};
use std::collections::HashMap;

/// The longest source that is read, in bytes. AWS accepts rulesets of 64 KiB.
pub const MAX_SOURCE_BYTES: usize = 4 << 20;

/// The deepest nesting of parentheses and function calls that is read.
pub const MAX_DEPTH: usize = 64;

/// Reads and checks a ruleset.
///
/// # Errors
/// Everything that is wrong with it, at once, each with its place and, where possible, a remedy.
pub fn parse(source: &str) -> Result<Ruleset, Diagnostics> {
    let (ruleset, diagnostics) = parse_with_warnings(source);
    ruleset.ok_or(diagnostics)
}

/// Reads and checks a ruleset, and also tells what is suspicious in one that is accepted.
pub fn parse_with_warnings(source: &str) -> (Option<Ruleset>, Diagnostics) {
    let mut sink = Sink::default();
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the ruleset has {} bytes, more than the {MAX_SOURCE_BYTES} that are read", source.len());
        sink.report(Problem::new(Span::default(), message).help("split it into several rulesets"));
        return (None, sink.into_diagnostics(source));
    }
    let tokens = tokenize(source, &mut sink);
    let mut parser = Parser { source, tokens, position: 0, sink, variables: HashMap::new() };
    let ruleset = parser.document();
    let accepted = !parser.sink.has_errors();
    (accepted.then_some(ruleset), parser.sink.into_diagnostics(source))
}

/// Stands for a problem that was already reported.
#[derive(Debug, Clone, Copy)]
struct Reported;

type Parse<T> = Result<T, Reported>;

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    position: usize,
    sink: Sink,
    /// What each variable stands for; `None` when its declaration was refused, so that its uses are not reported too.
    variables: HashMap<String, Option<VariableValue>>,
}

impl<'a> Parser<'a> {
    fn token(&self, ahead: usize) -> Token {
        let end = u32::try_from(self.source.len()).unwrap_or(u32::MAX);
        let end_token = Token { kind: TokenKind::End, span: Span::new(end, end) };
        self.tokens.get(self.position + ahead).copied().unwrap_or(end_token)
    }

    fn peek(&self) -> TokenKind {
        self.token(0).kind
    }

    fn peek_at(&self, ahead: usize) -> TokenKind {
        self.token(ahead).kind
    }

    fn advance(&mut self) -> Token {
        let token = self.token(0);
        if token.kind != TokenKind::End {
            self.position += 1;
        }
        token
    }

    /// The source under `span`.
    fn slice(&self, span: Span) -> &'a str {
        let range = usize::try_from(span.start).ok().zip(usize::try_from(span.end).ok());
        range.and_then(|(start, end)| self.source.get(start..end)).unwrap_or_default()
    }

    /// The source under `span`, without the quotes around it.
    fn inner_text(&self, span: Span) -> &'a str {
        let text = self.slice(span);
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
    }

    fn word(&self) -> Option<&'a str> {
        self.word_at(0)
    }

    fn word_at(&self, ahead: usize) -> Option<&'a str> {
        let token = self.token(ahead);
        (token.kind == TokenKind::Word).then(|| self.slice(token.span))
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    fn eat_symbol(&mut self, symbol: char) -> bool {
        self.eat(TokenKind::Symbol(symbol))
    }

    fn expect_symbol(&mut self, symbol: char) -> Parse<Token> {
        if self.peek() == TokenKind::Symbol(symbol) {
            return Ok(self.advance());
        }
        Err(self.unexpected(&[&format!("`{symbol}`")]))
    }

    /// A quoted text; its inner part and its span.
    fn expect_text(&mut self, what: &str) -> Parse<(&'a str, Span)> {
        let token = self.token(0);
        match token.kind {
            TokenKind::Text => {
                self.advance();
                Ok((self.inner_text(token.span), token.span))
            }
            TokenKind::Date | TokenKind::Time => Err(self.date_is_no_text(token.span, what)),
            _ => Err(self.unexpected(&[what])),
        }
    }

    fn date_is_no_text(&mut self, span: Span, what: &str) -> Reported {
        let message = format!("{} is read as a date or a time, not as a text", self.slice(span));
        self.fail(Problem::new(span, message).expected([what]).help("DQDL has no way to write this text here"))
    }

    fn fail(&mut self, problem: Problem) -> Reported {
        self.sink.report(problem);
        Reported
    }

    /// Goes to the end when there are too many errors to read on.
    fn give_up_when_full(&mut self) {
        if self.sink.is_full() {
            self.position = self.tokens.len();
        }
    }

    /// Reports the current token as one that does not fit.
    fn unexpected(&mut self, expected: &[&str]) -> Reported {
        let problem = self.unexpected_problem(expected);
        self.fail(problem)
    }

    fn unexpected_problem(&self, expected: &[&str]) -> Problem {
        let token = self.token(0);
        let message = match token.kind {
            TokenKind::End => "the ruleset ends too early".to_owned(),
            _ => format!("unexpected {}", quoted(self.slice(token.span))),
        };
        Problem::new(token.span, message).expected(expected)
    }

    fn previous_span(&self) -> Span {
        self.position
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index))
            .map(|token| token.span)
            .unwrap_or_default()
    }

    /// From the token at `start` to the last one read.
    fn span_from(&self, start: Span) -> Span {
        start.to(self.previous_span())
    }

    fn check_depth(&mut self, depth: usize) -> Parse<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        let span = self.token(0).span;
        Err(self.fail(Problem::new(span, format!("nested more than {MAX_DEPTH} deep")).help("remove parentheses")))
    }
}
