use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sluice_common::port::{
    DataKeys, ListCursor, ObjectReader, ObjectWriter, StoreError, UserMetadata, VersionEntry, VersionLister,
};
use sluice_common::{BucketName, ObjectVersion, VersionId};

use super::domain::{Domain, Epoch};
use super::domain_key::DomainKey;
use super::error::KeyringError;
use super::unwrapper::KeyUnwrapper;
use super::vault::{self, Entry};
use super::wrapped::{WrappedKey, encryption_context};

/// Objects below a domain's prefix that are looked at.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// How often a lost race is run again.
pub(super) const ATTEMPTS: usize = 4;

/// Opens domain keys, and makes the first one of a new domain.
pub struct Keyring {
    pub(super) unwrapper: KeyUnwrapper,
    pub(super) writer: Arc<dyn ObjectWriter>,
    pub(super) lister: Arc<dyn VersionLister>,
}

/// What the vault holds for a domain: each epoch with the versions of its record.
pub(super) type Epochs = BTreeMap<Epoch, EpochState>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EpochState {
    Kept(ObjectVersion),
    Shredded,
    Overwritten,
}

impl Keyring {
    /// Keys in a vault bucket.
    pub fn new(
        bucket: BucketName,
        reader: Arc<dyn ObjectReader>,
        writer: Arc<dyn ObjectWriter>,
        lister: Arc<dyn VersionLister>,
        keys: Arc<dyn DataKeys>,
    ) -> Self {
        Self { unwrapper: KeyUnwrapper::new(bucket, reader, keys), writer, lister }
    }

    /// The key of a domain's newest epoch. A domain without any gets its first one.
    ///
    /// The vault is listed each time, so that a new epoch holds at once in every process; the unwrapped key comes from
    /// memory.
    ///
    /// # Errors
    /// [`KeyringError::Overwritten`] when any epoch of the domain was deleted or overwritten: a new key in its place would
    /// silently change every pseudonym. [`KeyringError::Shredded`] when the newest epoch was destroyed: rotate first.
    /// Else as [`KeyUnwrapper::open`].
    pub async fn current(&self, domain: &Domain) -> Result<Arc<DomainKey>, KeyringError> {
        for _attempt in 0..ATTEMPTS {
            let epochs = self.epochs(domain).await?;
            if let Some((epoch, _)) = epochs.iter().find(|(_, state)| **state == EpochState::Overwritten) {
                return Err(KeyringError::Overwritten { domain: domain.clone(), epoch: *epoch });
            }
            match epochs.last_key_value() {
                Some((epoch, EpochState::Kept(at))) => return self.unwrapper.open_version(domain, *epoch, at).await,
                Some((epoch, _)) => return Err(self.unwrapper.shredded(domain, *epoch).await),
                None => {
                    if let Some(key) = self.create(domain, Epoch::FIRST).await? {
                        return Ok(key);
                    }
                }
            }
        }
        Err(KeyringError::Contended { domain: domain.clone() })
    }

    /// The key of an epoch.
    ///
    /// # Errors
    /// As [`KeyUnwrapper::open`].
    pub async fn open(&self, domain: &Domain, epoch: Epoch) -> Result<Arc<DomainKey>, KeyringError> {
        self.unwrapper.open(domain, epoch).await
    }

    /// Makes the key of an epoch; `None` when someone else was faster.
    pub(super) async fn create(&self, domain: &Domain, epoch: Epoch) -> Result<Option<Arc<DomainKey>>, KeyringError> {
        let made = self.unwrapper.data_keys().generate(&encryption_context(domain, epoch)).await;
        let made = made.map_err(|source| KeyringError::Kms { domain: domain.clone(), epoch, source })?;
        let record = WrappedKey { domain: domain.clone(), epoch, wrapped: made.wrapped };
        let path = vault::path(self.unwrapper.bucket(), domain, Entry::Key(epoch))?;
        match self.writer.put_new(&path, Bytes::from(record.to_json()), &UserMetadata::new()).await {
            Ok(_version) => Ok(Some(self.unwrapper.remember(DomainKey::new(domain.clone(), epoch, made.plaintext)))),
            Err(StoreError::Exists { .. } | StoreError::Conflict { .. }) => Ok(None),
            Err(source) => Err(KeyringError::Vault { domain: domain.clone(), source }),
        }
    }

    pub(super) async fn epochs(&self, domain: &Domain) -> Result<Epochs, KeyringError> {
        let prefix = vault::prefix(domain);
        let mut epochs = Epochs::new();
        let mut cursor: Option<ListCursor> = None;
        let mut seen = 0usize;
        loop {
            let page = self.lister.list_versions(self.unwrapper.bucket(), &prefix, cursor.as_ref()).await;
            let page = page.map_err(|source| KeyringError::Vault { domain: domain.clone(), source })?;
            seen = seen.saturating_add(page.entries.len());
            if seen > MAX_ENTRIES {
                return Err(KeyringError::TooMany { domain: domain.clone(), limit: MAX_ENTRIES });
            }
            for entry in page.entries {
                self.note(&mut epochs, &prefix, entry)?;
            }
            match page.next {
                // An empty page that goes on would go on for ever.
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                _ => return Ok(epochs),
            }
        }
    }

    fn note(&self, epochs: &mut Epochs, prefix: &str, entry: VersionEntry) -> Result<(), KeyringError> {
        let Some(found) = entry.key.as_str().strip_prefix(prefix).and_then(Entry::parse) else {
            return Ok(());
        };
        let version_id = VersionId::new(entry.version_id).map_err(|_null| KeyringError::Unversioned)?;
        let state = match found {
            Entry::Shredded(_) => EpochState::Shredded,
            Entry::Key(_) if entry.is_delete_marker => EpochState::Overwritten,
            Entry::Key(_) => {
                EpochState::Kept(ObjectVersion { bucket: self.unwrapper.bucket().clone(), key: entry.key, version_id })
            }
        };
        epochs.entry(found.epoch()).and_modify(|known| *known = EpochState::both(known, &state)).or_insert(state);
        Ok(())
    }
}

impl EpochState {
    /// Two rows of the listing for one epoch. A note of shredding explains whatever became of the key's versions;
    /// otherwise there must be one version.
    fn both(&self, other: &Self) -> Self {
        if *self == Self::Shredded || *other == Self::Shredded { Self::Shredded } else { Self::Overwritten }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("unwrapper", &self.unwrapper).finish_non_exhaustive()
    }
}
