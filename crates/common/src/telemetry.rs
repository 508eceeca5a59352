//! What a function says of itself: JSON log lines and embedded metrics on standard output, where Lambda collects both.
//!
//! No line holds a payload, a cell, a token or an object's key. An object is named by its
//! [`crate::object::ObjectVersionId`].

mod counting;
pub mod emf;
mod line;
mod logs;
mod tally;

pub use counting::Counting;
pub use logs::init;
pub use tally::Tally;
