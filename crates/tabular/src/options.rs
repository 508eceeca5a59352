//! What a caller says about an input: its format, its compression and the caps it must stay under.

use crate::error::TabularError;

/// The format of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Comma separated values, RFC 4180, with the liberties of [`CsvOptions`].
    Csv(CsvOptions),
    /// One JSON object a line (RFC 8259, <https://jsonlines.org>).
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

/// How a CSV file is written.
///
/// Rows end with LF or CR LF; a lone CR is data. Blank lines are skipped, but in a table of one column a blank line
/// after the first row is a row with a NULL. A quote inside an unquoted cell is data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Separates cells. One ASCII byte, not a quote, CR, LF or NUL. Default `,`.
    pub delimiter: u8,
    /// Encloses cells that hold delimiters, quotes or line breaks; doubled inside. `None`: quotes are data. Default `"`.
    pub quote: Option<u8>,
    /// Whether the first row names the columns. Without it they are `col_0`, `col_1`, …; so is a column whose name
    /// in the header is empty. Default true.
    pub header: bool,
    /// Unquoted cells with one of these texts are NULL. Default: the empty text, so that `a,,b` has a NULL and
    /// `a,"",b` an empty string.
    pub null_text: Vec<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', quote: Some(b'"'), header: true, null_text: vec![String::new()] }
    }
}

impl CsvOptions {
    pub(crate) fn check(&self) -> Result<(), TabularError> {
        let usable = |byte: u8| byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0);
        if !usable(self.delimiter) {
            return Err(TabularError::Option {
                option: "delimiter",
                problem: "must be one ASCII byte, not CR, LF or NUL",
            });
        }
        if self.quote.is_some_and(|quote| !usable(quote) || quote == self.delimiter) {
            return Err(TabularError::Option {
                option: "quote",
                problem: "must be one ASCII byte, not CR, LF, NUL or the delimiter",
            });
        }
        Ok(())
    }
}

/// How the bytes of a table are compressed as a whole. Parquet's own codecs are inside the file and not meant here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Reader: decided by the first bytes (`1f 8b` gzip, `28 b5 2f fd` or a skippable frame zstd). Writer: none.
    #[default]
    Auto,
    /// As it is.
    None,
    /// Gzip, RFC 1952, any number of members.
    Gzip,
    /// Zstandard, RFC 8878, any number of frames, windows up to 128 MiB.
    Zstd,
}

/// What an input may cost. Crossing one is [`TabularError::Limit`], found before the memory is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Decompressed bytes of the object. Default 200 GiB.
    pub inflated_bytes: u64,
    /// Decompressed bytes for each compressed byte, once [`Self::ratio_floor_bytes`] were decompressed. Default 200: the
    /// most repetitive logs and tables that people have stay below it; gzip reaches 1,032, zstd more.
    pub ratio: u64,
    /// Decompressed bytes below which the ratio is not judged, since they cost seconds only. Default 1 GiB.
    pub ratio_floor_bytes: u64,
    /// Bytes of one row, its line break included. Default 16 MiB.
    pub row_bytes: usize,
    /// Bytes of one cell, quotes included. Default 8 MiB.
    pub field_bytes: usize,
    /// Columns of a table; for JSON Lines, distinct paths. Default 4,096.
    pub columns: usize,
    /// Nesting of JSON values and Parquet types. Default 64.
    pub nesting: usize,
    /// Elements of lists in one row that are walked into. Default 1,048,576: each takes some 32 bytes.
    pub elements: usize,
    /// Bytes of a Parquet footer. Default 64 MiB.
    pub footer_bytes: usize,
    /// Decompressed bytes of one Parquet page, and of all repeated values of a column in one row group. Default 256 MiB.
    pub page_bytes: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            inflated_bytes: 200 << 30,
            ratio: 200,
            ratio_floor_bytes: 1 << 30,
            row_bytes: 16 << 20,
            field_bytes: 8 << 20,
            columns: 4_096,
            nesting: 64,
            elements: 1 << 20,
            footer_bytes: 64 << 20,
            page_bytes: 256 << 20,
        }
    }
}

/// The largest row and block: offsets into a block are 32 bits wide.
const ADDRESSABLE_BYTES: usize = 1 << 30;

impl Caps {
    pub(crate) fn check(&self) -> Result<(), TabularError> {
        if self.row_bytes > ADDRESSABLE_BYTES {
            return Err(TabularError::Option { option: "row_bytes", problem: "must not exceed 1 GiB" });
        }
        if self.nesting > 256 {
            return Err(TabularError::Option { option: "nesting", problem: "must not exceed 256" });
        }
        Ok(())
    }
}

/// The Arrow type of text read from CSV and JSON Lines. Whole blocks are checked to be UTF-8 in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextType {
    /// `Utf8View`. In JSON Lines, Arrow checks each cell again.
    #[default]
    Utf8View,
    /// `BinaryView`: for kernels that work on bytes. The bytes of each cell are valid UTF-8.
    BinaryView,
}

impl TextType {
    pub(crate) fn data_type(self) -> arrow_schema::DataType {
        match self {
            Self::Utf8View => arrow_schema::DataType::Utf8View,
            Self::BinaryView => arrow_schema::DataType::BinaryView,
        }
    }
}

/// How to read a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format.
    pub format: Format,
    /// The compression around it.
    pub compression: Compression,
    /// What the input may cost.
    pub caps: Caps,
    /// Bytes of input in one block of a text format; memory is a small multiple of it. Default 1 MiB, kept within
    /// 16 B and 64 MiB. A longer row makes its own block larger, up to [`Caps::row_bytes`].
    pub block_bytes: usize,
    /// Rows of one block of a Parquet file, at most. Default 8,192.
    pub block_rows: usize,
    /// The Arrow type of text. Writers and rewriters take `Utf8View`. Default `Utf8View`.
    pub text: TextType,
    /// Whether blocks carry what a [`crate::Rewriter`] needs. Default false.
    pub rewritable: bool,
    /// JSON Lines and Parquet: whether columns that nobody asked for are looked for inside lists too: `items[*].email` instead of
    /// one column `items` with the list. Default false.
    pub open_lists: bool,
}

impl ReadOptions {
    /// Options for `format` with every default.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            compression: Compression::Auto,
            caps: Caps::default(),
            block_bytes: 1 << 20,
            block_rows: 8_192,
            text: TextType::default(),
            rewritable: false,
            open_lists: false,
        }
    }

    /// The same, for a [`crate::Rewriter`].
    #[must_use]
    pub fn rewritable(mut self) -> Self {
        self.rewritable = true;
        self
    }

    /// The same with another compression.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The same with other caps.
    #[must_use]
    pub fn with_caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// The same with another block size.
    #[must_use]
    pub fn with_block_bytes(mut self, block_bytes: usize) -> Self {
        self.block_bytes = block_bytes;
        self
    }

    /// The same with another type of text.
    #[must_use]
    pub fn with_text(mut self, text: TextType) -> Self {
        self.text = text;
        self
    }

    pub(crate) fn clamped_block_bytes(&self) -> usize {
        self.block_bytes.clamp(16, 64 << 20)
    }
}
