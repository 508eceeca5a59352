//! JSON Lines (RFC 8259, one object a line): an own validating scanner, because only the values on the asked paths are
//! wanted, where they lie, and with their positions, so that a rewriter can leave everything else as it was.

mod edit;
mod filter;
mod lines;
mod lists;
mod paths;
mod raw;
mod reader;
mod replacement;
mod scan;
mod select;
mod string;
mod value;
mod walk;
mod writer;

pub(crate) use edit::LineEditor;
pub(crate) use lines::SourceLines;
pub(crate) use raw::RawLines;
pub(crate) use reader::JsonReader;
pub(crate) use select::LineSelector;
pub(crate) use writer::JsonLinesWriter;
