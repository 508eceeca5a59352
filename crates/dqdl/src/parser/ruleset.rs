//! The document: its sections, in their order.

use super::labels::MAX_LABELS;
use super::{Parse, Parser};
use crate::ast::{Dictionary, DictionaryEntry, DictionaryValue, Ruleset};
use crate::diagnostic::{Problem, nearest, quoted};
use crate::span::Span;
use crate::token::TokenKind;

/// The sections in the order in which they must stand; variables stand between the second and the third.
const SECTIONS: [&str; 5] = ["Metadata", "DataSources", "DefaultLabels", "Rules", "Analyzers"];
const METADATA_KEYS: [&str; 1] = ["Version"];
const DATA_SOURCE_KEYS: [&str; 2] = ["Primary", "AdditionalDataSources"];

/// The place of a section in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Metadata,
    DataSources,
    Variables,
    DefaultLabels,
    Rules,
    Analyzers,
}

impl Stage {
    fn of(name: &str) -> Self {
        match name {
            "Metadata" => Self::Metadata,
            "DataSources" => Self::DataSources,
            "DefaultLabels" => Self::DefaultLabels,
            "Rules" => Self::Rules,
            "Analyzers" => Self::Analyzers,
            _ => Self::Variables,
        }
    }
}

impl Parser<'_> {
    /// Reads every section; problems are in the sink.
    pub(super) fn document(&mut self) -> Ruleset {
        let mut ruleset = Ruleset::default();
        let mut last_stage = None;
        while self.peek() != TokenKind::End {
            let start = self.token(0).span;
            let header = self.word().filter(|_| self.peek_at(1) == TokenKind::Symbol('='));
            let outcome = match header {
                Some(name) => {
                    self.check_order(name, start, &mut last_stage);
                    self.section(name, &mut ruleset)
                }
                None if last_stage >= Some(Stage::Rules) && self.only_closing_brackets_follow() => {
                    let problem = Problem::warning(start, "a closing bracket without an opening one is ignored");
                    self.sink.report(problem.help("remove it"));
                    break;
                }
                None => {
                    Err(self.unexpected(&["a section such as `Rules = [ … ]`", "a variable such as `name = \"text\"`"]))
                }
            };
            if outcome.is_err() {
                self.skip_to_section();
            }
            self.give_up_when_full();
        }
        if ruleset.rules.is_empty() && ruleset.analyzers.is_empty() && !self.sink.has_errors() {
            let span = self.token(0).span;
            let help = "write `Rules = [ … ]` with at least one rule";
            self.sink.report(Problem::new(span, "no rules or analyzers provided").help(help));
        }
        ruleset
    }

    fn check_order(&mut self, name: &str, span: Span, last_stage: &mut Option<Stage>) {
        let stage = Stage::of(name);
        match *last_stage {
            Some(last) if last == stage && stage != Stage::Variables => {
                self.sink.report(Problem::new(span, format!("section {} stands twice", quoted(name))));
            }
            Some(last) if last > stage => {
                let help = "the order is Metadata, DataSources, variables, DefaultLabels, Rules, Analyzers";
                self.sink.report(Problem::new(span, format!("{} stands too late", quoted(name))).help(help));
            }
            _ => *last_stage = Some(stage),
        }
    }

    fn section(&mut self, name: &str, ruleset: &mut Ruleset) -> Parse<()> {
        match Stage::of(name) {
            Stage::Metadata => ruleset.metadata = Some(self.dictionary(&METADATA_KEYS)?),
            Stage::DataSources => ruleset.data_sources = Some(self.dictionary(&DATA_SOURCE_KEYS)?),
            Stage::DefaultLabels => {
                self.skip_header();
                ruleset.default_labels = self.label_list()?;
            }
            Stage::Rules => {
                self.skip_header();
                let defaults = ruleset.default_labels.iter().take(MAX_LABELS);
                let inherited: Vec<String> = defaults.map(|label| label.key.clone()).collect();
                ruleset.rules = self.rules(&inherited)?;
            }
            Stage::Analyzers => {
                self.skip_header();
                ruleset.analyzers = self.analyzers()?;
            }
            Stage::Variables => {
                let variable = self.variable_declaration().inspect_err(|_| self.forget_variable(name))?;
                ruleset.variables.push(variable);
            }
        }
        Ok(())
    }

    /// Marks `name` as declared, so that its uses are not reported on top of its declaration.
    fn forget_variable(&mut self, name: &str) {
        self.variables.insert(name.to_owned(), None);
    }

    /// The name of the section and its `=`, which the caller has seen.
    fn skip_header(&mut self) {
        self.advance();
        self.advance();
    }

    fn only_closing_brackets_follow(&self) -> bool {
        let rest = self.tokens.get(self.position..).unwrap_or_default();
        let closing = [TokenKind::Symbol(']'), TokenKind::Symbol(')'), TokenKind::Symbol('}'), TokenKind::End];
        rest.iter().all(|token| closing.contains(&token.kind))
    }

    /// Goes to the next token that can start a section: a section's name, or any name at the start of a line.
    fn skip_to_section(&mut self) {
        while self.peek() != TokenKind::End {
            let previous = self.advance().span;
            let next = self.token(0);
            let Some(name) = self.word().filter(|_| self.peek_at(1) == TokenKind::Symbol('=')) else { continue };
            let starts_a_line = self.slice(Span::new(previous.end, next.span.start)).contains('\n');
            if SECTIONS.contains(&name) || starts_a_line {
                return;
            }
        }
    }

    fn dictionary(&mut self, known_keys: &'static [&'static str]) -> Parse<Dictionary> {
        let start = self.token(0).span;
        self.skip_header();
        self.expect_symbol('{')?;
        let mut entries: Vec<DictionaryEntry> = Vec::new();
        loop {
            let (key, key_span) = self.expect_text("a quoted key")?;
            self.check_key(key, key_span, known_keys, &entries);
            self.expect_symbol(':')?;
            let value = self.dictionary_value()?;
            entries.push(DictionaryEntry { key: key.to_owned(), value, span: self.span_from(key_span) });
            if !self.eat_symbol(',') {
                break;
            }
        }
        self.expect_symbol('}')?;
        Ok(Dictionary { entries, span: self.span_from(start) })
    }

    fn check_key(&mut self, key: &str, span: Span, known_keys: &'static [&'static str], entries: &[DictionaryEntry]) {
        if !known_keys.contains(&key) {
            let problem = Problem::new(span, format!("unsupported key {}", quoted(key))).expected(known_keys);
            self.sink.report(match nearest(key, known_keys.iter().copied()) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem,
            });
        } else if entries.iter().any(|entry| entry.key == key) {
            self.sink.report(Problem::new(span, format!("key {} stands twice", quoted(key))));
        }
    }

    fn dictionary_value(&mut self) -> Parse<DictionaryValue> {
        if self.peek() == TokenKind::Symbol('[') {
            return Ok(DictionaryValue::List(self.text_list()?));
        }
        let (text, _) = self.expect_text("a quoted text")?;
        Ok(DictionaryValue::Text(text.to_owned()))
    }

    /// `[ "a", "b" ]`, never empty.
    pub(super) fn text_list(&mut self) -> Parse<Vec<String>> {
        self.expect_symbol('[')?;
        let mut list = Vec::new();
        loop {
            list.push(self.expect_text("a quoted text")?.0.to_owned());
            if !self.eat_symbol(',') {
                break;
            }
        }
        self.expect_symbol(']')?;
        Ok(list)
    }
}
