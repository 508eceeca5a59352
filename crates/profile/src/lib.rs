//! What a table holds, told in one pass and bounded memory, and the DQDL rules that this suggests.
//!
//! [`profile()`] reads a table and gives a [`Profile`]: types, missing values, different values, lengths, quantiles,
//! frequent values, shapes, and where missing values, repeated rows and outliers stand. Each figure that is not exact
//! says by how much it may be off. [`Profile::concealed`] takes out whatever cells hold.
//!
//! [`suggest::candidates`] turns a profile into rules with the reason for each, by Deequ's heuristics and some more.

mod cell;
mod column;
mod number;
mod profile;
mod profiler;
mod shape;
mod sketch;
pub mod suggest;
mod summary;
mod text;

pub use cell::CellType;
pub use number::{grouped, grouped_digits};
pub use profile::{
    Bucket, ColumnProfile, Distinct, Lengths, Located, NumberValues, Numbers, Outlier, Outliers, Profile, Quantile,
    Repeat, Repeats, Times, TopValues, TypeCount, ValueCount,
};
pub use profiler::{ProfileError, Profiler, profile};
pub use sketch::KllSketch;
