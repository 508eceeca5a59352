use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "This pseudonym key is destroyed on purpose." The subject is the wrapped key's record, known by its digest; it is stated
/// before the record is removed. Where a cohort of the domain's subjects is forgotten, the subject is the list of its keys in
/// all epochs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shred {
    /// The domain.
    pub domain: String,
    /// The epoch; absent for a cohort, whose keys of all epochs are destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The cohort of the domain's subjects; absent when it is the whole domain's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<ShreddedCohort>,
    /// SHA-256 of the wrapped key's record; of a cohort, of `{domain, cohort, keys}` as JSON.
    pub wrapped_sha256: Sha256Digest,
    /// Who asked for it.
    pub requester: String,
    /// Who approved; another person than who asked.
    pub approver: String,
    /// Why.
    pub purpose: String,
}

/// A cohort that is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShreddedCohort {
    /// Its number within the domain, which is a keyed hash of its subjects.
    pub number: u64,
    /// Its keys that there were; none when no value of it had come yet, and none will be made any more.
    pub keys: Vec<ShreddedKey>,
}

/// A key that is destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShreddedKey {
    /// The epoch.
    pub epoch: u32,
    /// SHA-256 of the wrapped key's record.
    pub wrapped_sha256: Sha256Digest,
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
        let which = match (self.epoch, &self.cohort) {
            (Some(epoch), None) => epoch.to_string(),
            (None, Some(cohort)) => format!("cohort {}", cohort.number),
            _ => return Err(inconsistent::<Self>("it must name an epoch or a cohort, and not both")),
        };
        let run = RunId::of([self.domain.as_bytes(), which.as_bytes(), self.purpose.as_bytes()]);
        Ok((SubjectId::of_digest(self.wrapped_sha256), run))
    }
}
