//! What every stage does around its own work.
pub mod input;
pub mod output;
