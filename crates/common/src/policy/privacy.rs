//! The `privacy` section.

use super::model::{Columns, OutputFormat, PrivacySpec, Transform, Undeclared};
use super::reader::{Fields, Reader, join, kind};
use super::yaml::{Node, Yaml};

const MAX_COLUMNS: usize = 4_096;
const MAX_COLUMN_NAME_BYTES: usize = 1_024;
const MAX_REPLACEMENT_BYTES: usize = 256;
const MAX_SHOWN_CHARACTERS: u32 = 64;
const DEFAULT_REPLACEMENT: &str = "[REDACTED]";

#[derive(Clone, Copy)]
pub(super) enum TransformName {
    Keep,
    Drop,
    Redact,
    Mask,
    Token,
    Encrypt,
}

impl TransformName {
    /// The parameters of a transform.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Keep | Self::Drop | Self::Token | Self::Encrypt => &["transform"],
            Self::Redact => &["transform", "with"],
            Self::Mask => &["transform", "char", "keep_first", "keep_last"],
        }
    }
}

pub(super) const TRANSFORMS: &[(&str, TransformName)] = &[
    ("keep", TransformName::Keep),
    ("drop", TransformName::Drop),
    ("redact", TransformName::Redact),
    ("mask", TransformName::Mask),
    ("token", TransformName::Token),
    ("encrypt", TransformName::Encrypt),
];
pub(super) const LATER_TRANSFORMS: &[&str] = &["fpe", "shift_date", "redact_text"];
pub(super) const UNDECLARED: &[(&str, Undeclared)] =
    &[("keep", Undeclared::Keep), ("drop", Undeclared::Drop), ("refuse", Undeclared::Refuse)];
pub(super) const OUTPUTS: &[(&str, OutputFormat)] = &[("same", OutputFormat::Same), ("parquet", OutputFormat::Parquet)];

pub(super) const PRIVACY_FIELDS: &[&str] = &["domain", "columns", "undeclared", "output"];
pub(super) const LATER_PRIVACY_FIELDS: &[&str] = &["undeclared_pii", "quasi_identifiers", "min_k"];

impl Reader {
    pub(super) fn privacy(&mut self, node: &Node, path: &str) -> Option<PrivacySpec> {
        let fields = self.fields(node, path, PRIVACY_FIELDS, LATER_PRIVACY_FIELDS)?;
        let domain = self.optional(&fields, "domain", None, |reader, node, path| reader.domain(node, path).map(Some));
        let columns = self.optional(&fields, "columns", Columns::default(), Self::columns);
        let undeclared = self.optional(&fields, "undeclared", Undeclared::Drop, |reader, node, path| {
            reader.one_of(node, path, "action", UNDECLARED, &[])
        });
        let output = self.optional(&fields, "output", OutputFormat::Same, |reader, node, path| {
            reader.one_of(node, path, "output", OUTPUTS, &[])
        });
        let spec = PrivacySpec { domain: domain?, columns: columns?, undeclared: undeclared?, output: output? };
        self.check_whole(&spec, node, &fields).then_some(spec)
    }

    /// What no single field can get wrong.
    fn check_whole(&mut self, spec: &PrivacySpec, node: &Node, fields: &Fields<'_>) -> bool {
        let keyed = spec.columns.iter().find(|(_, transform)| transform.is_keyed());
        let without_domain = keyed.filter(|_| spec.domain.is_none());
        if let Some((column, _)) = without_domain {
            let message = format!(
                "missing: the transform of {} needs the key of a domain",
                join(&fields.path_of("columns"), column)
            );
            self.report(&fields.path_of("domain"), node.at, message);
        }
        let publishes = spec.undeclared == Undeclared::Keep
            || spec.columns.iter().any(|(_, transform)| *transform != Transform::Drop);
        if !publishes {
            let message = "nothing would be published: every column is dropped; name the columns to keep, or write \
                           `undeclared: keep`";
            self.report(&fields.path, node.at, message);
        }
        publishes && without_domain.is_none()
    }

    fn columns(&mut self, node: &Node, path: &str) -> Option<Columns> {
        let Yaml::Mapping(entries) = &node.yaml else {
            self.report(path, node.at, format!("expected columns and their transforms, found {}", kind(node)));
            return None;
        };
        if entries.len() > MAX_COLUMNS {
            self.report(path, node.at, format!("{} columns are named; at most {MAX_COLUMNS} are read", entries.len()));
            return None;
        }
        let mut columns = Some(Vec::with_capacity(entries.len()));
        for entry in entries {
            let path = join(path, &entry.key);
            if entry.key.is_empty() || entry.key.len() > MAX_COLUMN_NAME_BYTES {
                self.report(&path, entry.at, format!("a column's name has 1 to {MAX_COLUMN_NAME_BYTES} bytes"));
                columns = None;
            }
            match (self.transform(&entry.value, &path), &mut columns) {
                (Some(transform), Some(columns)) => columns.push((entry.key.clone(), transform)),
                (None, _) => columns = None,
                (Some(_), None) => {}
            }
        }
        columns.map(Columns::new)
    }

    fn transform(&mut self, node: &Node, path: &str) -> Option<Transform> {
        let Yaml::Mapping(entries) = &node.yaml else {
            let message = format!("expected {{ transform: … }}, found {}", kind(node));
            self.report(path, node.at, message);
            return None;
        };
        // The name decides which parameters there are, so it is read before them.
        let Some(entry) = entries.iter().find(|entry| entry.key == "transform") else {
            self.report(&join(path, "transform"), node.at, "missing");
            return None;
        };
        let path_of_name = join(path, "transform");
        let name = self.one_of(&entry.value, &path_of_name, "transform", TRANSFORMS, LATER_TRANSFORMS)?;
        let fields = self.fields(node, path, name.fields(), &[])?;
        Some(match name {
            TransformName::Keep => Transform::Keep,
            TransformName::Drop => Transform::Drop,
            TransformName::Token => Transform::Token,
            TransformName::Encrypt => Transform::Encrypt,
            TransformName::Redact => {
                Transform::Redact { with: self.optional(&fields, "with", DEFAULT_REPLACEMENT.to_owned(), Self::with)? }
            }
            TransformName::Mask => self.mask(&fields)?,
        })
    }

    fn with(&mut self, node: &Node, path: &str) -> Option<String> {
        let rule = "a replacement: expected at most 256 bytes without control characters";
        let bounded = |text: &str| text.len() <= MAX_REPLACEMENT_BYTES && !text.chars().any(char::is_control);
        self.text_where(node, path, rule, bounded).map(str::to_owned)
    }

    fn mask(&mut self, fields: &Fields<'_>) -> Option<Transform> {
        let character = self.optional(fields, "char", '*', |reader, node, path| {
            let single = |text: &str| text.chars().count() == 1 && !text.chars().any(char::is_control);
            reader.text_where(node, path, "one visible character", single)?.chars().next()
        });
        let shown = |reader: &mut Self, node: &Node, path: &str| {
            reader.integer(node, path, 0..=MAX_SHOWN_CHARACTERS).and_then(|shown| u16::try_from(shown).ok())
        };
        let keep_first = self.optional(fields, "keep_first", 0, shown);
        let keep_last = self.optional(fields, "keep_last", 0, shown);
        Some(Transform::Mask { character: character?, keep_first: keep_first?, keep_last: keep_last? })
    }
}
