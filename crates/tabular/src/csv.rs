//! CSV (RFC 4180): an own splitter, because splitting is what a check of a CSV file spends most of its time on.

mod cells;
mod reader;
mod rows;
mod scan;
mod walk;

pub(crate) use reader::CsvReader;
