//! What can go wrong while reading or writing a table, and whose fault it is.

use std::fmt;
use std::io;

/// Whose fault an error is, so that a caller can choose between quarantine and retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are not a valid table: reading them again gives the same answer.
    Malformed,
    /// The input crosses a cap of [`crate::Caps`]: reading it again gives the same answer.
    Limit,
    /// The source or the sink failed: the same call may succeed later.
    Io,
    /// The caller asked for something that is not there or cannot be done.
    Usage,
}

/// A cap of [`crate::Caps`] that an input crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes after decompression.
    InflatedBytes,
    /// Decompressed bytes for each compressed byte.
    Ratio,
    /// Bytes of one row.
    RowBytes,
    /// Bytes of one cell.
    FieldBytes,
    /// Columns of the table.
    Columns,
    /// Depth of nested values.
    Nesting,
    /// Elements of lists in one row.
    Elements,
    /// Bytes of a Parquet footer.
    FooterBytes,
    /// Decompressed bytes of one Parquet page.
    PageBytes,
    /// Bytes copied to ephemeral storage.
    SpoolBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InflatedBytes => "decompressed bytes of the object",
            Self::Ratio => "decompressed bytes for each compressed byte",
            Self::RowBytes => "bytes in a row",
            Self::FieldBytes => "bytes in a cell",
            Self::Columns => "columns",
            Self::Nesting => "levels of nesting",
            Self::Elements => "elements of lists in a row",
            Self::FooterBytes => "bytes in a parquet footer",
            Self::PageBytes => "decompressed bytes in a parquet page or row group",
            Self::SpoolBytes => "bytes on ephemeral storage",
        })
    }
}

/// Where in the decompressed input something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1; a line feed inside a quoted cell counts too.
    pub line: u64,
    /// Byte offset in the decompressed input, counted from 0 and including a byte order mark.
    pub byte_offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, byte {}", self.line, self.byte_offset)
    }
}

/// An input or output error. Messages name places and counts, never cell values or column names taken from the data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TabularError {
    /// The source failed, not the table.
    #[error("the source could not be read; retry: {source}")]
    Read {
        /// What the source said.
        #[source]
        source: io::Error,
    },
    /// The sink failed.
    #[error("the output could not be written; retry: {source}")]
    Write {
        /// What the sink said.
        #[source]
        source: io::Error,
    },
    /// A gzip or zstd stream is damaged, truncated or followed by other bytes.
    #[error(
        "the {codec} stream is damaged or truncated after {inflated_bytes} decompressed bytes; upload it again: {source}"
    )]
    Compression {
        /// `gzip` or `zstd`.
        codec: &'static str,
        /// How much could be decompressed.
        inflated_bytes: u64,
        /// What the decoder said.
        #[source]
        source: io::Error,
    },
    /// A cap was crossed.
    #[error("{}more than {allowed} {limit}; split the input or raise the cap", place_prefix(.place.as_ref()))]
    Limit {
        /// Which cap.
        limit: Limit,
        /// Its value.
        allowed: u64,
        /// Where, when known.
        place: Option<Place>,
    },
    /// A byte sequence is not UTF-8.
    #[error("{place}: not UTF-8; convert the file to UTF-8")]
    NotUtf8 {
        /// The first offending byte.
        place: Place,
    },
    /// The file starts with a UTF-16 byte order mark.
    #[error("the file starts with a UTF-16 byte order mark; convert it to UTF-8")]
    Utf16,
    /// A NUL byte in a text file.
    #[error("{place}: NUL byte; the file is binary, UTF-16 or damaged")]
    Nul {
        /// The first NUL byte.
        place: Place,
    },
    /// A CSV row has another number of cells than the header or the first row.
    #[error(
        "line {line}: {found} cells where {expected} are expected; quote cells that hold the delimiter or a line break"
    )]
    Ragged {
        /// The line the row starts on.
        line: u64,
        /// Cells of the header or first row.
        expected: u64,
        /// Cells of this row.
        found: u64,
    },
    /// A quoted CSV cell is not closed before the end.
    #[error("{place}: a quote opens here and is never closed; double a quote that belongs to the text")]
    UnterminatedQuote {
        /// The opening quote.
        place: Place,
    },
    /// Text follows the closing quote of a CSV cell.
    #[error("{place}: text after a closing quote; double a quote that belongs to the text")]
    TextAfterQuote {
        /// The byte after the closing quote.
        place: Place,
    },
    /// Two columns of the header have one name.
    #[error("columns {first} and {second} have the same name; rename one")]
    DuplicateColumn {
        /// The earlier column, counted from 1.
        first: usize,
        /// The later column, counted from 1.
        second: usize,
    },
    /// A line of a JSON Lines file is not a JSON object.
    #[error("{place}: {problem}; each line must be one JSON object (RFC 8259)")]
    Json {
        /// The first byte that does not fit.
        place: Place,
        /// What was expected.
        problem: &'static str,
    },
    /// One row holds two values under one dotted path, so that replacing one would keep the other.
    #[error("{place}: a second value for a dotted path that this row already has; remove one")]
    AmbiguousPath {
        /// The second value.
        place: Place,
    },
    /// A key of a row reads like a path into a list.
    #[error("{place}: a key that holds `[*]`, which stands for the elements of a list; rename it")]
    KeyLikePath {
        /// The key.
        place: Place,
    },
    /// A Parquet file is damaged, or uses a feature that is not supported.
    #[error("the parquet file could not be decoded: {problem}")]
    Parquet {
        /// What the decoder said: structure only, no values.
        problem: String,
    },
    /// A column that was asked for does not exist.
    #[error("column `{path}` does not exist; the input has {columns} columns")]
    UnknownColumn {
        /// The path that was asked for.
        path: String,
        /// Columns that exist.
        columns: usize,
    },
    /// An option does not make sense.
    #[error("option {option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong and what is accepted.
        problem: &'static str,
    },
    /// A batch does not fit the writer it was given to.
    #[error("the batch does not fit the writer: {problem}")]
    Shape {
        /// What differs.
        problem: String,
    },
}

fn place_prefix(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| format!("{place}: "))
}

impl TabularError {
    /// Whose fault this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { .. } | Self::Write { .. } => ErrorKind::Io,
            Self::Limit { .. } => ErrorKind::Limit,
            Self::UnknownColumn { .. } | Self::Option { .. } | Self::Shape { .. } => ErrorKind::Usage,
            Self::Compression { .. }
            | Self::NotUtf8 { .. }
            | Self::Utf16
            | Self::Nul { .. }
            | Self::Ragged { .. }
            | Self::UnterminatedQuote { .. }
            | Self::TextAfterQuote { .. }
            | Self::DuplicateColumn { .. }
            | Self::Json { .. }
            | Self::AmbiguousPath { .. }
            | Self::KeyLikePath { .. }
            | Self::Parquet { .. } => ErrorKind::Malformed,
        }
    }

    /// Whether the input itself is at fault: quarantine it, a retry gives the same answer.
    pub fn is_input_fault(&self) -> bool {
        matches!(self.kind(), ErrorKind::Malformed | ErrorKind::Limit)
    }
}
