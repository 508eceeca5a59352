//! Variables: their declaration and their use.

use super::{Parse, Parser, Reported};
use crate::ast::{StringOperand, Variable, VariableValue};
use crate::diagnostic::{Problem, nearest, quoted};
use crate::span::Span;
use crate::token::TokenKind;
use std::sync::Arc;

impl Parser<'_> {
    /// `name = "text"` or `name = [ … ]`; the caller has seen the name and the `=`.
    pub(super) fn variable_declaration(&mut self) -> Parse<Variable> {
        let name_span = self.advance().span;
        let name = self.slice(name_span);
        self.advance();
        if name.starts_with(['.', '_']) {
            let message = format!("variable name {} starts with {}", quoted(name), "`.` or `_`");
            self.sink.report(Problem::new(name_span, message).help("start it with a letter"));
        }
        let value = match self.peek() {
            TokenKind::Text => VariableValue::Text(self.variable_text()?),
            TokenKind::Symbol('[') if self.peek_at(1) != TokenKind::Word => {
                VariableValue::List(self.variable_list()?.into())
            }
            _ => return Err(self.no_variable_value(name, name_span)),
        };
        if self.variables.contains_key(name) {
            let problem = Problem::new(name_span, format!("variable {} is declared twice", quoted(name)));
            return Err(self.fail(problem.help("give it another name")));
        }
        self.variables.insert(name.to_owned(), Some(value.clone()));
        Ok(Variable { name: name.to_owned(), value, span: self.span_from(name_span) })
    }

    fn no_variable_value(&mut self, name: &str, name_span: Span) -> Reported {
        let section = ["Metadata", "DataSources", "DefaultLabels", "Rules", "Analyzers"];
        if let Some(section) = nearest(name, section) {
            let problem = Problem::new(name_span, format!("no section is called {}", quoted(name)));
            return self.fail(problem.help(format!("did you mean `{section}`?")));
        }
        self.eat_symbol('[');
        self.unexpected(&["a quoted text", "a list of quoted texts"])
    }

    fn variable_text(&mut self) -> Parse<Arc<str>> {
        let (text, span) = self.expect_text("a quoted text")?;
        if let Some(name) = referenced_name(text) {
            let problem = Problem::new(span, format!("a variable cannot use another one: {}", quoted(name)));
            self.sink.report(problem.help("write the whole text"));
        }
        Ok(text.into())
    }

    fn variable_list(&mut self) -> Parse<Vec<StringOperand>> {
        self.expect_symbol('[')?;
        let mut operands = Vec::new();
        loop {
            operands.push(self.variable_element()?);
            if !self.eat_symbol(',') {
                break;
            }
        }
        self.expect_symbol(']')?;
        Ok(operands)
    }

    fn variable_element(&mut self) -> Parse<StringOperand> {
        let word = match self.peek() {
            TokenKind::Null => StringOperand::Null,
            TokenKind::Empty => StringOperand::Empty,
            TokenKind::WhitespacesOnly => StringOperand::WhitespacesOnly,
            _ => return Ok(StringOperand::Text { raw: self.variable_text()?, variable: None }),
        };
        self.advance();
        Ok(word)
    }

    /// `$name`: the name and the value, unless its declaration was refused.
    pub(super) fn variable_use(&mut self) -> Parse<(String, Option<VariableValue>, Span)> {
        let start = self.expect_symbol('$')?.span;
        let Some(name) = self.word() else { return Err(self.unexpected(&["the name of a variable"])) };
        self.advance();
        let span = self.span_from(start);
        if let Some(value) = self.variables.get(name) {
            return Ok((name.to_owned(), value.clone(), span));
        }
        let problem = Problem::new(span, format!("variable not found: {name}"));
        Err(self.fail(problem.help("declare it before the rules: name = \"text\" or name = [\"a\", \"b\"]")))
    }
}

/// The first name after a `$`. A `$` before anything else, as in a regular expression, is only a character.
fn referenced_name(text: &str) -> Option<&str> {
    text.match_indices('$').find_map(|(index, _)| {
        let rest = text.get(index + 1..)?;
        let length =
            rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(rest.len());
        let name = rest.get(..length)?;
        name.starts_with(|character: char| character.is_ascii_alphabetic()).then_some(name)
    })
}
