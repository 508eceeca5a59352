//! Verdicts and profiles, as others want to see them.
//!
//! [`html`] is a page for people that loads nothing and runs no script. [`sagemaker`] gives the statistics and
//! constraints that SageMaker Model Monitor reads. All are functions of their arguments: the same verdict gives the same bytes.
//!
//! None of them shows a cell that the profile does not show: conceal the profile first where cells must not be seen.

mod figure;
pub mod history;
pub mod html;
pub mod sagemaker;
