//! What `redact_text` may ask Amazon Comprehend.

use serde::Serialize;

use super::reader::Reader;
use super::transform::Number;
use super::yaml::{Node, Yaml};

pub(super) const COMPREHEND_FIELDS: &[&str] = &["language", "entities", "min_score", "max_units"];
pub(super) const TEXT_LANGUAGES: &[(&str, TextLanguage)] =
    &[("en", TextLanguage::English), ("es", TextLanguage::Spanish)];
pub(super) const TEXT_KINDS: &[(&str, TextKind)] = &[("NAME", TextKind::Name), ("ADDRESS", TextKind::Address)];
pub(super) const DEFAULT_MAX_UNITS: u32 = 10_000;
pub(super) const MAX_UNITS: u32 = 1_000_000;

/// Names and addresses that no pattern tells, found by Amazon Comprehend (`DetectPiiEntities`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComprehendSpec {
    /// The language of the texts.
    pub language: TextLanguage,
    /// Which of its entities count. Default: names and addresses; what has a form is found without it.
    pub entities: Vec<TextKind>,
    /// The least score that counts, 0 to 1. Default 0.5.
    pub min_score: Number,
    /// The most units that an object may cost, of 100 characters each, over all its columns; one that needs more is refused. Default
    /// 10,000, a dollar at the list price.
    pub max_units: u32,
}

/// A language that `DetectPiiEntities` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TextLanguage {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
}

/// An entity that has no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TextKind {
    /// A person's name.
    Name,
    /// A postal address.
    Address,
}

impl TextKind {
    /// The service's name of it.
    pub const fn of_service(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Address => "ADDRESS",
        }
    }

    /// Our detectors' name of it, which stands in texts.
    pub const fn entity(self) -> &'static str {
        match self {
            Self::Name => "PERSON",
            Self::Address => "ADDRESS",
        }
    }
}

impl Reader {
    pub(super) fn comprehend(&mut self, node: &Node, path: &str) -> Option<ComprehendSpec> {
        let fields = self.fields(node, path, COMPREHEND_FIELDS, &[])?;
        let language = self
            .required(&fields, "language")
            .and_then(|node| self.one_of(node, &fields.path_of("language"), "language", TEXT_LANGUAGES, &[]));
        let both = vec![TextKind::Name, TextKind::Address];
        let entities = self.optional(&fields, "entities", both, |reader, node, path| {
            let Yaml::Sequence(items) = &node.yaml else {
                reader.report(path, node.at, "expected a list of NAME, ADDRESS");
                return None;
            };
            if items.is_empty() {
                reader.report(path, node.at, "expected one entity at least");
                return None;
            }
            let read = items.iter().map(|item| reader.one_of(item, path, "entity", TEXT_KINDS, &[]));
            read.collect::<Option<Vec<_>>>()
        });
        let half = Number::parse("0.5")?;
        let min_score = self.optional(&fields, "min_score", half, |reader, node, path| {
            let number = match &node.yaml {
                Yaml::Scalar { text, plain: true } => Number::parse(text),
                _ => None,
            };
            let share = number.filter(|number| (0.0..=1.0).contains(&number.to_f64()));
            if share.is_none() {
                reader.report(path, node.at, "expected a number from 0 to 1");
            }
            share
        });
        let max_units = self.optional(&fields, "max_units", DEFAULT_MAX_UNITS, |reader, node, path| {
            reader.integer(node, path, 1..=MAX_UNITS)
        });
        Some(ComprehendSpec { language: language?, entities: entities?, min_score: min_score?, max_units: max_units? })
    }
}
