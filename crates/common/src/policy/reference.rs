//! `quality.references`: tables that rules on two datasets and `CustomSql` look up.

use serde::Serialize;

use super::model::FormatSpec;
use super::reader::{Fields, Reader};
use super::yaml::Node;
use crate::object::ObjectKey;
use crate::port::TableName;

pub(super) const REFERENCE_FIELDS: &[&str] = &["alias", "s3", "format", "glue"];
pub(super) const TABLE_FIELDS: &[&str] = &["database", "table"];
/// Each is read whole for each object.
const MOST_REFERENCES: usize = 16;

/// A table known to rules by an alias. Its bytes are not in [`super::Dataset::quality_digest`]: a verdict rests on the
/// versions that are current when the object is first judged, and names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferenceSpec {
    /// 1 to 64 of `a-z`, `0-9` and `_`, other than `primary`.
    pub alias: String,
    /// Where it is.
    #[serde(flatten)]
    pub source: ReferenceSource,
}

/// Where a reference is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ReferenceSource {
    /// One object beside the policy.
    Object {
        /// Its key in the bucket of the policy.
        #[serde(rename = "s3")]
        key: ObjectKey,
        /// How it is written.
        format: FormatSpec,
    },
    /// The objects of a table of the Glue Data Catalog, which says how they are written.
    Table {
        /// The table.
        glue: TableName,
    },
}

impl Reader {
    pub(super) fn references(&mut self, node: &Node, path: &str) -> Option<Vec<ReferenceSpec>> {
        let references = self.list(node, path, MOST_REFERENCES, Self::reference)?;
        for (index, reference) in references.iter().enumerate() {
            if references.iter().take(index).any(|earlier| earlier.alias == reference.alias) {
                self.report(path, node.at, format!("the alias {:?} is given twice", reference.alias));
                return None;
            }
        }
        Some(references)
    }

    fn reference(&mut self, node: &Node, path: &str) -> Option<ReferenceSpec> {
        let fields = self.fields(node, path, REFERENCE_FIELDS, &[])?;
        let alias = self.required(&fields, "alias").and_then(|node| {
            let rule = "an alias: expected 1 to 64 of a-z, 0-9 and '_', other than primary";
            self.text_where(node, &fields.path_of("alias"), rule, is_alias).map(str::to_owned)
        });
        let source = match fields.get("glue") {
            Some(node) => self.table_reference(&fields, node),
            None => self.object_reference(&fields),
        };
        Some(ReferenceSpec { alias: alias?, source: source? })
    }

    fn object_reference(&mut self, fields: &Fields<'_>) -> Option<ReferenceSource> {
        let key = self.required(fields, "s3").and_then(|node| {
            let path = fields.path_of("s3");
            let text = self.text(node, &path)?;
            ObjectKey::new(text).map_err(|error| self.report(&path, node.at, error.to_string())).ok()
        });
        let format = self.required(fields, "format").and_then(|node| self.format(node, &fields.path_of("format")));
        Some(ReferenceSource::Object { key: key?, format: format? })
    }

    fn table_reference(&mut self, fields: &Fields<'_>, node: &Node) -> Option<ReferenceSource> {
        for (field, why) in [
            ("s3", "a reference is one object (s3) or one table (glue), not both"),
            ("format", "belongs to s3 only: the Glue Data Catalog says how a table is written"),
        ] {
            if let Some(node) = fields.get(field) {
                self.report(&fields.path_of(field), node.at, why);
            }
        }
        let named = self.fields(node, &fields.path_of("glue"), TABLE_FIELDS, &[])?;
        let mut name = |field: &str| {
            let rule = "a name in the Glue Data Catalog: expected 1 to 255 of a-z, 0-9, '_' and '-'";
            let node = self.required(&named, field)?;
            self.text_where(node, &named.path_of(field), rule, is_glue_name).map(str::to_owned)
        };
        let (database, table) = (name("database"), name("table"));
        let glue = TableName { database: database?, table: table? };
        (fields.get("s3").is_none() && fields.get("format").is_none()).then_some(ReferenceSource::Table { glue })
    }
}

fn is_alias(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(inner) && text != "primary"
}

/// What crawlers and Athena give as names; Glue keeps them in lower case.
fn is_glue_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    (1..=255).contains(&text.len()) && text.bytes().all(inner)
}
