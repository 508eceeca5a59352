//! What counts as personal data: the `detect` fields of the privacy section.

use std::collections::BTreeMap;
use std::fmt;

use regex_automata::meta;
use regex_syntax::{Error, ParserBuilder};
use serde::Serialize;

use super::reader::{Reader, join, kind};
use super::transform::Number;
use super::yaml::{Node, Yaml};

const MAX_CUSTOM: usize = 100;
const MAX_PATTERNS: usize = 16;
const MAX_REGEX_BYTES: usize = 1_024;
const MAX_NFA_BYTES: usize = 1 << 20;
const MAX_NESTING: u32 = 50;
const MAX_VALUES: usize = 1_000;
const MAX_WORDS: usize = 100;
const MAX_VALUE_BYTES: usize = 256;
const MAX_ENTITIES: usize = 1_000;
const MAX_NAME_BYTES: usize = 64;

/// What counts as personal data. Names of built-in entities are checked by who has their list: `sluice policy check` and
/// the pseudonymiser.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DetectSpec {
    /// The entities to look for. Default: those that are on by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<Vec<String>>,
    /// Whether values count that only tests and documents contain. Default `report`.
    pub test_values: TestValues,
    /// The least score, 0 to 1. Default 0.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Number>,
    /// The least score of an entity, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, Number>,
    /// The least share of a column's filled cells that makes it personal, 0 to 1. Default 0.01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column_share: Option<Number>,
    /// Values that never count.
    #[serde(skip_serializing_if = "AllowSpec::is_empty")]
    pub allow: AllowSpec,
    /// Entities of one's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomEntitySpec>,
}

impl DetectSpec {
    /// Whether everything is as by default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether values count that only tests and documents contain, such as issuers' test cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestValues {
    /// They count.
    #[default]
    Report,
    /// They do not.
    Ignore,
}

/// Values that never count. They may be personal themselves, so they are not printed.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct AllowSpec {
    /// Whole values.
    pub values: Vec<String>,
    /// Regular expressions of whole values.
    pub patterns: Vec<String>,
}

impl AllowSpec {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.patterns.is_empty()
    }
}

impl fmt::Debug for AllowSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AllowSpec({} values, {} patterns)", self.values.len(), self.patterns.len())
    }
}

/// An entity of one's own.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CustomEntitySpec {
    /// Its name: capitals, digits and underscores, at most 64, beginning with a capital.
    pub name: String,
    /// Regular expressions and the score of each, 0 to 1.
    pub patterns: Vec<(String, Number)>,
    /// Values that always count (a deny list).
    pub values: Vec<String>,
    /// Words near a value, or in the column's name, that raise its score.
    pub context: Vec<String>,
    /// Whether values count only beside one of those words.
    pub needs_context: bool,
    /// A check digit that proves or disproves a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<EntityChecksum>,
}

impl fmt::Debug for CustomEntitySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomEntitySpec({}, {} patterns)", self.name, self.patterns.len())
    }
}

/// A check digit of an entity of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityChecksum {
    /// ISO/IEC 7812-1, annex B.
    Luhn,
    /// The dihedral group D5.
    Verhoeff,
    /// ISO 7064 MOD 11,10.
    Mod1110,
    /// ISO 7064 MOD 97-10.
    Mod97,
}

/// What is done about a column that looks personal and that the policy does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UndeclaredPii {
    /// Nothing; columns that are kept are not looked at.
    #[default]
    Allow,
    /// What is found is replaced by its entity's name.
    Mask,
    /// Nothing of the object is published.
    Refuse,
}

pub(super) const TEST_VALUES: &[(&str, TestValues)] = &[("report", TestValues::Report), ("ignore", TestValues::Ignore)];
pub(super) const ENTITY_CHECKSUMS: &[(&str, EntityChecksum)] = &[
    ("luhn", EntityChecksum::Luhn),
    ("verhoeff", EntityChecksum::Verhoeff),
    ("mod_11_10", EntityChecksum::Mod1110),
    ("mod_97", EntityChecksum::Mod97),
];
pub(super) const UNDECLARED_PII: &[(&str, UndeclaredPii)] =
    &[("allow", UndeclaredPii::Allow), ("mask", UndeclaredPii::Mask), ("refuse", UndeclaredPii::Refuse)];
pub(super) const DETECT_FIELDS: &[&str] =
    &["entities", "test_values", "threshold", "thresholds", "column_share", "allow", "allow_patterns", "custom"];
pub(super) const CUSTOM_FIELDS: &[&str] = &["name", "patterns", "values", "context", "needs_context", "checksum"];
pub(super) const PATTERN_FIELDS: &[&str] = &["regex", "score"];

impl Reader {
    pub(super) fn detect(&mut self, node: &Node, path: &str) -> Option<DetectSpec> {
        let fields = self.fields(node, path, DETECT_FIELDS, &[])?;
        let entities =
            self.optional(&fields, "entities", None, |reader, node, path| reader.entity_names(node, path).map(Some));
        let test_values = self.optional(&fields, "test_values", TestValues::Report, |reader, node, path| {
            reader.one_of(node, path, "choice", TEST_VALUES, &[])
        });
        let threshold =
            self.optional(&fields, "threshold", None, |reader, node, path| reader.unit(node, path).map(Some));
        let thresholds = self.optional(&fields, "thresholds", BTreeMap::new(), Self::thresholds);
        let column_share =
            self.optional(&fields, "column_share", None, |reader, node, path| reader.unit(node, path).map(Some));
        let values = self.optional(&fields, "allow", Vec::new(), Self::values);
        let patterns = self.optional(&fields, "allow_patterns", Vec::new(), |reader, node, path| {
            reader.list(node, path, MAX_PATTERNS, Self::regex)
        });
        let custom = self.optional(&fields, "custom", Vec::new(), |reader, node, path| {
            reader.list(node, path, MAX_CUSTOM, Self::custom_entity)
        });
        Some(DetectSpec {
            entities: entities?,
            test_values: test_values?,
            threshold: threshold?,
            thresholds: thresholds?,
            column_share: column_share?,
            allow: AllowSpec { values: values?, patterns: patterns? },
            custom: custom?,
        })
    }

    /// Names of entities, at least one.
    pub(super) fn entity_names(&mut self, node: &Node, path: &str) -> Option<Vec<String>> {
        let names = self.list(node, path, MAX_ENTITIES, Self::entity_name)?;
        if names.is_empty() {
            self.report(path, node.at, "expected at least one entity; leave the field out for the default ones");
            return None;
        }
        Some(names)
    }

    fn entity_name(&mut self, node: &Node, path: &str) -> Option<String> {
        let rule =
            "the name of an entity: expected capitals, digits and underscores, at most 64, such as EMAIL_ADDRESS";
        self.text_where(node, path, rule, is_entity_name).map(str::to_owned)
    }

    fn custom_entity(&mut self, node: &Node, path: &str) -> Option<CustomEntitySpec> {
        let fields = self.fields(node, path, CUSTOM_FIELDS, &[])?;
        let name = self.required(&fields, "name");
        let name = name.and_then(|node| self.entity_name(node, &fields.path_of("name")));
        let patterns = self.optional(&fields, "patterns", Vec::new(), |reader, node, path| {
            reader.list(node, path, MAX_PATTERNS, Self::pattern_and_score)
        });
        let values = self.optional(&fields, "values", Vec::new(), Self::values);
        let context = self.optional(&fields, "context", Vec::new(), |reader, node, path| {
            reader.list(node, path, MAX_WORDS, Self::value)
        });
        let needs_context = self.optional(&fields, "needs_context", false, Self::boolean);
        let checksum = self.optional(&fields, "checksum", None, |reader, node, path| {
            reader.one_of(node, path, "checksum", ENTITY_CHECKSUMS, &[]).map(Some)
        });
        let (patterns, values) = (patterns?, values?);
        if patterns.is_empty() && values.is_empty() {
            self.report(path, node.at, "it finds nothing; give it `patterns` or `values`");
            return None;
        }
        Some(CustomEntitySpec {
            name: name?,
            patterns,
            values,
            context: context?,
            needs_context: needs_context?,
            checksum: checksum?,
        })
    }

    fn pattern_and_score(&mut self, node: &Node, path: &str) -> Option<(String, Number)> {
        let fields = self.fields(node, path, PATTERN_FIELDS, &[])?;
        let regex = self.required(&fields, "regex").and_then(|node| self.regex(node, &fields.path_of("regex")));
        let score = self.required(&fields, "score").and_then(|node| self.unit(node, &fields.path_of("score")));
        Some((regex?, score?))
    }

    /// An expression that is matched in linear time and bounded memory; others are refused here and not when data comes.
    fn regex(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.text(node, path)?;
        if let Err(problem) = check_regex(text) {
            self.report(path, node.at, format!("cannot be used: {problem}"));
            return None;
        }
        Some(text.to_owned())
    }

    fn values(&mut self, node: &Node, path: &str) -> Option<Vec<String>> {
        self.list(node, path, MAX_VALUES, Self::value)
    }

    fn value(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.text(node, path)?;
        if (1..=MAX_VALUE_BYTES).contains(&text.len()) {
            return Some(text.to_owned());
        }
        self.report(path, node.at, format!("expected 1 to {MAX_VALUE_BYTES} bytes"));
        None
    }

    fn thresholds(&mut self, node: &Node, path: &str) -> Option<BTreeMap<String, Number>> {
        let Yaml::Mapping(entries) = &node.yaml else {
            self.report(path, node.at, format!("expected entities and their least scores, found {}", kind(node)));
            return None;
        };
        let mut thresholds = Some(BTreeMap::new());
        for entry in entries {
            let path = join(path, &entry.key);
            if !is_entity_name(&entry.key) {
                self.report(&path, entry.at, "is not the name of an entity");
                thresholds = None;
            }
            match (self.unit(&entry.value, &path), &mut thresholds) {
                (Some(least), Some(thresholds)) => drop(thresholds.insert(entry.key.clone(), least)),
                (None, _) => thresholds = None,
                (Some(_), None) => {}
            }
        }
        thresholds
    }

    /// A number from 0 to 1.
    fn unit(&mut self, node: &Node, path: &str) -> Option<Number> {
        let number = match &node.yaml {
            Yaml::Scalar { text, plain: true } => Number::parse(text),
            _ => None,
        };
        let most = |number: &Number| 10_i64.checked_pow(number.scale().into()).unwrap_or(i64::MAX);
        let within = number.filter(|number| (0..=most(number)).contains(&number.unscaled()));
        if within.is_none() {
            self.report(path, node.at, "expected a number from 0 to 1");
        }
        within
    }

    pub(super) fn list<T>(
        &mut self,
        node: &Node,
        path: &str,
        most: usize,
        read: impl Fn(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Yaml::Sequence(nodes) = &node.yaml else {
            self.report(path, node.at, format!("expected a list, found {}", kind(node)));
            return None;
        };
        if nodes.len() > most {
            self.report(path, node.at, format!("has {} entries; at most {most} are read", nodes.len()));
            return None;
        }
        // All of them are read before any is given up on, so that every problem is found.
        let read: Vec<Option<T>> =
            nodes.iter().enumerate().map(|(index, node)| read(self, node, &format!("{path}[{index}]"))).collect();
        read.into_iter().collect()
    }
}

fn is_entity_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= MAX_NAME_BYTES
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(plain)
}

/// Whether the detector can use an expression: ASCII classes, no case, never the empty text, a bounded automaton.
fn check_regex(text: &str) -> Result<(), String> {
    if text.len() > MAX_REGEX_BYTES {
        return Err(format!("it has more than {MAX_REGEX_BYTES} bytes"));
    }
    let mut parser = ParserBuilder::new().unicode(false).case_insensitive(true).nest_limit(MAX_NESTING).build();
    let hir = parser.parse(text).map_err(|error| match error {
        Error::Parse(error) => format!("{} at character {}", error.kind(), error.span().start.offset),
        Error::Translate(error) => format!("{} at character {}", error.kind(), error.span().start.offset),
        other => other.to_string(),
    })?;
    if hir.properties().minimum_len().is_none_or(|len| len == 0) {
        return Err("it matches the empty text; make it require a character".to_owned());
    }
    let config = meta::Config::new().nfa_size_limit(Some(MAX_NFA_BYTES));
    match meta::Builder::new().configure(config).build_from_hir(&hir) {
        Ok(_) => Ok(()),
        Err(_) => Err("it would take too much memory; make its repetitions shorter".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_cannot_be_used_are_refused() {
        for good in [r"E\d{6}", "(?:a|b){1,40}", r"\bX[0-9]+"] {
            assert_eq!(check_regex(good), Ok(()), "{good}");
        }
        for bad in ["", "a*", "(", "a(?=b)", "(a{1000}){1000}", &"(".repeat(200), &"a".repeat(2000)] {
            assert!(check_regex(bad).is_err(), "{bad}");
        }
    }
}
