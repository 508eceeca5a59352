//! From what the policy says of a format to a reader of tables.

use std::io::Read;

use sluice_common::policy::{Compression, FormatKind, FormatSpec};
use sluice_tabular as tabular;

/// Lambda's largest ephemeral storage. A function that has less fails to write before, which is a retry, not a verdict.
const MAX_SPOOL_BYTES: u64 = 10 << 30;

/// The reader's options for a dataset's format.
pub fn read_options(spec: &FormatSpec) -> tabular::ReadOptions {
    let compression = match spec.compression {
        Compression::Auto => tabular::Compression::Auto,
        Compression::None => tabular::Compression::None,
        Compression::Gzip => tabular::Compression::Gzip,
        Compression::Zstd => tabular::Compression::Zstd,
    };
    let caps = tabular::Caps { ratio: spec.max_ratio.into(), ..tabular::Caps::default() };
    tabular::ReadOptions::new(format(&spec.kind)).with_compression(compression).with_caps(caps)
}

fn format(kind: &FormatKind) -> tabular::Format {
    match *kind {
        FormatKind::Csv { delimiter, quote, header } => {
            tabular::Format::Csv(tabular::CsvOptions { delimiter, quote, header, ..tabular::CsvOptions::default() })
        }
        FormatKind::JsonLines => tabular::Format::JsonLines,
        FormatKind::Parquet => tabular::Format::Parquet,
    }
}

/// The compression that the first bytes show, by the magic numbers of RFC 1952 and RFC 8878: a zstd stream may begin with a
/// skippable frame.
pub fn compression_of(first_bytes: &[u8]) -> tabular::Compression {
    match first_bytes {
        [0x1f, 0x8b, ..] => tabular::Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => tabular::Compression::Zstd,
        _ => tabular::Compression::None,
    }
}

/// The ending of a written table's key.
pub fn ending(write: &tabular::WriteOptions) -> String {
    let format = match write.format {
        tabular::Format::Csv(_) => ".csv",
        tabular::Format::JsonLines => ".jsonl",
        tabular::Format::Parquet => return ".parquet".to_owned(),
    };
    let compression = match write.compression {
        tabular::Compression::Gzip => ".gz",
        tabular::Compression::Zstd => ".zst",
        tabular::Compression::Auto | tabular::Compression::None => "",
    };
    format!("{format}{compression}")
}

/// A source of bytes that arrive once. Parquet keeps its index at its end, so it is copied to ephemeral storage first.
///
/// # Errors
/// When the bytes or the storage end early.
pub fn source(
    input: impl Read + Send + 'static,
    options: &tabular::ReadOptions,
) -> Result<tabular::Source, tabular::TabularError> {
    Ok(match options.format {
        tabular::Format::Parquet => tabular::spool(input, &std::env::temp_dir(), MAX_SPOOL_BYTES)?.into(),
        _ => tabular::Source::stream(input),
    })
}

/// Opens a table over bytes that arrive once.
///
/// # Errors
/// As [`source`], and what [`tabular::Reader::open`] finds.
pub fn open(
    input: impl Read + Send + 'static,
    options: &tabular::ReadOptions,
) -> Result<tabular::Reader, tabular::TabularError> {
    tabular::Reader::open(source(input, options)?, options)
}
