//! Every message that can wake a function, decoded once and in one place.
//!
//! [`Incoming::decode`] tells the shapes apart by what is in them:
//!
//! | shape | key | source |
//! |---|---|---|
//! | S3 event notification | form-urlencoded | "Event message structure", Amazon S3 User Guide |
//! | `s3:TestEvent` | none | "Enabling notifications", Amazon S3 User Guide |
//! | `EventBridge` `Object Created` | plain | "`EventBridge` event message structure", Amazon S3 User Guide |
//! | S3 Batch Operations task, schema 1.0 and 2.0 | form-urlencoded, as in its manifest | "Invoke AWS Lambda function", Amazon S3 User Guide |
//! | `{"bucket","key","versionId"}` | plain | ours, for people and for the sweep |
//! | any of these but a task in the body of an SQS message | as above | "Using Lambda with Amazon SQS", AWS Lambda Developer Guide |
//!
//! Fields that we do not know are ignored, as AWS asks of consumers. What we do need and cannot read is an
//! [`EventError`] that stays with its message; nothing is skipped.

mod batch_operations;
mod bridge;
mod error;
mod facts;
mod incoming;
mod key;
mod manual;
mod notification;
mod sequencer;
mod sqs;

pub use error::{BatchError, EventError};
pub use facts::{EventFacts, EventName, EventSource, Principal};
pub use incoming::{Delivery, Incoming, Item, Message, Part, UnversionedItem};
pub use sequencer::Sequencer;

#[cfg(test)]
mod tests;
