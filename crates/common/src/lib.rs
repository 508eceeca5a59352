//! What every part of Sluice shares: the names of things, the ports to the outside, and the rules of handling a message.
//!
//! | module | idea |
//! |---|---|
//! | [`object`] | buckets, keys, versions: one version of one object is the unit of all work |
//! | [`digest`] | SHA-256 digests and the checksums that S3 keeps |
//! | [`event`] | every message that can wake a function, decoded once, into object versions |
//! | [`port`] | what functions need from AWS, as traits; implemented in `crates/aws` and `crates/testkit` |
//! | [`disposition`] | what becomes of a message whose work failed |
//! | [`runner`] | a batch of messages, one at a time, within the deadline, none dropped |
//! | [`policy`] | the pipeline policy: what is done to which object |
//! | [`privacy_loss`] | ε and δ of differential privacy, in exact decimals |
//! | [`telemetry`] | structured logs and CloudWatch metrics |
//! | [`config`] | configuration from the environment, read once |
//!
//! Nothing here knows an AWS SDK.

pub mod config;
pub mod digest;
pub mod disposition;
pub mod event;
pub mod object;
pub mod policy;
pub mod port;
pub mod privacy_loss;
pub mod runner;
pub mod telemetry;

pub use digest::Sha256Digest;
pub use disposition::{Dispose, Disposition};
pub use object::{BucketName, ObjectKey, ObjectPath, ObjectVersion, ObjectVersionId, VersionId};
