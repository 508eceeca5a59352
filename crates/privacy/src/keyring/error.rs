use sluice_common::port::{KeyError, StoreError};
use sluice_common::{Dispose, Disposition};

use super::domain::{Domain, Epoch};

/// What can go wrong with domain keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The vault bucket could not be read or written.
    #[error("the vault of domain {domain}: {source}")]
    Vault {
        /// The domain.
        domain: Domain,
        /// What the store said.
        #[source]
        source: StoreError,
    },
    /// The vault bucket could not be listed.
    #[error("the vault: {source}")]
    Listing {
        /// What the store said.
        #[source]
        source: StoreError,
    },
    /// KMS did not make or open the key.
    #[error("the key of domain {domain}, epoch {epoch}: {source}")]
    Kms {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
        /// What KMS said.
        #[source]
        source: KeyError,
    },
    /// The stored record is not the one that was written.
    #[error("the wrapped key of domain {domain}, epoch {epoch} was altered: {problem}; restore its first version")]
    Altered {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
        /// What differs.
        problem: &'static str,
    },
    /// Versions or delete markers over a key that is written once: using another key now would silently change every
    /// pseudonym of the domain.
    #[error(
        "the wrapped key of domain {domain}, epoch {epoch} was deleted or overwritten; remove everything but its first \
         version"
    )]
    Overwritten {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
    },
    /// The vault bucket keeps no versions.
    #[error("the vault bucket keeps no versions: turn on versioning before it holds keys")]
    Unversioned,
    /// There is no such key.
    #[error("domain {domain} has no key of epoch {epoch}")]
    Unknown {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
    },
    /// The key was destroyed on purpose.
    #[error("the key of domain {domain}, epoch {epoch} was shredded: what it encrypted cannot be opened any more")]
    Shredded {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
    },
    /// Others write the same key again and again.
    #[error("the key of domain {domain} is being written by others; retry")]
    Contended {
        /// The domain.
        domain: Domain,
    },
    /// The vault holds more keys for a domain than can be true.
    #[error("the vault holds more than {limit} objects for domain {domain}; something else writes there")]
    TooMany {
        /// The domain.
        domain: Domain,
        /// The limit.
        limit: usize,
    },
}

impl Dispose for KeyringError {
    fn disposition(&self) -> Disposition {
        match self {
            Self::Vault { source, .. } | Self::Listing { source } => source.disposition(),
            Self::Kms { source, .. } => source.disposition(),
            Self::Altered { .. } | Self::Overwritten { .. } | Self::Unknown { .. } | Self::TooMany { .. } => {
                Disposition::Alarm
            }
            Self::Shredded { .. } => Disposition::Quarantine,
            Self::Unversioned | Self::Contended { .. } => Disposition::Retry,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Vault { source, .. } | Self::Listing { source } => source.reason(),
            Self::Kms { source, .. } => source.reason(),
            Self::Altered { .. } => "wrapped_key_altered",
            Self::Overwritten { .. } => "wrapped_key_overwritten",
            Self::Unversioned => "vault_unversioned",
            Self::Unknown { .. } => "domain_key_unknown",
            Self::Shredded { .. } => "domain_key_shredded",
            Self::Contended { .. } => "domain_key_contended",
            Self::TooMany { .. } => "vault_crowded",
        }
    }
}
