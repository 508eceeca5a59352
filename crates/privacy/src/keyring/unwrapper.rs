use std::fmt;
use std::sync::Arc;

use sluice_common::port::{DataKeys, KeyError, ObjectReader, StoreError};
use sluice_common::{BucketName, ObjectVersion};

use super::admin::{EpochShredReference, ShredNote};
use super::cache::KeyCache;
use super::domain::{Domain, Epoch};
use super::domain_key::DomainKey;
use super::error::KeyringError;
use super::vault::{self, Entry};
use super::wrapped::{WrappedKey, encryption_context};

/// Opens the keys that exist. It cannot make one: that is all that `reidentify` may.
pub struct KeyUnwrapper {
    bucket: BucketName,
    reader: Arc<dyn ObjectReader>,
    keys: Arc<dyn DataKeys>,
    cache: Arc<KeyCache>,
}

impl KeyUnwrapper {
    /// Keys in a vault bucket.
    pub fn new(bucket: BucketName, reader: Arc<dyn ObjectReader>, keys: Arc<dyn DataKeys>) -> Self {
        Self { bucket, reader, keys, cache: Arc::default() }
    }

    /// The key of a domain and epoch, from memory after the first time.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] and [`KeyringError::Shredded`] when there is none, [`KeyringError::Altered`] when the
    /// record or the wrapped key was changed, else what the store or KMS said.
    pub async fn open(&self, domain: &Domain, epoch: Epoch) -> Result<Arc<DomainKey>, KeyringError> {
        let path = vault::path(&self.bucket, domain, Entry::Key(epoch))?;
        // Also a process that has used a key must not use it any more once it was shredded.
        match self.reader.current(&path).await {
            Ok(version) => self.open_version(domain, epoch, &version).await,
            Err(StoreError::NotFound { .. }) => {
                self.cache.forget(domain, epoch);
                Err(self.absent(domain, epoch).await)
            }
            Err(source) => Err(KeyringError::Vault { domain: domain.clone(), source }),
        }
    }

    /// Opens the key that one version of its record holds.
    pub(super) async fn open_version(
        &self,
        domain: &Domain,
        epoch: Epoch,
        at: &ObjectVersion,
    ) -> Result<Arc<DomainKey>, KeyringError> {
        if let Some(key) = self.cache.get(domain, epoch) {
            return Ok(key);
        }
        let altered = |problem| KeyringError::Altered { domain: domain.clone(), epoch, problem };
        let json = vault::read(self.reader.as_ref(), at)
            .await
            .map_err(|source| KeyringError::Vault { domain: domain.clone(), source })?
            .ok_or_else(|| altered("it is larger than a wrapped key can be"))?;
        let record = WrappedKey::from_json(&json, domain, epoch).map_err(altered)?;
        let secret = self.keys.unwrap_key(&record.wrapped, &encryption_context(domain, epoch)).await;
        match secret {
            Ok(secret) => Ok(self.remember(DomainKey::new(domain.clone(), epoch, secret))),
            Err(KeyError::InvalidCiphertext { .. }) => {
                Err(altered("KMS does not open it under its encryption context"))
            }
            Err(source) => Err(KeyringError::Kms { domain: domain.clone(), epoch, source }),
        }
    }

    pub(super) fn remember(&self, key: DomainKey) -> Arc<DomainKey> {
        self.cache.put(key)
    }

    pub(super) fn forget(&self, domain: &Domain, epoch: Epoch) {
        self.cache.forget(domain, epoch);
    }

    pub(super) fn reader(&self) -> &dyn ObjectReader {
        self.reader.as_ref()
    }

    pub(super) fn shared_reader(&self) -> Arc<dyn ObjectReader> {
        Arc::clone(&self.reader)
    }

    pub(super) fn shared_cache(&self) -> Arc<KeyCache> {
        Arc::clone(&self.cache)
    }

    pub(super) fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    pub(super) fn data_keys(&self) -> &dyn DataKeys {
        self.keys.as_ref()
    }

    /// Why there is no record: never made, or destroyed on purpose.
    async fn absent(&self, domain: &Domain, epoch: Epoch) -> KeyringError {
        self.shredded(domain, epoch).await
    }

    /// That a key was destroyed, when, and by which statement; or what else keeps it from being opened.
    pub(super) async fn shredded(&self, domain: &Domain, epoch: Epoch) -> KeyringError {
        match self.shred_note(domain, epoch).await {
            Ok(Some((_, shredded))) => KeyringError::Shredded { domain: domain.clone(), epoch, shredded },
            Ok(None) => KeyringError::Unknown { domain: domain.clone(), epoch },
            Err(error) => error,
        }
    }

    /// The note that a key was destroyed, and what it refers to. The note counts whatever it says: one that cannot be read, or is
    /// another key's, tells when and nothing more.
    pub(super) async fn shred_note(
        &self,
        domain: &Domain,
        epoch: Epoch,
    ) -> Result<Option<(Option<ShredNote>, EpochShredReference)>, KeyringError> {
        let failed = |source| KeyringError::Vault { domain: domain.clone(), source };
        let path = vault::path(&self.bucket, domain, Entry::Shredded(epoch))?;
        let at = match self.reader.current(&path).await {
            Ok(at) => at,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        let on = self.reader.head(&at).await.map_err(failed)?.last_modified;
        let json = vault::read(self.reader.as_ref(), &at).await.map_err(failed)?;
        let note = json.and_then(|json| serde_json::from_slice::<ShredNote>(&json).ok());
        let note = note.filter(|note| note.domain == *domain && note.epoch == epoch);
        let statement = note.as_ref().and_then(|note| note.statement);
        Ok(Some((note, EpochShredReference { on, statement })))
    }
}

impl fmt::Debug for KeyUnwrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyUnwrapper").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}
