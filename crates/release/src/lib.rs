//! Differentially private answers about a dataset, within a budget that cannot be overspent.
//!
//! | module | idea |
//! |---|---|
//! | [`request`] | what is asked, and what each answer may cost |
//! | [`plan`] | questions held against the policy: bounds and categories are declared, never taken from the data |
//! | [`tally`] | exact sums over the rows in bounded memory; they never leave this crate |
//! | [`people`] | no person counts with more rows than the policy says |
//! | [`mechanism`] | `OpenDP`'s mechanisms, with the least noise that keeps the promise |
//! | [`answer`] | what may be told: an estimate, its noise, its interval |
//! | [`budget`] | what was spent, as write-once entries: two releases at once cannot both spend the last of it |
//!
//! The order is: read and tally, book the cost, draw the noise, keep the answer. After a crash between booking and keeping the
//! budget is smaller and nothing was told; never the other way round.
//!
//! # Whose privacy
//! Two datasets are neighbours when one has all rows of one person more than the other. A person is a value of the policy's
//! `person` column, or one row. Losses add up by basic composition.
//!
//! # Randomness
//! `OpenDP` samples exactly, in integers and rationals, so the floating-point attack of Mironov (2012) finds nothing. Its
//! bits come from `rand`'s `ThreadRng`: `ChaCha20`, seeded by the operating system, a cryptographically secure generator.
//! `OpenDP`'s own name for this build is "not secure" because it promises that only of OpenSSL, which this workspace
//! does not link.

pub mod answer;
pub mod budget;
mod error;
pub mod mechanism;
pub mod people;
pub mod plan;
pub mod request;
pub mod tally;

pub use answer::{Answer, Interval, Released};
pub use budget::{Budget, BudgetError};
pub use error::ReleaseError;
pub use plan::Plan;
pub use request::{Ask, Query, ReleaseRequest};
