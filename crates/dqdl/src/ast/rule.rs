//! Rules, their parameters, tags and labels, and the trees that `and` and `or` make of them.

use super::condition::{Condition, NumberCondition};
use crate::registry::RuleType;
use crate::span::Span;
use std::sync::Arc;

/// One entry of `Rules = [ … ]`, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleExpr {
    /// The rule, or the rules that an operator joins.
    pub node: RuleNode,
    /// `labels=[…]` of this node. A composite has its own only when it stands in parentheses.
    pub labels: Vec<Label>,
    /// Without the parentheses around it.
    pub span: Span,
}

impl RuleExpr {
    /// Every simple rule below this node, from left to right.
    pub fn leaves(&self) -> Vec<&Rule> {
        match &self.node {
            RuleNode::Rule(rule) => vec![rule],
            RuleNode::And(parts) | RuleNode::Or(parts) => parts.iter().flat_map(Self::leaves).collect(),
        }
    }
}

/// What a [`RuleExpr`] is. The depth of nesting is capped by the parser.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleNode {
    /// A simple rule.
    Rule(Box<Rule>),
    /// Two or more parts that must all pass.
    And(Vec<RuleExpr>),
    /// Two or more parts of which one must pass.
    Or(Vec<RuleExpr>),
}

/// A simple rule: `TYPE parameters condition where "…" with threshold … with tag = … `.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The type, as the registry knows it.
    pub rule_type: RuleType,
    /// In source order; their number was checked against the registry.
    pub parameters: Vec<Parameter>,
    /// What the metric or the values are compared with; its kind was checked against the registry.
    pub condition: Option<Condition>,
    /// Restricts the rule to some rows.
    pub where_clause: Option<WhereClause>,
    /// What the share of passing rows is compared with.
    pub threshold: Option<NumberCondition>,
    /// Every other `with NAME = VALUE`, in source order.
    pub tags: Vec<Tag>,
    /// From the type to the end of the last part, labels excepted.
    pub span: Span,
}

impl Rule {
    /// The value of parameter `index`, with its variable resolved and its escapes as written.
    pub fn parameter(&self, index: usize) -> Option<&str> {
        self.parameters.get(index).map(|parameter| &*parameter.value)
    }

    /// The tag called `name`; names are case-sensitive.
    pub fn tag(&self, name: &str) -> Option<&Tag> {
        self.tags.iter().find(|tag| tag.name == name)
    }

    /// Parameters under the names that AWS gives them in results, e.g. `TargetColumn` or `TargetColumn1`.
    pub fn named_parameters(&self) -> Vec<(String, &str)> {
        self.rule_type
            .spec()
            .parameters
            .names(self.parameters.len())
            .into_iter()
            .zip(self.parameters.iter())
            .map(|(name, parameter)| (name, &*parameter.value))
            .collect()
    }
}

/// One entry of `Analyzers = [ … ]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Analyzer {
    /// The type, as the registry knows it.
    pub rule_type: RuleType,
    /// In source order.
    pub parameters: Vec<Parameter>,
    /// Options such as the number of bins of a distribution.
    pub tags: Vec<Tag>,
    /// From the type to the end of the last part.
    pub span: Span,
}

/// A parameter of a rule, with the connector word before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// `of` or `and`, kept because AWS prints it.
    pub connector: Option<Connector>,
    /// The value, with its variable resolved; escapes (`\"`, `\\`) stand as written.
    pub value: Arc<str>,
    /// How it was written.
    pub form: ParameterForm,
    /// The parameter itself, without its connector.
    pub span: Span,
}

impl Parameter {
    /// The value with `\"` and `\\` resolved, as a column name or an SQL text needs it.
    pub fn unescaped(&self) -> String {
        crate::escape::unescape(&self.value)
    }
}

/// How a [`Parameter`] was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterForm {
    /// `"col A"`.
    Quoted,
    /// `col_A`.
    Bare,
    /// `$name`.
    Variable(String),
}

/// The word before a parameter. It carries no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// `of` or `OF`.
    Of,
    /// `and` or `AND`.
    And,
}

/// `where "SPARK SQL PREDICATE"`.
#[derive(Debug, Clone, PartialEq)]
pub struct WhereClause {
    /// The text between the quotes, as written; never empty.
    pub text: String,
    /// The quoted text.
    pub span: Span,
}

impl WhereClause {
    /// The predicate with `\"` and `\\` resolved.
    pub fn unescaped(&self) -> String {
        crate::escape::unescape(&self.text)
    }
}

/// `with NAME = VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// The name, e.g. `timeZone`.
    pub name: String,
    /// The value.
    pub value: TagValue,
    /// From the name to the end of the value.
    pub span: Span,
}

/// The value of a [`Tag`].
#[derive(Debug, Clone, PartialEq)]
pub enum TagValue {
    /// A quoted text, as written.
    Text(String),
    /// A number, as written.
    Number(String),
    /// `true`, `false` or another bare word; only where the registry says so.
    Word(String),
    /// A list of quoted texts; only where the registry says so.
    List(Vec<String>),
}

impl TagValue {
    /// The value as a text, whichever way a single value was written.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Word(text) => Some(text),
            Self::List(_) => None,
        }
    }
}

/// `"key"="value"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// At most 128 characters, never empty, as written.
    pub key: String,
    /// At most 256 characters, never empty, as written.
    pub value: String,
    /// From the key to the end of the value.
    pub span: Span,
}
