//! Reads typed values out of a YAML tree and notes whatever is wrong, so that one run finds everything.

use std::ops::RangeInclusive;

use super::problem::PolicyProblems;
use super::yaml::{Mark, Node, Yaml, shorten};

/// The fields of a mapping that were found to be known.
pub(super) struct Fields<'n> {
    pub(super) path: String,
    at: Mark,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, field: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| *key == field).map(|(_, node)| *node)
    }

    pub(super) fn path_of(&self, field: &str) -> String {
        join(&self.path, field)
    }
}

/// `path.field`, the field in quotes when it could be mistaken.
pub(super) fn join(path: &str, field: &str) -> String {
    let simple = !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    match (path.is_empty(), simple) {
        (true, true) => field.to_owned(),
        (false, true) => format!("{path}.{field}"),
        (_, false) => format!("{path}[{:?}]", shorten(field)),
    }
}

/// Collects problems while it reads. Every method returns `None` only after it noted one.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) problems: PolicyProblems,
    /// Patterns met so far.
    pub(super) patterns: usize,
}

impl Reader {
    pub(super) fn report(&mut self, path: &str, at: Mark, message: impl Into<String>) {
        self.problems.report(path, at, message);
    }

    /// A mapping with known fields only. `later` are fields of the design that this release does not enforce: to ignore
    /// one would promise protection that is not there.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        known: &[&str],
        later: &[&str],
    ) -> Option<Fields<'n>> {
        let Yaml::Mapping(entries) = &node.yaml else {
            self.report(path, node.at, format!("expected fields, found {}", kind(node)));
            return None;
        };
        let mut fields = Fields { path: path.to_owned(), at: node.at, entries: Vec::with_capacity(entries.len()) };
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                fields.entries.push((&entry.key, &entry.value));
            } else if later.contains(&entry.key.as_str()) {
                self.report(&join(path, &entry.key), entry.at, NOT_YET);
            } else {
                let message = format!("unknown field{}", suggestion(&entry.key, known));
                self.report(&join(path, &entry.key), entry.at, message);
            }
        }
        Some(fields)
    }

    /// A field that must be there.
    pub(super) fn required<'n>(&mut self, fields: &Fields<'n>, field: &str) -> Option<&'n Node> {
        let node = fields.get(field);
        if node.is_none() {
            self.report(&fields.path_of(field), fields.at, "missing");
        }
        node
    }

    /// Reads a field if it is there.
    pub(super) fn optional<T>(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
        default: T,
        read: impl FnOnce(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<T> {
        match fields.get(field) {
            None => Some(default),
            Some(node) => read(self, node, &fields.path_of(field)),
        }
    }

    /// Text. A plain scalar that YAML takes for something else must be quoted, so that editors and we read the same.
    pub(super) fn text<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n str> {
        match &node.yaml {
            Yaml::Scalar { text, plain } if !plain || plain_kind(text) == "text" => Some(text),
            Yaml::Scalar { text, .. } if !text.is_empty() => {
                let message = format!("expected text, found {}; put it in quotes", kind(node));
                self.report(path, node.at, message);
                None
            }
            _ => {
                self.report(path, node.at, format!("expected text, found {}", kind(node)));
                None
            }
        }
    }

    /// Text that satisfies a rule.
    pub(super) fn text_where<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        rule: &str,
        holds: impl FnOnce(&str) -> bool,
    ) -> Option<&'n str> {
        let text = self.text(node, path)?;
        if holds(text) {
            return Some(text);
        }
        self.report(path, node.at, format!("{:?} is not {rule}", shorten(text)));
        None
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        match &node.yaml {
            Yaml::Scalar { text, plain: true } if plain_kind(text) == "true or false" => {
                Some(text.eq_ignore_ascii_case("true"))
            }
            _ => {
                self.report(path, node.at, format!("expected true or false, found {}", kind(node)));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, node: &Node, path: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = match &node.yaml {
            Yaml::Scalar { text, plain: true } => text.parse::<u32>().ok(),
            _ => None,
        };
        let within = number.filter(|number| bounds.contains(number));
        if within.is_none() {
            let message = format!("expected a whole number from {} to {}", bounds.start(), bounds.end());
            self.report(path, node.at, message);
        }
        within
    }

    /// One of some words. `later` are words of the design that this release does not enforce.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        node: &Node,
        path: &str,
        what: &str,
        words: &[(&str, T)],
        later: &[&str],
    ) -> Option<T> {
        let text = self.text(node, path)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        if later.contains(&text) {
            self.report(path, node.at, format!("{what} {text:?} is {NOT_YET}"));
            return None;
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.report(path, node.at, format!("unknown {what} {:?}{}", shorten(text), suggestion(text, &words)));
        None
    }
}

/// What is said of fields and words that a later release enforces.
const NOT_YET: &str = "not supported by this version of Sluice; remove it rather than rely on it";

/// `; did you mean "token"?`, or the list of all when nothing is near.
fn suggestion(text: &str, known: &[&str]) -> String {
    // Near is: a third of the letters may differ, and at least one must agree.
    let allowed = text.chars().count().div_ceil(3).min(3);
    let distance = |word: &&str| strsim::osa_distance(&text.to_lowercase(), word);
    let nearest = known.iter().copied().min_by_key(distance);
    match nearest.filter(|word| text.len() <= 64 && distance(word) <= allowed) {
        Some(word) => format!("; did you mean {word:?}?"),
        None => format!("; expected one of {}", known.join(", ")),
    }
}

/// What a node is, in words.
pub(super) fn kind(node: &Node) -> &'static str {
    match &node.yaml {
        Yaml::Scalar { text, plain: true } => plain_kind(text),
        Yaml::Scalar { .. } => "text",
        Yaml::Sequence(_) => "a list",
        Yaml::Mapping(_) => "fields",
    }
}

/// What the core schema of YAML 1.2 (§10.3.2) takes a plain scalar for.
fn plain_kind(text: &str) -> &'static str {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => "nothing",
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => "true or false",
        ".nan" | ".NaN" | ".NAN" => "a number",
        _ if is_number(text) => "a number",
        _ => "text",
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, radix: u32| {
        digits.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    matches!(digits, ".inf" | ".Inf" | ".INF")
        || radix("0o", 8)
        || radix("0x", 16)
        || (digits.bytes().any(|b| b.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
            && digits.parse::<f64>().is_ok())
}
