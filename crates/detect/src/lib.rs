//! Finds personal data and secrets in text cells.
//!
//! A [`Detector`] is compiled once from [`Options`]; each thread takes a [`Scanner`] from it and hands it cells with the
//! [`Place`] they stand in (column name, JSON path). Patterns find candidates, check digits promote or drop them, words
//! near the value or in the column's name raise their score, overlaps are resolved. A [`ColumnVote`] turns the findings of
//! many cells into a verdict on their column, [`scan_table`] those of a table into a report, [`propose`] that into transforms.
//!
//! Everything is linear in the length of the text: there is no time-out and no pattern is ever skipped. No matched text is
//! kept, printed or part of any error.

mod column;
mod compiled;
mod context;
mod detector;
pub mod entity;
mod expression;
mod judge;
mod memo;
#[cfg(test)]
mod naive;
mod options;
mod pattern;
mod prefix;
mod resolve;
mod scan;
mod shape;
mod suggest;
mod table;
mod text;
mod validate;
mod words;

pub use column::{ColumnClass, ColumnVote, EntityShare, VoteRule};
pub use context::Place;
pub use detector::{Detector, check};
pub use entity::phone::{Leniency, PhoneRules, Region};
pub use entity::{Family, Verdict};
pub use options::{Allow, Checksum, CustomEntity, Options, OptionsError, Settings, Thresholds};
pub use scan::{Finding, Memory, Scanner};
pub use suggest::{Proposal, Suggested, propose, propose_paths, yaml};
pub use table::{ColumnReport, ColumnScan, EntityFound, TableOptions, TableReport, TableScan, Trace, scan_table};
