//! The `privacy` section.

use super::detect::{DetectSpec, UNDECLARED_PII, UndeclaredPii};
use super::model::{Columns, OutputFormat, PrivacySpec, Undeclared};
use super::reader::{Fields, Reader, join, kind};
use super::transform::Transform;
use super::transforms::MAX_COLUMN_NAME_BYTES;
use super::yaml::{Node, Yaml};

const MAX_COLUMNS: usize = 4_096;

pub(super) const UNDECLARED: &[(&str, Undeclared)] =
    &[("keep", Undeclared::Keep), ("drop", Undeclared::Drop), ("refuse", Undeclared::Refuse)];
pub(super) const OUTPUTS: &[(&str, OutputFormat)] = &[("same", OutputFormat::Same), ("parquet", OutputFormat::Parquet)];

pub(super) const PRIVACY_FIELDS: &[&str] = &[
    "domain",
    "columns",
    "undeclared",
    "undeclared_pii",
    "detect",
    "output",
    "subjects",
    "quasi_identifiers",
    "sensitive",
    "min_k",
    "min_l",
    "max_t",
    "small_classes",
];

impl Reader {
    pub(super) fn privacy(&mut self, node: &Node, path: &str) -> Option<PrivacySpec> {
        let fields = self.fields(node, path, PRIVACY_FIELDS, &[])?;
        let domain = self.optional(&fields, "domain", None, |reader, node, path| reader.domain(node, path).map(Some));
        let columns = self.optional(&fields, "columns", Columns::default(), Self::columns);
        let undeclared_pii = self.optional(&fields, "undeclared_pii", UndeclaredPii::Allow, |reader, node, path| {
            reader.one_of(node, path, "action", UNDECLARED_PII, &[])
        });
        let detect = self.optional(&fields, "detect", DetectSpec::default(), Self::detect);
        // Whoever says what becomes of personal columns that are not named wants the others kept.
        let default = if fields.get("undeclared_pii").is_some() { Undeclared::Keep } else { Undeclared::default() };
        let undeclared = self.optional(&fields, "undeclared", default, |reader, node, path| {
            reader.one_of(node, path, "action", UNDECLARED, &[])
        });
        let output = self.optional(&fields, "output", OutputFormat::Same, |reader, node, path| {
            reader.one_of(node, path, "output", OUTPUTS, &[])
        });
        let subjects =
            self.optional(&fields, "subjects", None, |reader, node, path| reader.subjects(node, path).map(Some));
        let risk = match fields.get("quasi_identifiers") {
            Some(node) => self.risk(node, &fields).map(Some),
            None => self.says_nothing_of_risk(&fields).then_some(None),
        };
        let spec = PrivacySpec {
            domain: domain?,
            columns: columns?,
            undeclared: undeclared?,
            undeclared_pii: undeclared_pii?,
            detect: detect?,
            output: output?,
            subjects: subjects?,
            risk: risk?,
        };
        let has_sound_risk = self.check_risk_columns(&spec, &fields);
        let has_sound_subjects = self.check_subjects(&spec, &fields);
        (self.check_whole(&spec, node, &fields) && has_sound_risk && has_sound_subjects).then_some(spec)
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
        let mut is_sound = true;
        for (column, transform) in spec.columns.iter() {
            if transform.subject() == Some(column) {
                let path = join(&join(&fields.path_of("columns"), column), "per");
                self.report(&path, node.at, "the column that names the subject must be another one");
                is_sound = false;
            }
        }
        if let Some(node) = fields.get("undeclared_pii").filter(|_| spec.undeclared != Undeclared::Keep) {
            let message = "looks at columns that are kept, and `undeclared` keeps none; leave one of the two out";
            self.report(&fields.path_of("undeclared_pii"), node.at, message);
            is_sound = false;
        }
        let publishes = spec.undeclared == Undeclared::Keep
            || spec.columns.iter().any(|(_, transform)| *transform != Transform::Drop);
        if !publishes {
            let message = "nothing would be published: every column is dropped; name the columns to keep, or write \
                           `undeclared: keep`";
            self.report(&fields.path, node.at, message);
        }
        publishes && is_sound && without_domain.is_none()
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
}
