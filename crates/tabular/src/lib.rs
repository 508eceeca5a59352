//! Streaming CSV, JSON Lines and Parquet, plain, gzip or zstd, to and from Arrow batches.
//!
//! [`Reader`] yields [`Block`]s of whole rows with only the projected columns, in bounded memory, and refuses hostile
//! input with a [`TabularError`] that says whose fault it is and where it was found.

mod block;
mod csv;
mod error;
mod inflate;
mod options;
mod path;
mod reader;
mod text;

pub use block::Block;
pub use error::{ErrorKind, Limit, Place, TabularError};
pub use options::{Caps, Compression, CsvOptions, Format, ReadOptions};
pub use path::ColumnPath;
pub use reader::{Reader, Source};
