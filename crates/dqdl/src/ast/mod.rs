//! The syntax tree of a DQDL ruleset.
//!
//! Every node that a message may point at carries its [`Span`]. Numbers, dates and strings keep the spelling they were
//! written with, so that printing a rule gives back the text that AWS calls the evaluated rule.

mod condition;
mod date;
mod number;
mod rule;

pub use condition::{
    CompareOperator, Condition, ConditionKind, DateCondition, DurationCondition, NumberCondition, SizeCondition,
    StringCondition, StringOperand, StringSet, StringTest, Test,
};
pub use date::{CivilDate, DateExpr, DateKind, Duration, DurationUnit, Sign, Size, SizeUnit, TimeOfDay};
pub use number::{ArithmeticOperator, NumberExpr, NumberKind};
pub use rule::{
    Analyzer, Connector, Label, Parameter, ParameterForm, Rule, RuleExpr, RuleNode, Tag, TagValue, WhereClause,
};

use crate::span::Span;
use std::sync::Arc;

/// A whole DQDL document, after its variables were resolved and its rules were checked against the registry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ruleset {
    /// `Metadata = { … }`: only the key `Version`.
    pub metadata: Option<Dictionary>,
    /// `DataSources = { … }`: the keys `Primary` and `AdditionalDataSources`.
    pub data_sources: Option<Dictionary>,
    /// `name = "text"` and `name = ["a", "b"]`, in source order. References are already resolved in the rules.
    pub variables: Vec<Variable>,
    /// `DefaultLabels = [ … ]`: labels of every top-level rule that does not set the same key itself.
    pub default_labels: Vec<Label>,
    /// `Rules = [ … ]`.
    pub rules: Vec<RuleExpr>,
    /// `Analyzers = [ … ]`: metrics to compute without judging them.
    pub analyzers: Vec<Analyzer>,
}

impl Ruleset {
    /// The value of `Version` in the metadata.
    pub fn version(&self) -> Option<&str> {
        self.metadata.as_ref()?.text("Version")
    }

    /// The name of the primary data source.
    pub fn primary_data_source(&self) -> Option<&str> {
        self.data_sources.as_ref()?.text("Primary")
    }

    /// The aliases of the reference data sources.
    pub fn additional_data_sources(&self) -> &[String] {
        self.data_sources.as_ref().and_then(|sources| sources.list("AdditionalDataSources")).unwrap_or_default()
    }

    /// The labels of a top-level rule: its own, then the defaults whose key it does not set.
    pub fn effective_labels<'a>(&'a self, rule: &'a RuleExpr) -> Vec<&'a Label> {
        let inherited =
            self.default_labels.iter().filter(|default| rule.labels.iter().all(|own| own.key != default.key));
        rule.labels.iter().chain(inherited).collect()
    }
}

/// A section in braces: quoted keys, each with one quoted text or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Dictionary {
    /// In source order.
    pub entries: Vec<DictionaryEntry>,
    /// From the section's name to its closing brace.
    pub span: Span,
}

impl Dictionary {
    /// The single text stored under `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.key == key).and_then(|entry| match &entry.value {
            DictionaryValue::Text(text) => Some(text.as_str()),
            DictionaryValue::List(_) => None,
        })
    }

    /// The list stored under `key`.
    pub fn list(&self, key: &str) -> Option<&[String]> {
        self.entries.iter().find(|entry| entry.key == key).and_then(|entry| match &entry.value {
            DictionaryValue::List(list) => Some(list.as_slice()),
            DictionaryValue::Text(_) => None,
        })
    }
}

/// `"key": "text"` or `"key": [ "a", "b" ]`.
#[derive(Debug, Clone, PartialEq)]
pub struct DictionaryEntry {
    /// The text between the quotes, as written.
    pub key: String,
    /// The value.
    pub value: DictionaryValue,
    /// From the key to the end of the value.
    pub span: Span,
}

/// The value of a [`DictionaryEntry`].
#[derive(Debug, Clone, PartialEq)]
pub enum DictionaryValue {
    /// One quoted text, as written.
    Text(String),
    /// A list of quoted texts, as written.
    List(Vec<String>),
}

/// `name = "text"` or `name = [ "a", "b" ]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The name, without `$`.
    pub name: String,
    /// What `$name` stands for.
    pub value: VariableValue,
    /// From the name to the end of the value.
    pub span: Span,
}

/// The value of a [`Variable`], shared with its uses: a long list used often must not be copied.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableValue {
    /// One quoted text, as written.
    Text(Arc<str>),
    /// A list for `in` and `not in`; may name NULL, EMPTY and `WHITESPACES_ONLY`.
    List(Arc<[StringOperand]>),
}
