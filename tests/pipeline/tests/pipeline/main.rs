//! The whole pipeline in one process, on ports in memory, driven the way AWS drives it: an upload becomes an S3 event in an
//! SQS message, its seal an `EventBridge` event in the next queue, and so on to the curated object. What a function gives back
//! is delivered again, five times, then it lies in the dead-letter queue.
#![allow(
    clippy::pedantic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod events;
mod evidence;
mod policies;
mod queues;
mod tables;
mod world;

mod bombs;
mod catalog_told;
mod crash;
mod custom_sql;
mod dropping;
mod erased;
mod formats;
mod hand_over;
mod keys;
mod leaks;
mod measures;
mod poison;
mod policy_changes;
mod references;
mod risk_page;
mod tampering;
mod texts;
mod unknown;
