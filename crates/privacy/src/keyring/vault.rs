//! Where wrapped keys are in the vault bucket, and reading them with a cap.

use futures::StreamExt as _;
use sluice_common::port::{ObjectReader, StoreError};
use sluice_common::{BucketName, ObjectKey, ObjectPath, ObjectVersion};

use super::domain::{Domain, Epoch};
use super::error::KeyringError;
use super::wrapped::MAX_RECORD_BYTES;

/// An object of a domain in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// A wrapped key.
    Key(Epoch),
    /// The note that a key was destroyed.
    Shredded(Epoch),
}

impl Entry {
    /// Reads the name of an object below a domain's prefix.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".json")?;
        match stem.strip_suffix(".shredded") {
            Some(epoch) => epoch.parse().ok().map(Self::Shredded),
            None => stem.parse().ok().map(Self::Key),
        }
    }

    pub(super) fn epoch(self) -> Epoch {
        match self {
            Self::Key(epoch) | Self::Shredded(epoch) => epoch,
        }
    }
}

/// What all keys of the vault begin with.
pub(super) const DOMAINS: &str = "domains/";

/// `domains/<domain>/`.
pub(super) fn prefix(domain: &Domain) -> String {
    format!("{DOMAINS}{domain}/")
}

pub(super) fn path(bucket: &BucketName, domain: &Domain, entry: Entry) -> Result<ObjectPath, KeyringError> {
    let prefix = prefix(domain);
    let key = match entry {
        Entry::Key(epoch) => format!("{prefix}{epoch}.json"),
        Entry::Shredded(epoch) => format!("{prefix}{epoch}.shredded.json"),
    };
    match ObjectKey::new(key) {
        Ok(key) => Ok(ObjectPath { bucket: bucket.clone(), key }),
        // A domain's name and an epoch are far shorter than the longest key.
        Err(_too_long) => Err(KeyringError::Unknown { domain: domain.clone(), epoch: entry.epoch() }),
    }
}

/// Reads a small object; `None` when it is larger than a wrapped key can be.
pub(super) async fn read(store: &dyn ObjectReader, at: &ObjectVersion) -> Result<Option<Vec<u8>>, StoreError> {
    read_capped(store, at, MAX_RECORD_BYTES).await
}

/// Reads a small object; `None` when it is larger than a limit.
pub(crate) async fn read_capped(
    store: &dyn ObjectReader,
    at: &ObjectVersion,
    limit: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut body = store.get(at).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.stream.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() as u64 > limit {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let epoch = |number| Epoch::new(number).unwrap();
        assert_eq!(Entry::parse("1.json"), Some(Entry::Key(epoch(1))));
        assert_eq!(Entry::parse("12.shredded.json"), Some(Entry::Shredded(epoch(12))));
        for other in ["", ".json", "01.json", "1", "1.json.json", "1.jso", "a/1.json", "0.json", "1.Shredded.json"] {
            assert_eq!(Entry::parse(other), None, "{other}");
        }
    }
}
