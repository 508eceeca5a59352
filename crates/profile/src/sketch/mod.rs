//! Summaries of streams in bounded memory, each with the error it states and each mergeable.

mod distinct;
mod extremes;
mod frequent;
mod kll;
mod located;
mod moments;
mod spread;

pub(crate) use distinct::DistinctSample;
pub(crate) use extremes::Extremes;
pub(crate) use frequent::Frequent;
pub use kll::KllSketch;
pub(crate) use located::Rows;
pub(crate) use moments::Moments;
