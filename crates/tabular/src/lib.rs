//! Streaming CSV, JSON Lines and Parquet, plain, gzip or zstd, to and from Arrow batches.
//!
//! [`Reader`] yields [`Block`]s of whole rows with only the projected columns, in bounded memory, and refuses hostile
//! input with a [`TabularError`] that says whose fault it is and where it was found.

mod ahead;
mod block;
mod csv;
mod deflate;
mod display;
mod error;
mod feed;
mod inflate;
mod json;
mod options;
mod parquet;
mod path;
mod raw;
mod reader;
mod rewrite;
mod spool;
mod text;
mod texts;
mod views;
mod writer;

pub use block::Block;
pub use error::{ErrorKind, Limit, Place, TabularError};
pub use options::{Caps, Compression, CsvOptions, Format, ReadOptions, TextType};
pub use path::ColumnPath;
pub use raw::RawBlock;
pub use reader::{Reader, Source};
pub use rewrite::{Change, Rewriter};
pub use spool::spool;
pub use texts::Texts;
pub use writer::{WriteOptions, Writer};
