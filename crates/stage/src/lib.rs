//! What every stage does around its own work: verified input in, evidence out.
//!
//! A stage is a function from an object version and the statement before it to a statement. This crate is the frame:
//!
//! | module | idea |
//! |---|---|
//! | [`arrival`] | the statement whose arrival woke a stage |
//! | [`context`] | what a stage holds for as long as its sandbox lives |
//! | [`frame`] | what a stage does before and after its own work |
//! | [`work`] | work that a statement's arrival wakes |
//! | [`policy`] | the pipeline policy as it is now |
//! | [`input`] | an object's bytes, hashed on their way into an engine |
//! | [`output`] | an engine's bytes, hashed on their way into a write-once upload |
//! | [`lambda`] | from the Lambda Runtime API to a runner and back |
//! | [`table`] | a reader of tables for what the policy says of a format |
//! | [`table_objects`] | the objects of a table that a data catalog describes |
//! | [`rows`] | a set of row numbers, as one stage tells the next |
//! | [`failure`] | what is known of an object when its run fails, and the statement that says so |
//!
//! The stages themselves are `crates/functions/*`.

pub mod arrival;
mod config;
pub mod context;
pub mod failure;
pub mod frame;
pub mod input;
pub mod lambda;
pub mod output;
pub mod policy;
pub mod rows;
pub mod table;
pub mod table_objects;
pub mod work;

pub use config::{Signing, StageConfig};
pub use context::Context;
pub use failure::{About, Failure, StageError};
pub use frame::{Frame, FrameError};
pub use policy::{LoadedPolicy, PolicySource, PolicySourceError};
pub use work::{OnStatement, Work};
