use serde::{Deserialize, Serialize};

use super::{PolicyRef, optional};
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor, StatementError, only_object};

/// "A stage cannot process this version, and no retry will help."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quarantine {
    /// The stage that gave up.
    pub stage: Stage,
    /// A stable name, from [`sluice_common::Dispose::reason`].
    pub reason: String,
    /// Where and what, never data: such as `line 17, column 3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The policy, when one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The statement before it, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

impl Predicate for Quarantine {
    const STAGE: Stage = Stage::Quarantine;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = only_object::<Self>(subject)?;
        let sha256 = subject.first().and_then(|one| one.digest.sha256);
        let inputs = [
            self.stage.as_str().as_bytes(),
            self.reason.as_bytes(),
            self.detail.as_deref().unwrap_or_default().as_bytes(),
            optional(self.predecessor.as_ref().map(|link| &link.pae_sha256)),
            optional(sha256.as_ref()),
        ];
        let policy = self.policy.as_ref().map(PolicyRef::parts).into_iter().flatten();
        Ok((SubjectId::from(&version), RunId::of(inputs.into_iter().chain(policy))))
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        self.predecessor.as_ref()
    }
}
