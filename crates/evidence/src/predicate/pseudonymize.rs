use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sluice_common::{ObjectVersion, Sha256Digest};

use super::{PolicyRef, RiskFigures};
use crate::layout::{RunId, Stage, StatementKey, SubjectId};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "From this version these curated objects were made, with these keys", or "nothing was published, because …".
/// Subjects are the curated objects; the input itself when nothing was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pseudonymize {
    /// What became of the input.
    pub outcome: Outcome,
    /// What was read; one.
    pub inputs: Vec<Input>,
    /// The policy.
    pub policy: PolicyRef,
    /// The effective configuration.
    pub config: ConfigRef,
    /// Name and version of the engine, such as `sluice-privacy/0.1.0`.
    pub engine: String,
    /// Keys used, never their values.
    pub keys: Vec<KeyUse>,
    /// The columns of format-preserving encryption, whose values cannot name their key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub format_preserving: Vec<FormatPreservingColumn>,
    /// Counts.
    pub stats: PseudonymizeStats,
    /// The rows that were left out because they fail; absent when all rows were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<DroppedRows>,
    /// What a service answered about free text; absent when none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_detection: Option<TextDetection>,
    /// The quality verdict.
    pub predecessor: Predecessor,
}

/// What became of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    /// The subjects were written.
    Published,
    /// Nothing was written.
    Withheld {
        /// A stable name, such as `quality_failed`.
        reason: String,
    },
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// [`ObjectVersion::uri`].
    pub uri: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Digest,
}

/// Leaves the URI out: it holds the uploader's key.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({:?})", self.sha256)
    }
}

/// An effective configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigRef {
    /// SHA-256 of its canonical JSON.
    pub digest: Sha256Digest,
}

/// A key that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyUse {
    /// Its name, such as the domain.
    pub key_id: String,
    /// Its version.
    pub version: u32,
    /// What for, such as `token`.
    pub purpose: String,
}

/// A column of format-preserving encryption, and under which key it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormatPreservingColumn {
    /// The column, as the policy names it.
    pub column: String,
    /// The domain of the key.
    pub domain: String,
    /// The epoch of the key.
    pub epoch: u32,
    /// The id of the key, as in tokens: `<epoch>-<8 of a-z2-7>`.
    pub key_id: String,
    /// Key and parameters in one, as the object's metadata and requests to turn values back have it: `fpe1_…`.
    pub mark: String,
}

/// Counts of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PseudonymizeStats {
    /// Rows read.
    pub rows_read: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Columns written.
    pub columns: u64,
    /// Columns by transform.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub transforms: BTreeMap<String, u64>,
    /// Values that became NULL because the key of their subject's cohort was destroyed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub values_destroyed: u64,
    /// Smallest group over the quasi-identifiers, when the policy names some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
    /// Further figures of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskFigures>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a service answered about free text. Its model may change: the kept answers are what the output follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextDetection {
    /// Such as `comprehend`.
    pub service: String,
    /// Units that were asked for, of 100 characters each.
    pub units: u32,
    /// SHA-256 of the kept answers, which hold spans and no text.
    pub answers_sha256: Sha256Digest,
}

/// Rows that were left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DroppedRows {
    /// Their number.
    pub rows: u64,
    /// SHA-256 of the set of their numbers, as the verdict has it.
    pub numbers_sha256: Sha256Digest,
    /// SHA-256 of the file in the raw bucket's quarantine that holds them.
    pub quarantined_sha256: Sha256Digest,
}

impl Pseudonymize {
    /// The version that was read.
    pub fn input(&self) -> Option<ObjectVersion> {
        match self.inputs.as_slice() {
            [one] => ObjectVersion::from_uri(&one.uri).ok().filter(|version| version.uri() == one.uri),
            _ => None,
        }
    }

    /// The key of the statement about a run, known before the run: neither what it writes nor what it counts is part of it.
    ///
    /// # Errors
    /// When no input version is named.
    pub fn key(&self) -> Result<StatementKey, StatementError> {
        let version = self.input().ok_or_else(|| inconsistent::<Self>("it must name one input version"))?;
        Ok(StatementKey { stage: Self::STAGE, subject: SubjectId::from(&version), run: self.run() })
    }

    fn run(&self) -> RunId {
        let status = match &self.outcome {
            Outcome::Published => "",
            Outcome::Withheld { reason } => reason.as_str(),
        };
        let inputs = [
            self.predecessor.pae_sha256.as_bytes().as_slice(),
            self.config.digest.as_bytes(),
            self.engine.as_bytes(),
            status.as_bytes(),
        ];
        // Another version of a key gives other tokens, so it is another run.
        let keys: Vec<String> =
            self.keys.iter().map(|key| format!("{}\0{}\0{}", key.key_id, key.version, key.purpose)).collect();
        let keys = keys.iter().map(String::as_bytes);
        RunId::of(self.policy.parts().into_iter().chain(inputs).chain(keys))
    }
}

impl Predicate for Pseudonymize {
    const STAGE: Stage = Stage::Pseudonymize;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = self.input().ok_or_else(|| inconsistent::<Self>("it must name one input version"))?;
        if subject.iter().any(|one| one.version().is_none() || one.digest.sha256.is_none()) {
            return Err(inconsistent::<Self>("a subject is not an object version with its SHA-256 digest"));
        }
        let names_input = subject.iter().any(|one| one.version().as_ref() == Some(&version));
        let sound = match &self.outcome {
            Outcome::Published => !names_input,
            Outcome::Withheld { .. } => names_input && subject.len() == 1,
        };
        if !sound {
            return Err(inconsistent::<Self>("its outcome does not fit its subjects"));
        }
        Ok((SubjectId::from(&version), self.run()))
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        Some(&self.predecessor)
    }
}
