//! Digests of the parts of a policy that decide a stage's result. They stand in the keys of its statements: the same object
//! under another configuration is another statement, and a change elsewhere in the policy is not.

use serde::Serialize;

use super::model::{CatalogSpec, FormatSpec, PrivacySpec, QualitySpec};
use crate::digest::Sha256Digest;

/// Two digests of a dataset's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SectionDigests {
    pub(super) quality: Sha256Digest,
    pub(super) privacy: Sha256Digest,
}

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

impl SectionDigests {
    /// Digests the sections, bound to the version of the policy's format.
    pub(super) fn of(
        version: u32,
        dataset: &str,
        format: &FormatSpec,
        quality: &QualitySpec,
        privacy: &PrivacySpec,
        catalog: Option<&CatalogSpec>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            quality: canonical_digest(&QualityConfig { version, dataset, format, quality })?,
            privacy: canonical_digest(&PrivacyConfig { version, dataset, format, privacy, catalog })?,
        })
    }
}

/// SHA-256 over canonical JSON, RFC 8785.
fn canonical_digest(config: &impl Serialize) -> Result<Sha256Digest, serde_json::Error> {
    Ok(Sha256Digest::of(&serde_jcs::to_vec(config)?))
}
