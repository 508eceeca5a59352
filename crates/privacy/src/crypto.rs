//! The cryptographic primitives, and nothing else: what is built on them is in [`crate::transform`] and
//! [`crate::keyring`].
//!
//! AES, HMAC and the hashes are `RustCrypto`'s; the modes FF1 and AES-SIV are ours, so that what is the same for every cell
//! of a column is worked out once. This module fixes the parameters and the error handling, and is what the conformance
//! vectors run against.

mod block;
mod cmac;
mod ff1;
mod hkdf;
mod hmac;
mod prf;
mod siv;

pub use block::AesKeyLength;
pub use ff1::{FF1_MAX_NUMERALS, FF1_MAX_TWEAK_BYTES, FF1_MIN_DOMAIN, Ff1, Ff1Error, Ff1Lane};
pub use hkdf::{HKDF_MAX_BYTES, OutputTooLong, hkdf_sha256};
pub use hmac::{HmacBatch, HmacKey, hmac_sha256, verify_hmac_sha256};
pub use prf::Prf;
pub use siv::{NotAuthentic, SIV_BYTES, SivCipher, SivHeaders, SivKeyLength};
