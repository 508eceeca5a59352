//! The Data Quality Definition Language of AWS Glue: syntax tree, registry of rule types.

pub mod ast;
pub mod registry;

mod escape;
mod span;

pub use span::Span;
