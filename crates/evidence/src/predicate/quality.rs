use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use super::{PolicyRef, optional};
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor, StatementError, inconsistent, only_object};

/// "These bytes were judged by this ruleset, with this result."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quality {
    /// The verdict.
    pub result: QualityResult,
    /// The ruleset; absent when no dataset matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruleset: Option<RulesetRef>,
    /// The policy.
    pub policy: PolicyRef,
    /// Name and version of the engine that judged, such as `sluice-quality/0.1.0`.
    pub engine: String,
    /// How many rules ended how.
    pub counts: RuleCounts,
    /// SHA-256 of the report; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_sha256: Option<Sha256Digest>,
    /// Rows judged; absent when none were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// The seal.
    pub predecessor: Predecessor,
}

/// A quality verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum QualityResult {
    /// Every rule holds.
    Passed,
    /// Some rule does not hold or could not be evaluated.
    Failed,
    /// No dataset of the policy matches the key: nothing was judged, nothing goes on.
    Stopped,
}

/// A ruleset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesetRef {
    /// SHA-256 of its DQDL text.
    pub digest: Sha256Digest,
}

/// How many rules ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleCounts {
    /// Rules that hold.
    pub passed: u64,
    /// Rules that do not hold.
    pub failed: u64,
    /// Rules that could not be evaluated.
    pub errors: u64,
}

impl Predicate for Quality {
    const STAGE: Stage = Stage::Quality;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = only_object::<Self>(subject)?;
        if subject.iter().any(|one| one.digest.sha256.is_none()) {
            return Err(inconsistent::<Self>("its subject has no SHA-256 digest"));
        }
        let ruleset = optional(self.ruleset.as_ref().map(|ruleset| &ruleset.digest));
        let inputs = [self.predecessor.pae_sha256.as_bytes().as_slice(), ruleset, self.engine.as_bytes()];
        Ok((SubjectId::from(&version), RunId::of(self.policy.parts().into_iter().chain(inputs))))
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        Some(&self.predecessor)
    }
}
