//! CSV (RFC 4180): an own splitter, because splitting is what a check of a CSV file spends most of its time on.

mod cells;
mod formula;
mod plain;
mod raw;
mod reader;
mod rows;
mod scan;
mod walk;
mod writer;

pub(crate) use raw::RawRows;
pub(crate) use reader::CsvReader;
pub(crate) use writer::CsvWriter;
