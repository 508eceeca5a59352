use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_common::Sha256Digest;
use sluice_common::privacy_loss::PrivacyLoss;

use super::PolicyRef;
use crate::layout::{RunId, Stage, StatementKey, SubjectId};
use crate::statement::{Predecessor, Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "These answers about a dataset were given, with noise." The subject is the release, known by its dataset and id, so that
/// one request is answered once, whatever noise a second attempt would draw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// The policy that allows it.
    pub policy: PolicyRef,
    /// The dataset.
    pub dataset: String,
    /// The release's id in the dataset.
    pub id: String,
    /// SHA-256 of the request's canonical JSON.
    pub request_sha256: Sha256Digest,
    /// The objects that were read.
    pub inputs: Vec<ResourceDescriptor>,
    /// What it cost.
    pub cost: PrivacyLoss,
    /// The entry of the budget under which the cost is booked.
    pub budget: Predecessor,
    /// The answers: estimates, noise, intervals.
    pub answer: Value,
}

impl Release {
    /// The release of an id in a dataset.
    pub fn subject(dataset: &str, id: &str, request_sha256: Sha256Digest) -> ResourceDescriptor {
        ResourceDescriptor::named(format!("release:{dataset}:{id}"), request_sha256)
    }

    /// The key of the statement of a release.
    pub fn key(dataset: &str, id: &str) -> StatementKey {
        let subject = SubjectId::of_name(&format!("release:{dataset}:{id}"));
        StatementKey { stage: Stage::Release, subject, run: RunId::only() }
    }
}

impl Predicate for Release {
    const STAGE: Stage = Stage::Release;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let release = Self::subject(&self.dataset, &self.id, self.request_sha256);
        if subject == std::slice::from_ref(&release) {
            Ok((release.id(), RunId::only()))
        } else {
            Err(inconsistent::<Self>("its subject is another release than its predicate"))
        }
    }

    fn predecessor(&self) -> Option<&Predecessor> {
        Some(&self.budget)
    }
}
