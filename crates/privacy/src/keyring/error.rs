use sluice_common::policy::CohortSize;
use sluice_common::port::{KeyError, StoreError};
use sluice_common::{Dispose, Disposition};

use super::admin::EpochShredReference;
use super::cohort::Cohort;
use super::cohort_vault::ShredReference;
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
    #[error(
        "the key of domain {domain}, epoch {epoch} was shredded {shredded}: what it encrypted cannot be opened any more"
    )]
    Shredded {
        /// The domain.
        domain: Domain,
        /// The epoch.
        epoch: Epoch,
        /// When and by which statement.
        shredded: EpochShredReference,
    },
    /// The domain's subjects were divided otherwise when its first cohort was made.
    #[error(
        "domain {domain} has `cohorts: {kept}` for ever, and the policy says {asked}: a subject would be in two cohorts; write \
         `cohorts: {kept}`, or use another domain"
    )]
    OtherCohorts {
        /// The domain.
        domain: Domain,
        /// How it was.
        kept: CohortSize,
        /// What the policy says now.
        asked: CohortSize,
    },
    /// A stored object of the domain's cohorts is not the one that was written.
    #[error("domain {domain}, cohorts: {problem}; someone else wrote to the vault")]
    CohortAltered {
        /// The domain.
        domain: Domain,
        /// What differs.
        problem: &'static str,
    },
    /// KMS did not make or open the key that assigns subjects to cohorts.
    #[error("the cohorts of domain {domain}: {source}")]
    PlanKms {
        /// The domain.
        domain: Domain,
        /// What KMS said.
        #[source]
        source: KeyError,
    },
    /// There is no such key.
    #[error("domain {domain} has no key of cohort {cohort} in that epoch")]
    CohortUnknown {
        /// The domain.
        domain: Domain,
        /// The cohort.
        cohort: Cohort,
    },
    /// The key was destroyed on purpose.
    #[error(
        "cohort {cohort} of domain {domain} was shredded on {} by statement {}: what it encrypted cannot be opened any more",
        shredded.on, shredded.statement
    )]
    CohortShredded {
        /// The domain.
        domain: Domain,
        /// The cohort.
        cohort: Cohort,
        /// When and by which statement.
        shredded: ShredReference,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a cohort's key; retry")]
    NoRandomness,
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
            Self::Kms { source, .. } | Self::PlanKms { source, .. } => source.disposition(),
            Self::CohortAltered { .. }
            | Self::CohortUnknown { .. }
            | Self::Altered { .. }
            | Self::Overwritten { .. }
            | Self::Unknown { .. }
            | Self::TooMany { .. } => Disposition::Alarm,
            Self::Shredded { .. } | Self::CohortShredded { .. } => Disposition::Quarantine,
            // The policy is at fault where cohorts are others: a corrected one clears the queue.
            Self::Unversioned | Self::Contended { .. } | Self::NoRandomness | Self::OtherCohorts { .. } => {
                Disposition::Retry
            }
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Vault { source, .. } | Self::Listing { source } => source.reason(),
            Self::Kms { source, .. } | Self::PlanKms { source, .. } => source.reason(),
            Self::OtherCohorts { .. } => "cohorts_differ",
            Self::CohortAltered { .. } => "cohort_altered",
            Self::CohortUnknown { .. } => "cohort_unknown",
            Self::CohortShredded { .. } => "cohort_shredded",
            Self::NoRandomness => "no_randomness",
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
