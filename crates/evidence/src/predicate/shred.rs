use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "This pseudonym key is destroyed on purpose." The subject is the wrapped key's record, known by its digest; it is stated
/// before the record is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shred {
    /// The domain.
    pub domain: String,
    /// The epoch.
    pub epoch: u32,
    /// SHA-256 of the wrapped key's record.
    pub wrapped_sha256: Sha256Digest,
    /// Who asked for it.
    pub requester: String,
    /// Who approved; another person than who asked.
    pub approver: String,
    /// Why.
    pub purpose: String,
}

impl Predicate for Shred {
    const STAGE: Stage = Stage::Shred;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let [record] = subject else {
            return Err(inconsistent::<Self>("it must have exactly one subject"));
        };
        if record.digest.sha256 != Some(self.wrapped_sha256) {
            return Err(inconsistent::<Self>("its subject is another key than its predicate describes"));
        }
        if self.requester.eq_ignore_ascii_case(&self.approver) {
            return Err(inconsistent::<Self>("who asked and who approved are one person"));
        }
        let epoch = self.epoch.to_string();
        let run = RunId::of([self.domain.as_bytes(), epoch.as_bytes(), self.purpose.as_bytes()]);
        Ok((SubjectId::of_digest(self.wrapped_sha256), run))
    }
}
