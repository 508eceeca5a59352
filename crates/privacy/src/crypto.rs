//! The cryptographic primitives, and nothing else: what is built on them is in [`crate::transform`] and
//! [`crate::keyring`].
//!
//! All of it is `RustCrypto`; this module fixes the parameters and the error handling, and is what the conformance
//! vectors run against.

mod hkdf;
mod hmac;
mod siv;

pub use hkdf::{HKDF_MAX_BYTES, OutputTooLong, hkdf_sha256};
pub use hmac::{HmacKey, hmac_sha256, verify_hmac_sha256};
pub use siv::{NotAuthentic, SIV_BYTES, SivCipher, SivKeyLength};
