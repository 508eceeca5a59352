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

mod admin;
mod cache;
mod domain;
mod domain_key;
mod error;
mod ring;
#[cfg(test)]
mod tests;
mod unwrapper;
mod vault;
mod wrapped;

pub use admin::{EpochRecord, EpochStatus, MAX_DOMAINS, ShredNote, Shredded};
pub use domain::{Domain, DomainError, Epoch, EpochError};
pub use domain_key::{DomainKey, KeyPurpose, KeyRef, ScopedKey};
pub use error::KeyringError;
pub use ring::Keyring;
pub use unwrapper::KeyUnwrapper;
pub(crate) use vault::read_capped;
pub use wrapped::WrappedKey;
