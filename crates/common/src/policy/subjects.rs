//! The part of the `privacy` section that says whose data a row is, so that one person's values can be destroyed.

use serde::{Serialize, Serializer};

use super::model::PrivacySpec;
use super::reader::{Fields, Reader, join};
use super::transform::Transform;
use super::transforms::MAX_COLUMN_NAME_BYTES;
use super::yaml::{Node, Yaml};

pub(super) const SUBJECTS_FIELDS: &[&str] = &["column", "cohorts"];

/// More cohorts than this cost more memory and more requests to S3 than they save of innocent values.
pub(super) const MAX_COHORTS: u32 = 16_384;
pub(super) const DEFAULT_COHORTS: u32 = 1_024;
pub(super) const EACH: &str = "each";

/// Whose data a row is. What `encrypt` makes is then under a key of the subject's cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubjectsSpec {
    /// The column that names the subject of a row, as it is read.
    pub column: String,
    /// Into how many cohorts the domain's subjects are divided. Default 1,024.
    pub cohorts: CohortSize,
}

/// How many subjects share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CohortSize {
    /// The domain's subjects are divided into so many cohorts, 1 to 16,384.
    Shared(u32),
    /// Each subject has a key of its own (`each`): an object in the vault for each.
    Each,
}

impl Serialize for CohortSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Shared(cohorts) => serializer.serialize_u32(*cohorts),
            Self::Each => serializer.serialize_str(EACH),
        }
    }
}

impl std::fmt::Display for CohortSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shared(cohorts) => write!(f, "{cohorts}"),
            Self::Each => f.write_str(EACH),
        }
    }
}

impl Reader {
    pub(super) fn subjects(&mut self, node: &Node, path: &str) -> Option<SubjectsSpec> {
        let fields = self.fields(node, path, SUBJECTS_FIELDS, &[])?;
        let column = self.required(&fields, "column").and_then(|node| {
            let rule = "a column's name of 1 to 1024 bytes";
            let is_name = |text: &str| (1..=MAX_COLUMN_NAME_BYTES).contains(&text.len());
            self.text_where(node, &fields.path_of("column"), rule, is_name).map(str::to_owned)
        });
        let cohorts = self.optional(&fields, "cohorts", CohortSize::Shared(DEFAULT_COHORTS), |reader, node, path| {
            if matches!(&node.yaml, Yaml::Scalar { text, .. } if text == EACH) {
                return Some(CohortSize::Each);
            }
            let count = match &node.yaml {
                Yaml::Scalar { text, plain: true } => {
                    text.parse().ok().filter(|count| (1..=MAX_COHORTS).contains(count))
                }
                _ => None,
            };
            if count.is_none() {
                reader.report(path, node.at, format!("expected a whole number from 1 to {MAX_COHORTS}, or {EACH}"));
            }
            count.map(CohortSize::Shared)
        });
        Some(SubjectsSpec { column: column?, cohorts: cohorts? })
    }

    /// Whether the section keeps what `subjects` promises: that all of a subject's values that have a way back lose it.
    pub(super) fn check_subjects(&mut self, spec: &PrivacySpec, fields: &Fields<'_>) -> bool {
        let (Some(_), Some(node)) = (&spec.subjects, fields.get("subjects")) else { return true };
        let mut is_sound = true;
        for (column, _) in spec.columns.iter().filter(|(_, one)| matches!(one, Transform::Fpe(_))) {
            let path = join(&fields.path_of("columns"), column);
            let message = "`fpe` has no room to name a subject's key, so its values would stay readable when the subject's \
                           are destroyed; use `encrypt`, or leave `subjects` out";
            self.report(&path, node.at, message);
            is_sound = false;
        }
        if !spec.columns.iter().any(|(_, one)| matches!(one, Transform::Encrypt { .. })) && is_sound {
            let message = "no column has the transform `encrypt`, which is the one that cohorts have keys for";
            self.report(&fields.path_of("subjects"), node.at, message);
            is_sound = false;
        }
        is_sound
    }
}
