use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use sluice_common::policy::CohortSize;
use sluice_common::port::{
    KeyError, ObjectReader, ObjectWriter, StoreError, UserMetadata, VersionEntry, VersionLister,
};
use sluice_common::{BucketName, ObjectPath, ObjectVersion, VersionId};
use zeroize::Zeroizing;

use super::cache::KeyCache;
use super::cohort::{Assignment, Cohort};
use super::cohort_vault::{
    CohortEntry, CohortNote, CohortRecord, PlanRecord, ShredReference, notes_prefix, plan_context,
};
use super::domain::Domain;
use super::domain_key::DomainKey;
use super::error::KeyringError;
use super::ring::{ATTEMPTS, Keyring};
use super::unwrapper::KeyUnwrapper;
use super::vault;

/// Cohorts that are asked for at once: each takes three requests to S3.
const AT_ONCE: usize = 64;

/// The most cohorts of a domain that can have been destroyed.
const MAX_SHREDDED: usize = 100_000;

/// The keys of the cohorts of a domain and epoch, as they are when a run begins.
pub struct Cohorts {
    key: Arc<DomainKey>,
    assignment: Assignment,
    shredded: BTreeSet<Cohort>,
    bucket: BucketName,
    reader: Arc<dyn ObjectReader>,
    writer: Arc<dyn ObjectWriter>,
    lister: Arc<dyn VersionLister>,
    cache: Arc<KeyCache>,
}

impl fmt::Debug for Cohorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, assignment, shredded, .. } = self;
        write!(f, "Cohorts({key:?}, {} of them, {} shredded)", assignment.size(), shredded.len())
    }
}

impl Keyring {
    /// The cohorts of a domain, under its key of an epoch. A domain without a plan gets one of this size.
    ///
    /// # Errors
    /// [`KeyringError::OtherCohorts`] when the domain was planned with another size, which holds for ever: a subject would
    /// otherwise be in two cohorts, and be forgotten in one. Else what the vault or KMS said.
    pub async fn cohorts(&self, key: Arc<DomainKey>, size: CohortSize) -> Result<Cohorts, KeyringError> {
        let domain = key.domain().clone();
        let assignment = self.plan(&domain, size).await?;
        if assignment.size() != size {
            return Err(KeyringError::OtherCohorts { domain, kept: assignment.size(), asked: size });
        }
        Ok(Cohorts {
            shredded: self.shredded_cohorts(&domain).await?,
            key,
            assignment,
            bucket: self.unwrapper.bucket().clone(),
            reader: self.unwrapper.shared_reader(),
            writer: Arc::clone(&self.writer),
            lister: Arc::clone(&self.lister),
            cache: self.unwrapper.shared_cache(),
        })
    }

    /// How a domain's subjects are assigned to cohorts; `None` when it has no plan.
    ///
    /// # Errors
    /// What the vault or KMS said; [`KeyringError::Altered`] when the plan is not the one that was written.
    pub async fn assignment(&self, domain: &Domain) -> Result<Option<Assignment>, KeyringError> {
        let path = path(self.unwrapper.bucket(), domain, CohortEntry::Plan)?;
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let listed = list(self.lister.as_ref(), self.unwrapper.bucket(), path.key.as_str()).await.map_err(failed)?;
        let Some(at) = only_version(&path, listed, domain)? else { return Ok(None) };
        let altered = |problem| KeyringError::CohortAltered { domain: domain.clone(), problem };
        let json = vault::read(self.unwrapper.reader(), &at).await.map_err(failed)?;
        let json = json.ok_or_else(|| altered("the plan is larger than one can be"))?;
        let (size, wrapped) = PlanRecord::read(&json, domain).map_err(altered)?;
        match self.unwrapper.data_keys().unwrap_key(&wrapped, &plan_context(domain, size)).await {
            Ok(secret) => Ok(Some(Assignment::new(size, &secret))),
            Err(KeyError::InvalidCiphertext { .. }) => {
                Err(altered("KMS does not open the plan's key under its context"))
            }
            Err(source) => Err(KeyringError::PlanKms { domain: domain.clone(), source }),
        }
    }

    async fn plan(&self, domain: &Domain, size: CohortSize) -> Result<Assignment, KeyringError> {
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        for _attempt in 0..ATTEMPTS {
            if let Some(kept) = self.assignment(domain).await? {
                return Ok(kept);
            }
            let made = self.unwrapper.data_keys().generate(&plan_context(domain, size)).await;
            let made = made.map_err(|source| KeyringError::PlanKms { domain: domain.clone(), source })?;
            let path = path(self.unwrapper.bucket(), domain, CohortEntry::Plan)?;
            let json = PlanRecord::json(domain, size, &made.wrapped);
            match self.writer.put_new(&path, Bytes::from(json), &UserMetadata::new()).await {
                Ok(_version) => return Ok(Assignment::new(size, &made.plaintext)),
                // Somebody was faster: theirs holds.
                Err(StoreError::Exists { .. } | StoreError::Conflict { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(KeyringError::Contended { domain: domain.clone() })
    }

    /// The cohorts of a domain whose keys were destroyed.
    ///
    /// # Errors
    /// When the vault cannot be listed.
    pub async fn shredded_cohorts(&self, domain: &Domain) -> Result<BTreeSet<Cohort>, KeyringError> {
        let prefix = notes_prefix(domain);
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let entries = list(self.lister.as_ref(), self.unwrapper.bucket(), &prefix).await.map_err(failed)?;
        // A note that somebody deleted, and that only its marker tells of, holds all the same.
        let number =
            |entry: &VersionEntry| entry.key.as_str().strip_prefix(&prefix)?.strip_suffix(".json")?.parse().ok();
        let shredded: BTreeSet<Cohort> = entries.iter().filter_map(number).collect();
        if shredded.len() >= MAX_SHREDDED {
            return Err(KeyringError::TooMany { domain: domain.clone(), limit: MAX_SHREDDED });
        }
        for cohort in &shredded {
            self.unwrapper.shared_cache().forget_cohort(domain, *cohort);
        }
        Ok(shredded)
    }
}

impl Cohorts {
    /// Which subject is in which.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// How many were destroyed when the run began. It only ever grows, so it names the state that the run's output follows from.
    pub fn shredded(&self) -> u32 {
        u32::try_from(self.shredded.len()).unwrap_or(u32::MAX)
    }

    /// The keys of cohorts, in their order; `None` for one that was destroyed. A cohort without a key gets one.
    ///
    /// # Errors
    /// What the vault said; [`KeyringError::Contended`] when a cohort was destroyed since the run began, which must begin again.
    pub async fn open(&self, cohorts: &[Cohort]) -> Result<Vec<Option<Arc<DomainKey>>>, KeyringError> {
        let asked = cohorts.iter().copied().map(|cohort| self.open_one(cohort));
        futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await
    }

    async fn open_one(&self, cohort: Cohort) -> Result<Option<Arc<DomainKey>>, KeyringError> {
        if self.shredded.contains(&cohort) {
            return Ok(None);
        }
        let domain = self.key.domain();
        if let Some(key) = self.cache.of_cohort(domain, self.key.epoch(), cohort) {
            return Ok(Some(key));
        }
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let key = self.find_or_make(cohort).await?;
        // A note that came while we looked: the key must not be used, and one that was made just now not stay.
        let note = path(&self.bucket, domain, CohortEntry::Shredded(cohort))?;
        match self.reader.current(&note).await {
            Err(StoreError::NotFound { .. }) => Ok(Some(self.cache.put(key))),
            Ok(_note) => Err(KeyringError::Contended { domain: domain.clone() }),
            Err(error) => Err(failed(error)),
        }
    }

    async fn find_or_make(&self, cohort: Cohort) -> Result<DomainKey, KeyringError> {
        let domain = self.key.domain();
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let altered = |problem| KeyringError::CohortAltered { domain: domain.clone(), problem };
        let path = path(&self.bucket, domain, CohortEntry::Key(cohort, self.key.epoch()))?;
        for _attempt in 0..ATTEMPTS {
            let listed = list(self.lister.as_ref(), &self.bucket, path.key.as_str()).await.map_err(failed)?;
            if let Some(at) = only_version(&path, listed, domain)? {
                let json = vault::read(self.reader.as_ref(), &at).await.map_err(failed)?;
                let json = json.ok_or_else(|| altered("a cohort's wrapped key is larger than one can be"))?;
                return CohortRecord::open(&json, &self.key, cohort).map_err(altered);
            }
            let mut secret = Zeroizing::new([0; 32]);
            getrandom::fill(secret.as_mut_slice()).map_err(|_no_randomness| KeyringError::NoRandomness)?;
            let json = CohortRecord::json(&self.key, cohort, &secret).map_err(altered)?;
            match self.writer.put_new(&path, Bytes::from(json), &UserMetadata::new()).await {
                Ok(_version) => {
                    return Ok(DomainKey::of_cohort(domain.clone(), self.key.epoch(), cohort, secret));
                }
                Err(StoreError::Exists { .. } | StoreError::Conflict { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(KeyringError::Contended { domain: domain.clone() })
    }
}

impl KeyUnwrapper {
    /// The key of a cohort under the domain's key.
    ///
    /// # Errors
    /// [`KeyringError::CohortShredded`] when it was destroyed, [`KeyringError::CohortUnknown`] when there never was one.
    pub async fn open_cohort(&self, key: &DomainKey, cohort: Cohort) -> Result<Arc<DomainKey>, KeyringError> {
        let domain = key.domain();
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let altered = |problem| KeyringError::CohortAltered { domain: domain.clone(), problem };
        // The note counts, whatever else there is.
        if let Some((_, shredded)) = note(self.reader(), self.bucket(), domain, cohort).await? {
            return Err(KeyringError::CohortShredded { domain: domain.clone(), cohort, shredded });
        }
        let path = path(self.bucket(), domain, CohortEntry::Key(cohort, key.epoch()))?;
        let at = match self.reader().current(&path).await {
            Ok(at) => at,
            Err(StoreError::NotFound { .. }) => {
                return Err(KeyringError::CohortUnknown { domain: domain.clone(), cohort });
            }
            Err(error) => return Err(failed(error)),
        };
        let json = vault::read(self.reader(), &at).await.map_err(failed)?;
        let json = json.ok_or_else(|| altered("a cohort's wrapped key is larger than one can be"))?;
        CohortRecord::open(&json, key, cohort).map(Arc::new).map_err(altered)
    }
}

/// The note that a cohort was destroyed, and when it was written.
pub(super) async fn note(
    reader: &dyn ObjectReader,
    bucket: &BucketName,
    domain: &Domain,
    cohort: Cohort,
) -> Result<Option<(CohortNote, ShredReference)>, KeyringError> {
    let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
    let altered = |problem| KeyringError::CohortAltered { domain: domain.clone(), problem };
    let path = path(bucket, domain, CohortEntry::Shredded(cohort))?;
    let at = match reader.current(&path).await {
        Ok(at) => at,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let on = reader.head(&at).await.map_err(failed)?.last_modified;
    let json = vault::read(reader, &at).await.map_err(failed)?;
    let json = json.ok_or_else(|| altered("the note of a cohort's destruction is larger than one can be"))?;
    let note: CohortNote = serde_json::from_slice(&json)
        .map_err(|_json| altered("the note of a cohort's destruction is not one in JSON"))?;
    if (&note.domain, note.cohort) != (domain, cohort) {
        return Err(altered("the note of a cohort's destruction is another cohort's"));
    }
    let shredded = ShredReference { on, statement: note.statement };
    Ok(Some((note, shredded)))
}

pub(super) fn path(bucket: &BucketName, domain: &Domain, entry: CohortEntry) -> Result<ObjectPath, KeyringError> {
    let problem = "its key in the vault would be too long";
    entry.path(bucket, domain).ok_or(KeyringError::CohortAltered { domain: domain.clone(), problem })
}

/// The one version of a write-once object; `None` when it was never written.
fn only_version(
    path: &ObjectPath,
    listed: Vec<VersionEntry>,
    domain: &Domain,
) -> Result<Option<ObjectVersion>, KeyringError> {
    let mut of_it = listed.into_iter().filter(|entry| entry.key == path.key);
    match (of_it.next(), of_it.next()) {
        (None, _) => Ok(None),
        (Some(entry), None) if !entry.is_delete_marker => {
            let version_id = VersionId::new(entry.version_id).map_err(|_null| KeyringError::Unversioned)?;
            Ok(Some(path.version(version_id)))
        }
        _ => Err(KeyringError::CohortAltered {
            domain: domain.clone(),
            problem: "it was deleted or overwritten; remove everything but its first version",
        }),
    }
}

/// Every version below a prefix, at most [`MAX_SHREDDED`] and a page.
pub(super) async fn list(
    lister: &dyn VersionLister,
    bucket: &BucketName,
    prefix: &str,
) -> Result<Vec<VersionEntry>, StoreError> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = lister.list_versions(bucket, prefix, cursor.as_ref()).await?;
        entries.extend(page.entries);
        match page.next {
            Some(next) if cursor.as_ref() != Some(&next) && entries.len() < MAX_SHREDDED => cursor = Some(next),
            _ => return Ok(entries),
        }
    }
}
