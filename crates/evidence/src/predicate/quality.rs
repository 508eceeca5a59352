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
    /// SHA-256 of the list of what the verdict rests on beside the object: metrics of earlier objects, listings of files.
    /// Absent when the ruleset asks for neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs_sha256: Option<Sha256Digest>,
    /// SHA-256 of what was measured, kept to be merged; absent when the policy does not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_sha256: Option<Sha256Digest>,
    /// The rows that fail; absent unless the policy drops them and there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_rows: Option<FailingRows>,
    /// What another service read in the place of the object. Absent when the object itself was read and its digest verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRead>,
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

/// What another service read. We saw none of its bytes, so nothing here says that they are those of the seal: the verdict is
/// as good as the service, and as what keeps its table in step with the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalRead {
    /// What it read, such as `glue:lake.orders_raw`.
    pub source: String,
    /// The service's own name of its run.
    pub run_id: String,
    /// Whether the digest of what it read was compared with the seal's: false, always.
    pub digest_verified: bool,
}

/// The rows that fail some rule that judges rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailingRows {
    /// Their number.
    pub rows: u64,
    /// Whether without them nothing is left that failed: every rule that does not hold judges rows.
    pub explain_result: bool,
    /// SHA-256 of the set of their numbers, kept as `report/rows/<id[0:2]>/<id>/<sha256>.rows`.
    pub numbers_sha256: Sha256Digest,
    /// The rows themselves in the raw bucket, each with the rules it fails.
    pub kept: QuarantinedRows,
}

/// A file of rows in the raw bucket's quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuarantinedRows {
    /// [`sluice_common::ObjectVersion::uri`].
    pub uri: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
}

impl Quality {
    /// The run of a verdict, known before it: everything that it depends on beside the object and what `inputs_sha256`
    /// names, which is chosen once for each run.
    pub fn run(policy: &PolicyRef, ruleset: Option<&RulesetRef>, engine: &str, predecessor: &Predecessor) -> RunId {
        let ruleset = optional(ruleset.map(|ruleset| &ruleset.digest));
        let inputs = [predecessor.pae_sha256.as_bytes().as_slice(), ruleset, engine.as_bytes()];
        RunId::of(policy.parts().into_iter().chain(inputs))
    }
}

impl Predicate for Quality {
    const STAGE: Stage = Stage::Quality;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = only_object::<Self>(subject)?;
        if subject.iter().any(|one| one.digest.sha256.is_none()) {
            return Err(inconsistent::<Self>("its subject has no SHA-256 digest"));
        }
        let run = Self::run(&self.policy, self.ruleset.as_ref(), &self.engine, &self.predecessor);
        Ok((SubjectId::from(&version), run))
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        Some(&self.predecessor)
    }
}
