use std::fmt;

use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use super::optional;
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "Something is not as it was signed." The same finding in a later sweep is the same statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// The rule that is broken, a stable name.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong and what to do, never data.
    pub detail: String,
    /// Where to look.
    pub evidence: Vec<FindingEvidence>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Late or incomplete, may heal by itself.
    Low,
    /// A promise is weaker than it should be.
    Medium,
    /// A protection is off.
    High,
    /// Evidence or data was altered.
    Critical,
}

impl Severity {
    /// The name in statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A thing to look at.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindingEvidence {
    /// [`sluice_common::ObjectVersion::uri`], or a bucket's `s3://name`.
    pub uri: String,
    /// SHA-256 of what was seen, when something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
}

/// Leaves the URI out: it may hold an uploader's key.
impl fmt::Debug for FindingEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FindingEvidence({:?})", self.sha256)
    }
}

impl Predicate for Finding {
    const STAGE: Stage = Stage::Finding;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let [about] = subject else {
            return Err(inconsistent::<Self>("it must have exactly one subject"));
        };
        let digest = about.digest.sha256;
        let head = [
            self.rule.as_bytes(),
            self.detail.as_bytes(),
            // Sluice's severities may be tuned between versions: then it is another statement, not a contradiction.
            self.severity.as_str().as_bytes(),
            optional(digest.as_ref()),
        ];
        let seen = self.evidence.iter().flat_map(|one| [one.uri.as_bytes(), optional(one.sha256.as_ref())]);
        Ok((about.id(), RunId::of(head.into_iter().chain(seen))))
    }
}
