//! What a curated table holds, as a data catalog keeps it: counts of NULLs and of different values, lengths, and where the
//! policy allows it the least and the greatest value of each column.
//!
//! [`Gauge`] measures an object while it is published. Its [`TableState`] is kept beside the evidence, some kilobytes a
//! column, and [`inventory`] merges the states of the objects that lie in the curated bucket now into the statistics of
//! their table, without reading data. So what was erased or never published counts for nothing.
//!
//! | choice | why |
//! |---|---|
//! | states are no evidence: no statement names them, and they are made again by publishing again | a policy may ask for them later, and a statement's payload must not change with that |
//! | a state is made of the published values, not of the sealed ones | a table's statistics must describe the table |
//! | different values are estimated (`HyperLogLog`, standard error 1.6 %) | an exact count cannot be merged in bounded space |
//! | column statistics are told only when every object of the table was measured | a part would mislead whoever plans queries |
//! | of a column whose type differs between objects, nothing is told | no statistics fit both types |
//! | lengths are of values before the apostrophe that disarms formulas in CSV | they describe the data, not its spelling |

mod column;
mod distinct;
mod gauge;
mod hive;
pub mod inventory;
mod range;
pub mod state;

pub use gauge::Gauge;
pub use hive::hive_type;
pub use state::{StateError, TableState};
