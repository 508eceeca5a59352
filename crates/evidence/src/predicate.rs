//! What each stage states. One file a predicate; each says what its statement is about and what its key depends on.
//!
//! A payload is a pure function of its inputs. Facts of a delivery (event times, sequencers, who asked, attempts) would
//! differ between redeliveries, so they go to the stored object's user metadata, not into the payload.

mod audit;
mod budget;
mod finding;
mod handover;
mod key_rotation;
mod pseudonymize;
mod quality;
mod quarantine;
mod refusal;
mod reidentify;
mod release;
mod risk;
mod seal;
mod shred;
mod sweep;

use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

pub use audit::{Audit, AuditCounts, AuditKind, AuditRange, AuditSigning};
pub use budget::Budget;
pub use finding::{Finding, FindingEvidence, Severity};
pub use handover::Handover;
pub use key_rotation::KeyRotation;
pub use pseudonymize::{
    ConfigRef, DroppedRows, FormatPreservingColumn, Input, KeyUse, Outcome, Pseudonymize, PseudonymizeStats,
    TextDetection,
};
pub use quality::{ExternalRead, FailingRows, Quality, QualityResult, QuarantinedRows, RuleCounts, RulesetRef};
pub use quarantine::Quarantine;
pub use refusal::Refusal;
pub use reidentify::{Decision, FormatPreservingSource, Reidentify};
pub use release::Release;
pub use risk::{DiversityFigures, RiskFigures, RiskRemedy};
pub use seal::{
    ChecksumCheck, ChecksumVerdict, HashEngine, HashedBy, Lock, OwnChecksums, Seal, SealChecks, SealedObject,
};
pub use shred::{Shred, ShreddedCohort, ShreddedKey};
pub use sweep::{Coverage, Deep, InventoryRef, LogHead, Sweep, SweepCursor};

/// The bytes of a digest that may be absent, for a run's key.
fn optional(digest: Option<&Sha256Digest>) -> &[u8] {
    digest.map_or(&[], |digest| digest.as_bytes().as_slice())
}

/// The pipeline policy under which a stage worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRef {
    /// Its version in the evidence bucket; absent when it came from a local file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// SHA-256 of its bytes.
    pub digest: Sha256Digest,
    /// The dataset whose entry applied; absent when none matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
}

impl PolicyRef {
    /// The parts on which a run's key depends.
    pub(crate) fn parts(&self) -> [&[u8]; 3] {
        [
            self.version_id.as_deref().unwrap_or_default().as_bytes(),
            self.digest.as_bytes().as_slice(),
            self.dataset.as_deref().unwrap_or_default().as_bytes(),
        ]
    }
}
