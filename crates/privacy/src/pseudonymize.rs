//! A table in, the same table with pseudonyms out, in one streaming pass.
//!
//! [`Plan`] is what the policy says, with keys in it; [`Pseudonymizer`] is a plan bound to the columns of a table;
//! [`run`] reads, transforms and writes. The same input under the same plan gives the same bytes.

mod error;
mod format_preserving;
mod lists;
mod plan;
mod pseudonymizer;
mod risk_gate;
mod run;
mod stats;
mod subjects;
#[cfg(test)]
mod tests;
mod texts;
mod undeclared;

pub use error::PseudonymizeError;
pub use format_preserving::FormatPreserving;
pub use lists::values as values_of;
pub use plan::{Plan, PlanKeys, domain_of};
pub use pseudonymizer::Pseudonymizer;
pub use risk_gate::{Remedy, Risk};
pub use run::{Finished, run, run_watched, run_without};
pub use stats::{ColumnStats, Stats};
pub use subjects::{SubjectKeys, Waiter};
pub use texts::{TextAnswers, TextService, asks_service};
