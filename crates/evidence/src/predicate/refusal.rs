use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_common::privacy_loss::PrivacyLoss;

use super::PolicyRef;
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "A release was asked for and not given." The subject is the request, known by its digest. It repeats nothing of a
/// request that is not in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// The policy of then.
    pub policy: PolicyRef,
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// A stable name, such as `budget_exhausted`.
    pub reason: String,
    /// What was left of the dataset's budget, when that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<PrivacyLoss>,
}

impl Refusal {
    /// A request, known by its digest.
    pub fn subject(request_sha256: Sha256Digest) -> ResourceDescriptor {
        ResourceDescriptor::named(format!("request:sha256:{}", request_sha256.to_hex()), request_sha256)
    }
}

impl Predicate for Refusal {
    const STAGE: Stage = Stage::Refusal;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        if subject != std::slice::from_ref(&Self::subject(self.request_sha256)) {
            return Err(inconsistent::<Self>("its subject is another request than its predicate describes"));
        }
        // What is left now may be more later, when a policy grants more.
        let left = self.left.map(|left| left.to_string()).unwrap_or_default();
        let run = RunId::of(self.policy.parts().into_iter().chain([self.reason.as_bytes(), left.as_bytes()]));
        Ok((SubjectId::of_digest(self.request_sha256), run))
    }
}
