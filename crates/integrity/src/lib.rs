//! Integrity: sealing what lands, and sweeping over what was sealed.
//!
//! | module | idea |
//! |---|---|
//! | [`checksum`] | every checksum that S3 can keep, recomputed in one pass, in any chunks |
//! | [`seal`](mod@seal) | one version: hash, compare, lock, state |
//! | [`sweep`](mod@sweep) | all versions and buckets: is everything still what was signed? |

pub mod checksum;
pub mod seal;
pub mod sweep;

pub use checksum::{Hashed, ObjectHasher};
pub use seal::{SealError, SealPorts, Sealed, seal};
