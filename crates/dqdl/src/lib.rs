//! The Data Quality Definition Language (DQDL) of AWS Glue: read, check, print and evaluate.
//!
//! [`parse`] turns a text into a [`ast::Ruleset`] or into every problem it has, each with its line, column and remedy.
//! The language accepted is the union of what AWS documents and what its open-source parser (awslabs/dqdl) accepts; the
//! crate's README lists each difference and what was chosen. What each rule type accepts stands in [`registry`].
//!
//! No I/O, no clock, no dependency on any engine: conditions take the time and past metrics as arguments.
//!
//! ```
//! let ruleset = sluice_dqdl::parse(r#"Rules = [ IsComplete "id", RowCount between 1 and 100 ]"#)?;
//! assert_eq!(ruleset.rules.len(), 2);
//! assert_eq!(ruleset.rules[0].to_string(), r#"IsComplete "id""#);
//!
//! let problems = sluice_dqdl::parse("Rules = [ RowCuont > 1 ]").unwrap_err();
//! assert_eq!(problems.as_slice()[0].help.as_deref(), Some("did you mean `RowCount`?"));
//! # Ok::<(), sluice_dqdl::Diagnostics>(())
//! ```

pub mod ast;
pub mod evaluate;
pub mod registry;

mod diagnostic;
mod escape;
mod lexer;
mod parser;
mod print;
mod span;
mod token;
mod validate;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use parser::{MAX_DEPTH, MAX_SOURCE_BYTES, parse, parse_with_warnings};
pub use registry::RuleType;
pub use span::Span;
