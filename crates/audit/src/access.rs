//! Did anyone do what the access policy does not allow?
//!
//! Each CloudTrail record is judged by itself against a small document, [`AccessPolicy`]: who may read and write which
//! bucket, use which key, change which setting, and from where. A record breaks at most one rule: the gravest.
//!
//! | module | idea |
//! |---|---|
//! | [`record`] | a record, read leniently: fields come, go and change their type |
//! | [`principal`] | who did it, and which entry of a list means whom |
//! | [`policy`] | the document |
//! | [`rule`] | what can be broken, and how bad that is |
//! | [`judge`] | one record, one judgement |
//! | [`log`] | the records of a log file, one after the other |
//!
//! Source: "CloudTrail record contents", "CloudTrail userIdentity element", AWS CloudTrail User Guide; "Amazon S3
//! CloudTrail events", Amazon S3 User Guide.

pub mod judge;
pub mod log;
pub mod policy;
pub mod principal;
pub mod record;
pub mod rule;
mod settings;

pub use judge::{Judge, Judgement};
pub use log::{LogError, for_each_record};
pub use policy::{AccessPolicy, AccessPolicyError, BucketAccess, KeyAccess, KeyPurpose, Zone};
pub use principal::Principal;
pub use record::Record;
pub use rule::Rule;
