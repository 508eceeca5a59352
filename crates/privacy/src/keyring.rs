//! Domain keys: one 256-bit secret for each domain and epoch, made and wrapped by KMS, kept write-once in the vault
//! bucket.
//!
//! - A **domain** is a set of data within which equal values shall have equal pseudonyms. Its secrets are bound by KMS to
//!   the encryption context `{purpose: pseudonymize, domain, epoch}`.
//! - An **epoch** is a generation of a domain's secret. It stands in every token, so that values of two epochs are never
//!   joined by mistake. Rotating the KMS key changes no pseudonym; only a new epoch does.
//! - Transforms never use the secret itself but keys derived from it, one a purpose: [`DomainKey::derive`].
//!
//! | key in the vault bucket | what |
//! |---|---|
//! | `domains/<domain>/<epoch>.json` | the wrapped secret ([`WrappedKey`]), written once |
//! | `domains/<domain>/<epoch>.shredded.json` | says that the secret was destroyed on purpose |
//! | `cohorts/<domain>/…` | secrets of cohorts of the domain's subjects, so that one subject can be forgotten |
//!
//! A **cohort** is a share of a domain's subjects, or a single one, whose encrypted values are under a secret of their own
//! ([`Cohorts`]). Where the policy names the subject of a row, `encrypt` uses it. Tokens and surrogates stay the domain's: they have
//! no way back, and must join whoever they are about.

mod admin;
mod cache;
mod cohort;
mod cohort_admin;
#[cfg(test)]
mod cohort_tests;
mod cohort_vault;
mod cohorts;
mod domain;
mod domain_key;
mod error;
mod ring;
#[cfg(test)]
mod test_world;
#[cfg(test)]
mod tests;
mod unwrapper;
mod vault;
mod wrapped;

pub use admin::{EpochRecord, EpochShredReference, EpochStatus, MAX_DOMAINS, ShredNote, Shredded};
pub(crate) use cohort::MAX_COHORTS_IN_USE;
pub use cohort::{Assignment, Cohort, CohortError};
pub use cohort_admin::CohortState;
pub use cohort_vault::{CohortKeyDigest, CohortNote, ShredReference};
pub use cohorts::Cohorts;
pub use domain::{Domain, DomainError, Epoch, EpochError};
pub use domain_key::{DomainKey, KeyPurpose, KeyRef, ScopedKey};
pub use error::KeyringError;
pub use ring::Keyring;
pub use unwrapper::KeyUnwrapper;
pub(crate) use vault::read_capped;
pub use wrapped::WrappedKey;
