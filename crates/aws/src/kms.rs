//! KMS: one key that signs, one key that wraps data keys.

mod data_keys;
mod posture;
mod sign;
#[cfg(test)]
mod tests;

pub use data_keys::KmsDataKeys;
pub use posture::KmsInspector;
pub use sign::KmsSigner;

use sluice_common::port::KeyError;

/// An error of ours about an answer that breaks the contract.
fn unexpected(operation: &'static str, code: &str) -> KeyError {
    KeyError::Other { operation, code: code.to_owned(), source: None }
}
