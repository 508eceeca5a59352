//! The text of a tree. `Display` of a part is what AWS's parser prints for it; of a ruleset, a complete document that
//! reads back to the same tree.

mod condition;
mod operand;

use crate::ast::{
    Analyzer, Connector, Dictionary, DictionaryValue, Label, Parameter, ParameterForm, Rule, RuleExpr, RuleNode,
    Ruleset, Tag, TagValue, Variable, VariableValue,
};
use operand::list;
use std::fmt::{self, Display, Formatter};

impl Ruleset {
    /// The text that AWS's parser prints: without the declarations of variables and default labels, so that it only
    /// reads back when the rules use no variable.
    pub fn canonical_text(&self) -> String {
        self.sections(false).join("\n\n")
    }

    fn sections(&self, with_declarations: bool) -> Vec<String> {
        let mut sections = Vec::new();
        sections.extend(self.metadata.as_ref().map(|dictionary| format!("Metadata = {dictionary}")));
        sections.extend(self.data_sources.as_ref().map(|dictionary| format!("DataSources = {dictionary}")));
        if with_declarations && !self.variables.is_empty() {
            sections.push(self.variables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
        if with_declarations && !self.default_labels.is_empty() {
            sections.push(format!("DefaultLabels={}", Labels(&self.default_labels)));
        }
        if !self.rules.is_empty() {
            sections.push(format!("Rules = {}", block(&self.rules)));
        }
        if !self.analyzers.is_empty() {
            sections.push(format!("Analyzers = {}", block(&self.analyzers)));
        }
        sections
    }
}

fn block<T: Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(|item| format!("    {item}")).collect();
    format!("[\n{}\n]", items.join(",\n"))
}

impl Display for Ruleset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sections(true).join("\n\n"))
    }
}

impl Display for Dictionary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|entry| match &entry.value {
            DictionaryValue::Text(text) => format!("    \"{}\": \"{text}\"", entry.key),
            DictionaryValue::List(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| format!("\"{text}\"")).collect();
                format!("    \"{}\": [ {} ]", entry.key, texts.join(", "))
            }
        });
        write!(f, "{{\n{}\n}}", entries.collect::<Vec<_>>().join(",\n"))
    }
}

impl Display for Variable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            VariableValue::Text(text) => write!(f, "{} = \"{text}\"", self.name),
            VariableValue::List(operands) => {
                write!(f, "{} = ", self.name)?;
                list(f, operands.iter())
            }
        }
    }
}

/// `["key"="value", "key"="value"]`.
struct Labels<'a>(&'a [Label]);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.0.iter().map(|label| format!("\"{}\"=\"{}\"", label.key, label.value)).collect();
        write!(f, "[{}]", labels.join(", "))
    }
}

impl Display for RuleExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.node {
            RuleNode::Rule(rule) => write!(f, "{rule}")?,
            RuleNode::And(parts) => joined(f, parts, " AND ", !self.labels.is_empty())?,
            RuleNode::Or(parts) => joined(f, parts, " OR ", !self.labels.is_empty())?,
        }
        if self.labels.is_empty() { Ok(()) } else { write!(f, " labels={}", Labels(&self.labels)) }
    }
}

/// A composite needs parentheses when labels follow: they would go to its last part.
fn joined(f: &mut Formatter<'_>, parts: &[RuleExpr], operator: &str, in_parentheses: bool) -> fmt::Result {
    if in_parentheses {
        f.write_str("(")?;
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        write!(f, "({part})")?;
    }
    if in_parentheses { f.write_str(")") } else { Ok(()) }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule_type)?;
        for parameter in &self.parameters {
            write!(f, " {parameter}")?;
        }
        if let Some(condition) = &self.condition {
            write!(f, " {condition}")?;
        }
        if let Some(clause) = &self.where_clause {
            write!(f, " where \"{}\"", clause.text)?;
        }
        if let Some(threshold) = &self.threshold {
            write!(f, " with threshold {threshold}")?;
        }
        tags(f, &self.tags)
    }
}

impl Display for Analyzer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule_type)?;
        for parameter in &self.parameters {
            write!(f, " {parameter}")?;
        }
        tags(f, &self.tags)
    }
}

fn tags(f: &mut Formatter<'_>, tags: &[Tag]) -> fmt::Result {
    tags.iter().try_for_each(|tag| write!(f, " with {} = {}", tag.name, tag.value))
}

impl Display for TagValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Number(text) | Self::Word(text) => f.write_str(text),
            Self::List(texts) => list(f, texts.iter().map(|text| format!("\"{text}\""))),
        }
    }
}

impl Display for Parameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.connector {
            Some(Connector::Of) => f.write_str("of ")?,
            Some(Connector::And) => f.write_str("and ")?,
            None => {}
        }
        match &self.form {
            ParameterForm::Quoted => write!(f, "\"{}\"", self.value),
            ParameterForm::Bare => f.write_str(&self.value),
            ParameterForm::Variable(name) => write!(f, "${name}"),
        }
    }
}
