//! Turning pseudonyms back, for a reason, with an approver.
//!
//! [`ReidentifyRequest::parse`] refuses what is not in order, with every problem at once; [`reidentify`] opens the
//! pseudonyms; [`Answer`] holds the values, wipes them when dropped, and has a digest for the statement, which is written
//! before the answer is given. Values of `fpe` say nothing of their key: a request names it, and [`fpe_refusal`] tells
//! before any is opened whether it is theirs.

mod answer;
mod engine;
mod limit;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Opened, Refusal};
pub use engine::{fpe_refusal, reidentify};
pub use limit::{Admission, RateLimit};
pub use request::{
    FpeSource, Identity, MAX_REQUEST_BYTES, MAX_TOKENS, MAX_VALIDITY_DAYS, ReidentifyRequest, RequestProblem,
    RequestProblems,
};
