//! What tests put in the place of AWS: the ports in memory, with faults on demand.
//!
//! | type | stands for |
//! |---|---|
//! | [`MemoryS3`] | S3: versions, delete markers, conditional writes, multipart uploads, checksums, Object Lock, settings |
//! | [`MemoryBatch`] | S3 Batch Operations: jobs that compute checksums, and their reports |
//! | [`Distant`] | the way to S3: a latency before each answer, a rate for each connection |
//! | [`MemoryKms`] | KMS: a P-256 signing key, and data keys bound to an encryption context |
//! | [`MemorySettings`] | the settings of keys and trails |
//! | [`MemoryCatalog`] | Glue: tables and rulesets |
//! | [`MemoryQualityRuns`] | AWS Glue Data Quality |
//! | [`MemoryMetrics`] | CloudWatch |
//! | [`MemoryQueue`] | SQS |
//! | [`FixedClock`], [`SettableClock`] | the time of day |
//! | [`Faulty`] | any of them, failing where and how a [`FaultPlan`] says |
//! | [`names`] | buckets, keys and versions from literals |
//!
//! Every double is cheap to clone, and clones share their content. The fakes are pessimistic where S3 gives no promise:
//! version ids have no order, `ETag`s mean nothing for multipart uploads, and bodies arrive in uneven chunks.
//!
//! This crate is a dev-dependency only.

mod batch;
mod catalog;
mod clock;
mod distant;
mod faulty;
mod kms;
mod metrics;
pub mod names;
mod quality_runs;
mod queue;
mod s3;
mod settings;
mod text_entities;

pub use batch::MemoryBatch;
pub use catalog::MemoryCatalog;
pub use clock::{FixedClock, SettableClock};
pub use distant::Distant;
pub use faulty::{Fault, FaultPlan, Faulty};
pub use kms::MemoryKms;
pub use metrics::MemoryMetrics;
pub use quality_runs::MemoryQualityRuns;
pub use queue::MemoryQueue;
pub use s3::{Deleted, MemoryS3, PutOptions, Refusal};
pub use settings::MemorySettings;
pub use text_entities::MemoryTextEntities;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks also after a test thread died with the lock held: its failure is reported by itself.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
