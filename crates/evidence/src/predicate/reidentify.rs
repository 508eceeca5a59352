use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use super::optional;
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "Somebody asked for values behind pseudonyms, and this was decided." The subject is the request, known by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reidentify {
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// Who asked.
    pub requester: String,
    /// Who approved; another person than who asked.
    pub approver: String,
    /// The case that needs it.
    pub case_id: String,
    /// Why.
    pub purpose: String,
    /// Values asked for.
    pub record_count: u64,
    /// The column of format-preserving encryption that the values are of; absent when they name their keys themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_preserving: Option<FormatPreservingSource>,
    /// SHA-256 of the answer; absent when it was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_sha256: Option<Sha256Digest>,
    /// What was decided.
    pub decision: Decision,
}

/// Where values of format-preserving encryption come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormatPreservingSource {
    /// The column.
    pub column: String,
    /// Key and parameters, as the object's metadata has them.
    pub mark: String,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", deny_unknown_fields)]
pub enum Decision {
    /// The answer was given after this statement was kept.
    Granted,
    /// It was not.
    Denied {
        /// A stable name, such as `same_person`.
        reason: String,
    },
}

impl Predicate for Reidentify {
    const STAGE: Stage = Stage::Reidentify;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let [request] = subject else {
            return Err(inconsistent::<Self>("it must have exactly one subject"));
        };
        if request.digest.sha256 != Some(self.request_sha256) {
            return Err(inconsistent::<Self>("its subject is another request than its predicate describes"));
        }
        let decision = match &self.decision {
            Decision::Granted => "",
            Decision::Denied { reason } => reason,
        };
        let result = optional(self.result_sha256.as_ref());
        Ok((SubjectId::of_digest(self.request_sha256), RunId::of([decision.as_bytes(), result])))
    }
}
