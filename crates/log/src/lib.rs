//! The log: every statement is a leaf of one Merkle tree, kept as C2SP tlog-tiles in the evidence bucket.
//!
//! There is no database and no leader. Any number of writers append by the rules of [`append`], whose only
//! compare-and-swap is a write-once object; any of them completes what another began and did not finish.
//!
//! | module | idea |
//! |---|---|
//! | [`layout`] | where everything lies, below `log/` |
//! | [`leaf`] | what is logged of a statement: digests and a signature, nothing in clear |
//! | [`intent`] | the write-once object that decides what comes next |
//! | [`shelf`] | objects written once: the only thing that the protocol asks of a bucket |
//! | [`keys`] | the keys of a log, and the checkpoints that they signed |
//! | [`append`] | the protocol |
//! | [`proof`] | a leaf's `.tlog-proof` |
//! | [`files`], [`verify`], [`bundle`] | a copy of the evidence, and its verification offline |
//!
//! Specifications: [tlog-tiles](https://c2sp.org/tlog-tiles), [tlog-checkpoint](https://c2sp.org/tlog-checkpoint),
//! [tlog-proof](https://c2sp.org/tlog-proof).

pub mod append;
pub mod bundle;
pub mod error;
pub mod files;
pub mod intent;
pub mod keys;
pub mod layout;
pub mod leaf;
pub mod proof;
pub mod shelf;
pub mod verify;

pub use append::{Appended, Appender, VoidIntent};
pub use error::LogError;
pub use keys::{Head, LogKeys};
pub use leaf::{Leaf, LeafJudge, LeafVerdict};
pub use shelf::{BucketShelf, Shelf, Written};
