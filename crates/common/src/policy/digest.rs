//! Digests of the parts of a policy that decide a stage's result. They stand in the keys of its statements: the same object
//! under another configuration is another statement, and a change elsewhere in the policy is not.

use serde::Serialize;

use super::model::{CatalogSpec, Dataset, FormatSpec, PrivacySpec, QualitySpec};
use crate::digest::Sha256Digest;

/// The version of the policy's format, bound into each digest.
const POLICY_VERSION: u32 = 1;

#[derive(Serialize)]
struct QualityConfig<'a> {
    version: u32,
    dataset: &'a str,
    format: &'a FormatSpec,
    quality: &'a QualitySpec,
}

#[derive(Serialize)]
struct PrivacyConfig<'a> {
    version: u32,
    dataset: &'a str,
    format: &'a FormatSpec,
    privacy: &'a PrivacySpec,
    catalog: Option<&'a CatalogSpec>,
}

impl Dataset {
    /// What decides a verdict: the dataset's name, its format and its `quality` section. The text of a ruleset that lies in
    /// S3 or Glue is not in it.
    pub fn quality_digest(&self) -> Sha256Digest {
        canonical_digest(&QualityConfig {
            version: POLICY_VERSION,
            dataset: &self.name,
            format: &self.format,
            quality: &self.quality,
        })
    }

    /// What decides the published bytes: the dataset's name, its format, its `privacy` and its `catalog` section. The order of
    /// columns in the policy does not count.
    pub fn privacy_digest(&self) -> Sha256Digest {
        canonical_digest(&PrivacyConfig {
            version: POLICY_VERSION,
            dataset: &self.name,
            format: &self.format,
            privacy: &self.privacy,
            catalog: self.catalog.as_ref(),
        })
    }
}

/// SHA-256 over canonical JSON, RFC 8785.
fn canonical_digest(config: &impl Serialize) -> Sha256Digest {
    // Writing plain structs with text keys and small integers to memory has no way to fail; were one added, the digest of
    // nothing would differ from every other and the statement keys with it.
    Sha256Digest::of(&serde_jcs::to_vec(config).unwrap_or_default())
}
