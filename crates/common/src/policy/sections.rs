//! The sections of a dataset other than `privacy`.

use super::load::name;
use super::model::{
    CatalogSpec, CatalogStatistics, Compression, DEFAULT_MAX_RATIO, FormatKind, FormatSpec, IntegritySpec, OnFail,
    QualitySpec, RetentionSpec, RulesetRef,
};
use super::reader::{Fields, Reader};
use super::yaml::{Node, Yaml};
use crate::object::ObjectKey;
use crate::port::RetentionMode;

const MAX_RULESET_BYTES: usize = 64 << 10;
/// S3 takes at most 100 years.
const MAX_RETENTION_DAYS: u32 = 36_500;

#[derive(Clone, Copy)]
pub(super) enum FormatType {
    Csv,
    JsonLines,
    Parquet,
}

pub(super) const FORMAT_TYPES: &[(&str, FormatType)] =
    &[("csv", FormatType::Csv), ("jsonl", FormatType::JsonLines), ("parquet", FormatType::Parquet)];
pub(super) const COMPRESSIONS: &[(&str, Compression)] = &[
    ("auto", Compression::Auto),
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
];
pub(super) const ON_FAIL: &[(&str, OnFail)] =
    &[("quarantine", OnFail::Quarantine), ("publish", OnFail::Publish), ("drop_rows", OnFail::DropRows)];
pub(super) const RETENTION_MODES: &[(&str, RetentionMode)] =
    &[("governance", RetentionMode::Governance), ("compliance", RetentionMode::Compliance)];

/// Beyond what zstd reaches for one byte repeated.
const MAX_RATIO: u32 = 100_000;
pub(super) const FORMAT_FIELDS: &[&str] = &["type", "compression", "max_ratio", "delimiter", "quote", "header"];
const CSV_FIELDS: &[&str] = &["delimiter", "quote", "header"];
pub(super) const QUALITY_FIELDS: &[&str] =
    &["ruleset", "on_fail", "keep_state", "model_monitor", "hand_over", "references"];
pub(super) const RULESET_FIELDS: &[&str] = &["s3", "glue"];
pub(super) const INTEGRITY_FIELDS: &[&str] = &["retention"];
pub(super) const RETENTION_FIELDS: &[&str] = &["mode", "days"];
pub(super) const CATALOG_FIELDS: &[&str] = &["database", "table", "statistics"];
pub(super) const CATALOG_STATISTICS: &[(&str, CatalogStatistics)] =
    &[("none", CatalogStatistics::None), ("counts", CatalogStatistics::Counts), ("ranges", CatalogStatistics::Ranges)];

impl Reader {
    pub(super) fn format(&mut self, node: &Node, path: &str) -> Option<FormatSpec> {
        let fields = self.fields(node, path, FORMAT_FIELDS, &[])?;
        let kind = self.required(&fields, "type");
        let kind = kind.and_then(|node| self.one_of(node, &fields.path_of("type"), "format", FORMAT_TYPES, &[]));
        let compression = self.optional(&fields, "compression", Compression::Auto, |reader, node, path| {
            reader.one_of(node, path, "compression", COMPRESSIONS, &[])
        });
        let max_ratio = self.optional(&fields, "max_ratio", DEFAULT_MAX_RATIO, |reader, node, path| {
            reader.integer(node, path, 1..=MAX_RATIO)
        });
        let kind = match kind? {
            FormatType::Csv => self.csv(&fields)?,
            other => {
                self.refuse_csv_fields(&fields);
                match other {
                    FormatType::Parquet => FormatKind::Parquet,
                    FormatType::Csv | FormatType::JsonLines => FormatKind::JsonLines,
                }
            }
        };
        Some(FormatSpec { kind, compression: compression?, max_ratio: max_ratio? })
    }

    fn csv(&mut self, fields: &Fields<'_>) -> Option<FormatKind> {
        let delimiter = self.optional(fields, "delimiter", b',', Self::csv_byte);
        let quote = self.optional(fields, "quote", Some(b'"'), |reader, node, path| {
            if reader.text(node, path)? == "none" { Some(None) } else { reader.csv_byte(node, path).map(Some) }
        });
        let header = self.optional(fields, "header", true, Self::boolean);
        let (delimiter, quote, header) = (delimiter?, quote?, header?);
        if quote == Some(delimiter) {
            if let Some(node) = fields.get("quote").or_else(|| fields.get("delimiter")) {
                self.report(&fields.path_of("quote"), node.at, "quote and delimiter are the same character");
            }
            return None;
        }
        Some(FormatKind::Csv { delimiter, quote, header })
    }

    fn csv_byte(&mut self, node: &Node, path: &str) -> Option<u8> {
        let rule = "one ASCII character other than CR, LF and NUL (a tab is written \"\\t\", in double quotes)";
        let usable = |text: &str| text.is_ascii() && text.len() == 1 && !matches!(text, "\r" | "\n" | "\0");
        self.text_where(node, path, rule, usable)?.bytes().next()
    }

    fn refuse_csv_fields(&mut self, fields: &Fields<'_>) {
        for field in CSV_FIELDS {
            if let Some(node) = fields.get(field) {
                self.report(&fields.path_of(field), node.at, "belongs to the format csv only");
            }
        }
    }

    pub(super) fn quality(&mut self, node: &Node, path: &str) -> Option<QualitySpec> {
        let fields = self.fields(node, path, QUALITY_FIELDS, &[])?;
        let ruleset = self.required(&fields, "ruleset");
        let ruleset = ruleset.and_then(|node| self.ruleset(node, &fields.path_of("ruleset")));
        let on_fail = self.optional(&fields, "on_fail", OnFail::Quarantine, |reader, node, path| {
            reader.one_of(node, path, "action", ON_FAIL, &[])
        });
        let keep_state = self.optional(&fields, "keep_state", false, Self::boolean);
        let model_monitor = self.optional(&fields, "model_monitor", false, Self::boolean);
        let hand_over =
            self.optional(&fields, "hand_over", None, |reader, node, path| reader.hand_over(node, path).map(Some));
        let references = self.optional(&fields, "references", Vec::new(), Self::references);
        Some(QualitySpec {
            ruleset: ruleset?,
            on_fail: on_fail?,
            keep_state: keep_state?,
            model_monitor: model_monitor?,
            hand_over: hand_over?,
            references: references?,
        })
    }

    fn ruleset(&mut self, node: &Node, path: &str) -> Option<RulesetRef> {
        if let Yaml::Scalar { .. } = node.yaml {
            let text = self.text(node, path)?;
            if text.trim().is_empty() || text.len() > MAX_RULESET_BYTES {
                self.report(path, node.at, format!("expected 1 to {MAX_RULESET_BYTES} bytes of DQDL"));
                return None;
            }
            return Some(RulesetRef::Inline(text.to_owned()));
        }
        let fields = self.fields(node, path, RULESET_FIELDS, &[])?;
        match (fields.get("s3"), fields.get("glue")) {
            (Some(node), None) => {
                let path = fields.path_of("s3");
                let key = self.text(node, &path)?;
                let key = ObjectKey::new(key).map_err(|error| self.report(&path, node.at, error.to_string()));
                key.ok().map(RulesetRef::S3)
            }
            (None, Some(node)) => {
                let rule = "the name of a Glue ruleset: expected 1 to 255 bytes without control characters";
                let is_name = |text: &str| (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
                let name = self.text_where(node, &fields.path_of("glue"), rule, is_name)?;
                Some(RulesetRef::Glue(name.to_owned()))
            }
            _ => {
                self.report(path, node.at, "expected DQDL text, { s3: key } or { glue: name }");
                None
            }
        }
    }

    pub(super) fn integrity(&mut self, node: &Node, path: &str) -> Option<IntegritySpec> {
        let fields = self.fields(node, path, INTEGRITY_FIELDS, &[])?;
        let retention =
            self.optional(&fields, "retention", None, |reader, node, path| reader.retention(node, path).map(Some));
        Some(IntegritySpec { retention: retention? })
    }

    fn retention(&mut self, node: &Node, path: &str) -> Option<RetentionSpec> {
        let fields = self.fields(node, path, RETENTION_FIELDS, &[])?;
        let mode = self.optional(&fields, "mode", RetentionMode::Governance, |reader, node, path| {
            reader.one_of(node, path, "mode", RETENTION_MODES, &[])
        });
        let days = self.required(&fields, "days");
        let days = days.and_then(|node| self.integer(node, &fields.path_of("days"), 1..=MAX_RETENTION_DAYS));
        Some(RetentionSpec { mode: mode?, days: days? })
    }

    pub(super) fn catalog(&mut self, node: &Node, path: &str) -> Option<CatalogSpec> {
        let fields = self.fields(node, path, CATALOG_FIELDS, &[])?;
        let database = self.required(&fields, "database");
        let database = database.and_then(|node| self.catalog_name(node, &fields.path_of("database")));
        let table = self.required(&fields, "table");
        let table = table.and_then(|node| self.catalog_name(node, &fields.path_of("table")));
        let statistics = self.optional(&fields, "statistics", CatalogStatistics::None, |reader, node, path| {
            reader.one_of(node, path, "word", CATALOG_STATISTICS, &[])
        });
        Some(CatalogSpec { database: database?, table: table?, statistics: statistics? })
    }

    pub(super) fn catalog_name(&mut self, node: &Node, path: &str) -> Option<String> {
        let rule = "a catalog name: expected 1 to 255 of a-z, 0-9 and '_'";
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_name = |text: &str| (1..=255).contains(&text.len()) && text.bytes().all(inner);
        self.text_where(node, path, rule, is_name).map(str::to_owned)
    }

    /// The name of a pseudonym domain.
    pub(super) fn domain(&mut self, node: &Node, path: &str) -> Option<String> {
        name(self, node, path)
    }
}
