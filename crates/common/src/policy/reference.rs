//! `quality.references`: tables that rules on two datasets and `CustomSql` look up.

use serde::Serialize;

use super::model::FormatSpec;
use super::reader::Reader;
use super::yaml::Node;
use crate::object::ObjectKey;

pub(super) const REFERENCE_FIELDS: &[&str] = &["alias", "s3", "format"];
/// Each is read whole for each object.
const MOST_REFERENCES: usize = 16;

/// A table beside the policy, known to rules by an alias. Its bytes are not in [`super::Dataset::quality_digest`]: a verdict
/// rests on the version that is current when the object is first judged, and names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReferenceSpec {
    /// 1 to 64 of `a-z`, `0-9` and `_`, other than `primary`.
    pub alias: String,
    /// Its key in the bucket of the policy.
    #[serde(rename = "s3")]
    pub key: ObjectKey,
    /// How it is written.
    pub format: FormatSpec,
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
        let key = self.required(&fields, "s3").and_then(|node| {
            let path = fields.path_of("s3");
            let text = self.text(node, &path)?;
            ObjectKey::new(text).map_err(|error| self.report(&path, node.at, error.to_string())).ok()
        });
        let format = self.required(&fields, "format").and_then(|node| self.format(node, &fields.path_of("format")));
        Some(ReferenceSpec { alias: alias?, key: key?, format: format? })
    }
}

fn is_alias(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(inner) && text != "primary"
}
