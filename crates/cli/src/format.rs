//! What a file's name says of its format and compression.

use anyhow::{Context as _, bail};
use sluice_tabular::{Compression, CsvOptions, Format, ReadOptions};

use crate::args::{FormatArgs, FormatName};
use crate::cloud;

/// How to read a table: by the arguments, else by its name. The compression is told from the first bytes.
pub(crate) fn read_options(location: &str, args: &FormatArgs) -> anyhow::Result<ReadOptions> {
    let name = args.format.or_else(|| format_of(location)).with_context(|| {
        format!("{location}: the name does not tell the format; add --format csv, tsv, jsonl or parquet")
    })?;
    Ok(ReadOptions::new(match name {
        FormatName::Csv => Format::Csv(csv(args, ',')?),
        FormatName::Tsv => Format::Csv(csv(args, '\t')?),
        FormatName::Jsonl => Format::JsonLines,
        FormatName::Parquet => Format::Parquet,
    }))
}

fn csv(args: &FormatArgs, usual: char) -> anyhow::Result<CsvOptions> {
    let Ok(delimiter) = u8::try_from(args.delimiter.unwrap_or(usual)) else {
        bail!("--delimiter: expected one ASCII character");
    };
    Ok(CsvOptions { delimiter, header: !args.no_header, ..CsvOptions::default() })
}

/// The format that a name says, whatever compression is around it.
pub(crate) fn format_of(location: &str) -> Option<FormatName> {
    let (name, _) = split_compression(location);
    match name.rsplit_once('.')?.1 {
        "csv" => Some(FormatName::Csv),
        "tsv" => Some(FormatName::Tsv),
        "jsonl" | "ndjson" | "json" => Some(FormatName::Jsonl),
        "parquet" | "pq" => Some(FormatName::Parquet),
        _ => None,
    }
}

/// The compression that a name says.
pub(crate) fn compression_of(location: &str) -> Compression {
    split_compression(location).1
}

fn split_compression(location: &str) -> (String, Compression) {
    let is_s3 = cloud::is_s3(location);
    let path = location.split_once("?versionId=").filter(|_| is_s3).map_or(location, |(path, _)| path);
    let name = path.to_ascii_lowercase();
    let known = [
        (".gz", Compression::Gzip),
        (".gzip", Compression::Gzip),
        (".zst", Compression::Zstd),
        (".zstd", Compression::Zstd),
    ];
    let found = known.into_iter().find_map(|(suffix, kind)| Some((name.strip_suffix(suffix)?.to_owned(), kind)));
    found.unwrap_or((name, Compression::None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_format_and_compression() {
        let table = [
            ("a.csv", Some(FormatName::Csv), Compression::None),
            ("/tmp/x.y/A.CSV.GZ", Some(FormatName::Csv), Compression::Gzip),
            ("a.tsv.zst", Some(FormatName::Tsv), Compression::Zstd),
            ("a.json.zstd", Some(FormatName::Jsonl), Compression::Zstd),
            ("a.ndjson", Some(FormatName::Jsonl), Compression::None),
            ("s3://lake/a.parquet?versionId=x.csv.gz", Some(FormatName::Parquet), Compression::None),
            ("a.xlsx", None, Compression::None),
            ("csv", None, Compression::None),
        ];
        for (name, format, compression) in table {
            assert_eq!((format_of(name), compression_of(name)), (format, compression), "{name}");
        }
    }
}
