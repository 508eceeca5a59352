//! Forgetting a subject: the keys of its cohort are destroyed, in every epoch and for ever.

use bytes::Bytes;
use serde::Serialize;
use sluice_common::port::{StoreError, UserMetadata, VersionEraser};
use sluice_common::{ObjectVersion, Sha256Digest, VersionId};

use super::cohort::Cohort;
use super::cohort_vault::{CohortEntry, CohortKeyDigest, CohortNote, ShredReference, keys_prefix};
use super::cohorts::{list, note, path};
use super::domain::{Domain, Epoch};
use super::error::KeyringError;
use super::ring::Keyring;
use super::vault;

/// What the vault says of a cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortState {
    /// Its keys that are there.
    pub keys: Vec<CohortKeyDigest>,
    /// The note that they were destroyed.
    pub shredded: Option<(CohortNote, ShredReference)>,
}

/// The digest of a cohort's keys: what the statement of their destruction is about.
#[derive(Debug, Serialize)]
struct Subject<'c> {
    domain: &'c Domain,
    cohort: Cohort,
    keys: &'c [CohortKeyDigest],
}

impl CohortNote {
    /// SHA-256 of `{domain, cohort, keys}` as JSON, which names the keys of all epochs at once.
    ///
    /// # Errors
    /// Never: there is nothing in it that JSON cannot say.
    pub fn digest_of(
        domain: &Domain,
        cohort: Cohort,
        keys: &[CohortKeyDigest],
    ) -> Result<Sha256Digest, serde_json::Error> {
        Ok(Sha256Digest::of(&serde_json::to_vec(&Subject { domain, cohort, keys })?))
    }
}

impl Keyring {
    /// What the vault says of a cohort. No key is opened.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn cohort_state(&self, domain: &Domain, cohort: Cohort) -> Result<CohortState, KeyringError> {
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let mut keys = Vec::new();
        for (epoch, at) in self.cohort_versions(domain, cohort).await? {
            let problem = "a cohort's wrapped key is larger than one can be, or deleted";
            let altered = || KeyringError::CohortAltered { domain: domain.clone(), problem };
            let record = vault::read(self.unwrapper.reader(), &at.ok_or_else(altered)?).await.map_err(failed)?;
            keys.push(CohortKeyDigest { epoch, wrapped_sha256: Sha256Digest::of(&record.ok_or_else(altered)?) });
        }
        keys.sort_by_key(|key| key.epoch);
        let shredded = note(self.unwrapper.reader(), self.unwrapper.bucket(), domain, cohort).await?;
        Ok(CohortState { keys, shredded })
    }

    /// Destroys the keys of a cohort: every version of their records. The note is written first, so that a half-done destruction
    /// is seen for what it is and can be done again; the statement must be kept before this is called. Returns how many versions
    /// were removed.
    ///
    /// # Errors
    /// When it was shredded with another note before, or the vault cannot be written.
    pub async fn shred_cohort(&self, note: &CohortNote, eraser: &dyn VersionEraser) -> Result<usize, KeyringError> {
        let (domain, cohort) = (&note.domain, note.cohort);
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let path = path(self.unwrapper.bucket(), domain, CohortEntry::Shredded(cohort))?;
        let json = serde_json::to_vec(note).map_err(|_never| KeyringError::CohortAltered {
            domain: domain.clone(),
            problem: "its note cannot be written as JSON",
        })?;
        match self.unwrapper.reader().current(&path).await {
            Err(StoreError::NotFound { .. }) => {
                self.writer.put_new(&path, Bytes::from(json), &UserMetadata::new()).await.map_err(failed)?;
            }
            Ok(at) => {
                let kept = vault::read(self.unwrapper.reader(), &at).await.map_err(failed)?;
                if kept.as_ref() != Some(&json) {
                    return Err(KeyringError::Contended { domain: domain.clone() });
                }
            }
            Err(error) => return Err(failed(error)),
        }
        let prefix = keys_prefix(domain, cohort);
        let mut erased = 0;
        for entry in list(self.lister.as_ref(), self.unwrapper.bucket(), &prefix).await.map_err(failed)? {
            let version_id = VersionId::new(entry.version_id).map_err(|_null| KeyringError::Unversioned)?;
            let at = ObjectVersion { bucket: self.unwrapper.bucket().clone(), key: entry.key, version_id };
            eraser.erase(&at).await.map_err(failed)?;
            erased += 1;
        }
        self.unwrapper.shared_cache().forget_cohort(domain, cohort);
        Ok(erased)
    }

    /// The versions of a cohort's records; `None` for a delete marker.
    async fn cohort_versions(
        &self,
        domain: &Domain,
        cohort: Cohort,
    ) -> Result<Vec<(Epoch, Option<ObjectVersion>)>, KeyringError> {
        let prefix = keys_prefix(domain, cohort);
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let mut versions = Vec::new();
        for entry in list(self.lister.as_ref(), self.unwrapper.bucket(), &prefix).await.map_err(failed)? {
            let epoch = entry.key.as_str().strip_prefix(&prefix).and_then(|name| name.strip_suffix(".json"));
            let Some(Ok(epoch)) = epoch.map(str::parse) else { continue };
            let version_id = VersionId::new(entry.version_id).map_err(|_null| KeyringError::Unversioned)?;
            let at = ObjectVersion { bucket: self.unwrapper.bucket().clone(), key: entry.key, version_id };
            versions.push((epoch, (!entry.is_delete_marker).then_some(at)));
        }
        Ok(versions)
    }
}
