//! What a policy says, once it was found to be without fault. `load` is the only place that makes these values.

use globset::GlobMatcher;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::detect::{DetectSpec, UndeclaredPii};
use super::digest::SectionDigests;
use super::hand_over::HandOverSpec;
use super::reference::ReferenceSpec;
use super::release::ReleaseSpec;
use super::risk::RiskSpec;
use super::subjects::SubjectsSpec;
use super::transform::Transform;
use crate::digest::Sha256Digest;
use crate::object::ObjectKey;
use crate::port::RetentionMode;

/// The whole policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The version of the policy's own format. This release knows 1.
    pub version: u32,
    /// The datasets in the order of the file, which is the order of matching.
    pub datasets: Vec<Dataset>,
    /// SHA-256 of the file's bytes.
    pub digest: Sha256Digest,
}

impl Policy {
    /// The dataset of a key: the first one of which a pattern matches. `None` means: seal it, then stop and say so.
    pub fn dataset_for(&self, key: &ObjectKey) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.patterns.iter().any(|pattern| pattern.matches(key)))
    }

    /// A dataset by its name.
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}

/// A set of objects that are treated alike.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Unique; 1 to 64 of `a-z`, `0-9`, `_`, `-`, beginning with a letter or digit. It stands in curated keys.
    pub name: String,
    /// Which keys belong to it (`match`).
    pub patterns: Vec<KeyPattern>,
    /// How its objects are written.
    pub format: FormatSpec,
    /// What they must satisfy.
    pub quality: QualitySpec,
    /// What is done to personal data in them.
    pub privacy: PrivacySpec,
    /// How long they are locked.
    pub integrity: IntegritySpec,
    /// The table under which the curated objects are known.
    pub catalog: Option<CatalogSpec>,
    /// What may be published about it under differential privacy. `None`: nothing.
    pub release: Option<ReleaseSpec>,
    pub(super) digests: SectionDigests,
}

impl Dataset {
    /// SHA-256 of what decides a verdict: the dataset's name, its format and its `quality` section. The text of a ruleset
    /// that lies in S3 or Glue is not in it.
    pub fn quality_digest(&self) -> &Sha256Digest {
        &self.digests.quality
    }

    /// SHA-256 of what decides the published bytes: the dataset's name, its format, its `privacy` and its `catalog`
    /// section. The order of columns in the policy does not count.
    pub fn privacy_digest(&self) -> &Sha256Digest {
        &self.digests.privacy
    }
}

/// A glob over decoded keys. `*` and `?` do not match `/`, `**` does; `?` and `[…]` match one byte of UTF-8;
/// `{a,b}` matches either.
#[derive(Debug, Clone)]
pub struct KeyPattern(GlobMatcher);

impl KeyPattern {
    pub(super) fn new(matcher: GlobMatcher) -> Self {
        Self(matcher)
    }

    /// Whether a key belongs to it.
    pub fn matches(&self, key: &ObjectKey) -> bool {
        self.0.is_match(key.as_str())
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }
}

/// Format and compression of a dataset's objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatSpec {
    /// The format (`type`, and what belongs to that type).
    #[serde(flatten)]
    pub kind: FormatKind,
    /// The compression around it. Default `auto`.
    pub compression: Compression,
    /// Decompressed bytes for each compressed byte beyond which a large object is taken for a bomb. The default is not
    /// part of a digest, so that statements made before the field was known stay valid.
    #[serde(skip_serializing_if = "is_default_ratio")]
    pub max_ratio: u32,
}

/// What gzip and zstd make of the most repetitive logs and tables that people have; a bomb reaches 1,000 and more.
pub(super) const DEFAULT_MAX_RATIO: u32 = 200;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_default_ratio(ratio: &u32) -> bool {
    *ratio == DEFAULT_MAX_RATIO
}

/// The format of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FormatKind {
    /// Comma separated values.
    Csv {
        /// One ASCII byte. Default `,`.
        delimiter: u8,
        /// One ASCII byte; `none` in the file: quotes are data. Default `"`.
        quote: Option<u8>,
        /// Whether the first line names the columns; else they are `col_0`, `col_1`, …. Default true.
        header: bool,
    },
    /// One JSON object a line (`jsonl`).
    #[serde(rename = "jsonl")]
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// Compression of a whole object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// By the first bytes.
    #[default]
    Auto,
    /// None.
    None,
    /// Gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// What objects must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QualitySpec {
    /// The rules.
    pub ruleset: RulesetRef,
    /// What a failing verdict means. Default `quarantine`.
    pub on_fail: OnFail,
    /// Whether what was measured is kept beside the report, to be merged into the verdict on a dataset without reading
    /// its objects again. Default no: counts of distinct values may be as large as the data.
    #[serde(skip_serializing_if = "is_false")]
    pub keep_state: bool,
    /// Whether `statistics.json` and `constraints.json` of SageMaker Model Monitor are written. Default no.
    #[serde(skip_serializing_if = "is_false")]
    pub model_monitor: bool,
    /// Who judges objects that do not fit into the function's time. Default nobody: they are given up visibly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<HandOverSpec>,
    /// Tables that rules on two datasets and `CustomSql` look up, by alias.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ReferenceSpec>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Where the DQDL text is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RulesetRef {
    /// In the policy.
    Inline(String),
    /// An object beside the policy, in the same bucket. Its bytes are not in [`Dataset::quality_digest`]: whoever reads
    /// it adds their digest.
    S3(ObjectKey),
    /// A ruleset of AWS Glue Data Quality by name. As for S3, its text is not in the digest.
    Glue(String),
}

/// What a failing verdict means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFail {
    /// Nothing is published.
    #[default]
    Quarantine,
    /// Published all the same; the verdict says that it failed.
    Publish,
    /// The rows that pass every rule are published, the others are set aside in the raw bucket. Nothing is published when
    /// a rule fails that does not judge rows.
    #[serde(rename = "drop_rows")]
    DropRows,
}

/// What is done to personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrivacySpec {
    /// Whose key: equal values get equal tokens within a domain and unrelated ones across domains. Set whenever a column
    /// has a keyed transform ([`Transform::is_keyed`]). Spelled like a dataset's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// What is done to which column.
    pub columns: Columns,
    /// What is done to the columns that `columns` does not name. Default `drop`.
    pub undeclared: Undeclared,
    /// What is done about a column that looks personal and that `columns` does not name. Default `allow`.
    #[serde(skip_serializing_if = "is_allow")]
    pub undeclared_pii: UndeclaredPii,
    /// What counts as personal data.
    #[serde(skip_serializing_if = "DetectSpec::is_default")]
    pub detect: DetectSpec,
    /// The format of what is published. Default `same`.
    pub output: OutputFormat,
    /// Whose data a row is. `None`: encrypted values are under the domain's key, and destroyed with it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjects: Option<SubjectsSpec>,
    /// How easily people may be found again in what is published. `None`: it is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskSpec>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_allow(undeclared_pii: &UndeclaredPii) -> bool {
    *undeclared_pii == UndeclaredPii::Allow
}

/// Columns and their transforms in the order of the file. A column is named as `tabular` names it: a header's name, or a
/// dotted path into nested values, in JSON Lines with `[*]` for the elements of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns(Vec<(String, Transform)>);

impl Columns {
    pub(super) fn new(columns: Vec<(String, Transform)>) -> Self {
        Self(columns)
    }

    /// The transform of a column.
    pub fn get(&self, column: &str) -> Option<&Transform> {
        self.0.iter().find(|(name, _)| name == column).map(|(_, transform)| transform)
    }

    /// Columns and transforms, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Transform)> {
        self.0.iter().map(|(name, transform)| (name.as_str(), transform))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Transform)> {
        self.0.iter_mut().map(|(name, transform)| (name.as_str(), transform))
    }

    /// How many columns are named.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no column is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, transform) in &self.0 {
            map.serialize_entry(name, transform)?;
        }
        map.end()
    }
}

/// What is done to a column that the policy does not name.
///
/// The default is `drop`: nothing reaches the curated bucket that nobody decided about, and a new column upstream does
/// not stop the flow. What was dropped stands in the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Undeclared {
    /// Publish it as it is.
    Keep,
    /// Leave it out.
    #[default]
    Drop,
    /// Publish nothing of an object that has one.
    Refuse,
}

/// The format of what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// The input's.
    #[default]
    Same,
    /// Apache Parquet.
    Parquet,
}

/// How objects are kept from change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct IntegritySpec {
    /// The least retention of each sealed version. `None`: the bucket's default stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionSpec>,
}

/// A retention, counted from the version's own `Last-Modified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RetentionSpec {
    /// Default `governance`: `compliance` cannot be taken back by anyone, so it must be asked for by name.
    pub mode: RetentionMode,
    /// Days, 1 to 36,500.
    pub days: u32,
}

/// A table of the Glue Data Catalog. Both names are 1 to 255 of `a-z`, `0-9`, `_`: what Athena and Glue agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogSpec {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// What the catalog is told of the table's content. It decides nothing that is published, so no digest has it.
    #[serde(skip)]
    pub statistics: CatalogStatistics,
}

/// What the catalog is told of a curated table's content, beside its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatalogStatistics {
    /// Nothing.
    #[default]
    None,
    /// Table parameters, and of each column how many NULLs and different values it has and how long its texts are.
    Counts,
    /// The least and the greatest number and date of each column, too. These are published values, and whoever may read
    /// the catalog sees them without being allowed to read the data.
    Ranges,
}
