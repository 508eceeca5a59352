use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;
use sluice_common::privacy_loss::PrivacyLoss;

use crate::layout::{RunId, Stage, StatementKey, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "So much of a dataset's privacy budget is spent." The subject is the entry's place in the account, so that of two
/// releases at once only one gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// The dataset.
    pub dataset: String,
    /// From 1, without gaps.
    pub number: u64,
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// What the release costs.
    pub cost: PrivacyLoss,
    /// What all entries up to this one cost together.
    pub spent: PrivacyLoss,
}

impl Budget {
    /// The place of an entry in a dataset's account.
    pub fn subject(dataset: &str, number: u64) -> ResourceDescriptor {
        let name = format!("budget:{dataset}:{number}");
        let digest = Sha256Digest::of(name.as_bytes());
        ResourceDescriptor::named(name, digest)
    }

    /// The key of an entry of a dataset's account.
    pub fn key(dataset: &str, number: u64) -> StatementKey {
        StatementKey { stage: Stage::Budget, subject: Self::subject(dataset, number).id(), run: RunId::only() }
    }
}

impl Predicate for Budget {
    const STAGE: Stage = Stage::Budget;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let place = Self::subject(&self.dataset, self.number);
        if subject == std::slice::from_ref(&place) {
            Ok((place.id(), RunId::only()))
        } else {
            Err(inconsistent::<Self>("its subject is another place in the account than its predicate"))
        }
    }
}
