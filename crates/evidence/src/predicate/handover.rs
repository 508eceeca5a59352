use serde::{Deserialize, Serialize};
use sluice_common::ObjectVersionId;

use super::HashEngine;
use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent, only_object};

/// "This version is too large for one invocation; that job computes its digest." One for each version: it says who was asked,
/// so that only this job's report is believed later. The bytes were not read, so the subject is known by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handover {
    /// Who computes.
    pub engine: HashEngine,
    /// The job, by the id that the engine gave it.
    pub job_id: String,
    /// What the job was told to read.
    pub manifest: ResourceDescriptor,
    /// The version's length in bytes.
    pub size: u64,
    /// Its entity tag: the report must name the same.
    pub etag: String,
}

impl Predicate for Handover {
    const STAGE: Stage = Stage::Handover;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let version = only_object::<Self>(subject)?;
        let id: Option<ObjectVersionId> = subject.first().and_then(|one| one.digest.s3_object_version);
        if id != Some(version.id()) {
            return Err(inconsistent::<Self>("its subject has a digest of bytes that nobody read yet"));
        }
        if self.job_id.is_empty() {
            return Err(inconsistent::<Self>("it names no job"));
        }
        Ok((SubjectId::from(&version), RunId::only()))
    }
}
