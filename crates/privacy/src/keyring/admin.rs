//! What is done to keys by hand: listing them, beginning a new epoch, destroying one.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::port::{ListCursor, StoreError, UserMetadata, VersionEntry, VersionEraser};
use sluice_common::{ObjectVersion, Sha256Digest, VersionId};

use super::domain::{Domain, Epoch};
use super::domain_key::DomainKey;
use super::error::KeyringError;
use super::ring::{ATTEMPTS, EpochState, Keyring, MAX_ENTRIES};
use super::vault::{self, Entry};

/// The most domains of one vault.
pub const MAX_DOMAINS: usize = 10_000;

/// What the vault says of an epoch of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpochRecord {
    /// The domain.
    pub domain: Domain,
    /// The epoch.
    pub epoch: Epoch,
    /// Whether its key can be used.
    pub status: EpochStatus,
    /// Whether new pseudonyms are made with it.
    pub is_current: bool,
}

/// Whether a key can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EpochStatus {
    /// The vault holds it.
    Kept,
    /// It was destroyed on purpose.
    Shredded,
    /// Someone deleted it or wrote over it: an alarm.
    Overwritten,
}

/// Why a key was destroyed: what the vault keeps in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShredNote {
    /// The domain.
    pub domain: Domain,
    /// The epoch.
    pub epoch: Epoch,
    /// SHA-256 of the wrapped key's record: what the statement is about.
    pub wrapped_sha256: Sha256Digest,
    /// Who asked for it.
    pub requester: String,
    /// Who approved; someone else.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// SHA-256 of the payload of the signed statement; notes of earlier releases do not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Sha256Digest>,
}

/// When the key of an epoch was destroyed, and which statement says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochShredReference {
    /// When S3 wrote the note.
    pub on: Timestamp,
    /// SHA-256 of the payload of the signed statement, where the note names it.
    pub statement: Option<Sha256Digest>,
}

/// `on <time> by statement <digest>`.
impl fmt::Display for EpochShredReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statement {
            Some(statement) => write!(f, "on {} by statement {statement}", self.on),
            None => write!(f, "on {} (its note names no statement)", self.on),
        }
    }
}

/// A key that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shredded {
    /// The note in its place.
    pub note: ShredNote,
    /// Versions of the record that were removed now; none when an earlier attempt had removed them all.
    pub erased: usize,
}

impl Keyring {
    /// The domains of the vault, in the order of their names.
    ///
    /// # Errors
    /// When the vault cannot be listed, or holds more than [`MAX_DOMAINS`].
    pub async fn domains(&self) -> Result<Vec<Domain>, KeyringError> {
        let mut domains = BTreeSet::new();
        for entry in self.list(vault::DOMAINS).await.map_err(|source| KeyringError::Listing { source })? {
            let name = entry.key.as_str().strip_prefix(vault::DOMAINS).and_then(|rest| rest.split_once('/'));
            if let Some(Ok(domain)) = name.map(|(name, _)| Domain::new(name)) {
                domains.insert(domain);
            }
        }
        Ok(domains.into_iter().collect())
    }

    /// What the vault says of each epoch of a domain. No key is opened.
    ///
    /// # Errors
    /// When the vault cannot be listed.
    pub async fn records(&self, domain: &Domain) -> Result<Vec<EpochRecord>, KeyringError> {
        let epochs = self.epochs(domain).await?;
        let newest = epochs.last_key_value().map(|(epoch, _)| *epoch);
        let record = |(epoch, state): (Epoch, EpochState)| {
            let status = match state {
                EpochState::Kept(_) => EpochStatus::Kept,
                EpochState::Shredded => EpochStatus::Shredded,
                EpochState::Overwritten => EpochStatus::Overwritten,
            };
            let is_current = newest == Some(epoch) && status == EpochStatus::Kept;
            EpochRecord { domain: domain.clone(), epoch, status, is_current }
        };
        Ok(epochs.into_iter().map(record).collect())
    }

    /// Begins a new epoch: from now on new pseudonyms are made with its key, everywhere at once. Old ones still open, and
    /// do not join with new ones, until they are brought over.
    ///
    /// # Errors
    /// As [`Self::current`]; a newest epoch that was shredded does not hinder.
    pub async fn rotate(&self, domain: &Domain) -> Result<Arc<DomainKey>, KeyringError> {
        for _attempt in 0..ATTEMPTS {
            let epochs = self.epochs(domain).await?;
            if let Some((epoch, _)) = epochs.iter().find(|(_, state)| **state == EpochState::Overwritten) {
                return Err(KeyringError::Overwritten { domain: domain.clone(), epoch: *epoch });
            }
            let next = match epochs.last_key_value() {
                None => Epoch::FIRST,
                Some((newest, _)) => newest.next().ok_or_else(|| KeyringError::Contended { domain: domain.clone() })?,
            };
            if let Some(key) = self.create(domain, next).await? {
                return Ok(key);
            }
        }
        Err(KeyringError::Contended { domain: domain.clone() })
    }

    /// SHA-256 of the wrapped key's record, which the statement of its destruction is about.
    ///
    /// # Errors
    /// [`KeyringError::Shredded`] and [`KeyringError::Unknown`] when there is none.
    pub async fn wrapped_digest(&self, domain: &Domain, epoch: Epoch) -> Result<Sha256Digest, KeyringError> {
        match self.epochs(domain).await?.get(&epoch) {
            Some(EpochState::Kept(at)) => {
                let record = vault::read(self.unwrapper.reader(), at).await;
                let record = record.map_err(|source| KeyringError::Vault { domain: domain.clone(), source })?;
                let problem = "it is larger than a wrapped key can be";
                let record = record.ok_or(KeyringError::Altered { domain: domain.clone(), epoch, problem })?;
                Ok(Sha256Digest::of(&record))
            }
            Some(EpochState::Shredded) => Err(self.unwrapper.shredded(domain, epoch).await),
            Some(EpochState::Overwritten) => Err(KeyringError::Overwritten { domain: domain.clone(), epoch }),
            None => Err(KeyringError::Unknown { domain: domain.clone(), epoch }),
        }
    }

    /// The note that the key of an epoch was destroyed, as it was written; none where there is no such note, or none that can be
    /// read. A destruction that was cut off is finished with it.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn shred_note(&self, domain: &Domain, epoch: Epoch) -> Result<Option<ShredNote>, KeyringError> {
        Ok(self.unwrapper.shred_note(domain, epoch).await?.and_then(|(note, _)| note))
    }

    /// Destroys the key of an epoch: every version of its record. What it encrypted is noise from then on, and its
    /// pseudonyms say so. The note is written first, so that a half-done destruction is seen for what it is and can be
    /// done again; the statement must be kept before this is called.
    ///
    /// KMS has no part in it: the wrapped key is the only copy there is. Backups of the vault would be others.
    ///
    /// # Errors
    /// When the epoch is unknown, was shredded for another reason before, or the vault cannot be written.
    pub async fn shred(&self, note: ShredNote, eraser: &dyn VersionEraser) -> Result<Shredded, KeyringError> {
        let (domain, epoch) = (note.domain.clone(), note.epoch);
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        match self.epochs(&domain).await?.get(&epoch) {
            Some(_) => {}
            None => return Err(KeyringError::Unknown { domain, epoch }),
        }
        let path = vault::path(self.unwrapper.bucket(), &domain, Entry::Shredded(epoch))?;
        let json = serde_json::to_vec(&note).map_err(|_never| KeyringError::Altered {
            domain: domain.clone(),
            epoch,
            problem: "its note cannot be written as JSON",
        })?;
        match self.writer.put_new(&path, Bytes::from(json.clone()), &UserMetadata::new()).await {
            Ok(_version) => {}
            // An earlier attempt, or somebody else's.
            Err(StoreError::Exists { .. }) => {
                let at = self.unwrapper.reader().current(&path).await.map_err(failed)?;
                let kept = vault::read(self.unwrapper.reader(), &at).await.map_err(failed)?;
                if kept.as_ref() != Some(&json) {
                    return Err(self.unwrapper.shredded(&domain, epoch).await);
                }
            }
            Err(error) => return Err(failed(error)),
        }
        let record = vault::path(self.unwrapper.bucket(), &domain, Entry::Key(epoch))?;
        let mut erased = 0;
        for entry in self.list(record.key.as_str()).await.map_err(failed)? {
            if entry.key == record.key {
                let version_id = VersionId::new(entry.version_id).map_err(|_null| KeyringError::Unversioned)?;
                let at = ObjectVersion { bucket: record.bucket.clone(), key: entry.key, version_id };
                eraser.erase(&at).await.map_err(failed)?;
                erased += 1;
            }
        }
        self.unwrapper.forget(&domain, epoch);
        Ok(Shredded { note, erased })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<VersionEntry>, StoreError> {
        let mut entries = Vec::new();
        let mut cursor: Option<ListCursor> = None;
        loop {
            let page = self.lister.list_versions(self.unwrapper.bucket(), prefix, cursor.as_ref()).await?;
            entries.extend(page.entries);
            match page.next {
                Some(next) if cursor.as_ref() != Some(&next) && entries.len() < MAX_ENTRIES * 4 => cursor = Some(next),
                _ => return Ok(entries),
            }
        }
    }
}
