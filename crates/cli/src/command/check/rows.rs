//! The rows that fail, as a table of their own.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use sluice_common::Sha256Digest;
use sluice_quality::{Report, failing_rows, failing_rows_schema};
use sluice_tabular::{CsvOptions, Format, Reader, WriteOptions, Writer};

use crate::args::{Check, FormatName};
use crate::format;
use crate::input::Input;

/// Writes the failing rows; the table is read once more, because whether a row is unique is known only at its end.
pub(super) fn write(path: &Path, args: &Check, sha256: Sha256Digest, report: &Report) -> anyhow::Result<()> {
    let name = path.to_string_lossy();
    let options = format::read_options(&args.file, &args.format)?;
    let (source, digesting) = Input::open(&args.file)?.into_source_ahead(&options)?;
    let reader = Reader::open(source, &options).with_context(|| args.file.clone())?;
    let mut table: Option<(Arc<_>, Writer<_>)> = None;
    for block in reader {
        let block = block.with_context(|| args.file.clone())?;
        // JSON Lines have their columns only with their first block.
        let (schema, writer) = if let Some(open) = &mut table {
            open
        } else {
            let schema = failing_rows_schema(&block.batch.schema());
            let sink = BufWriter::new(File::create(path).with_context(|| name.to_string())?);
            let writer = Writer::new(sink, &write_options(&name), Arc::clone(&schema))?;
            table.insert((schema, writer))
        };
        if let Some(failing) = failing_rows(report, &block.batch, block.first_row, schema)? {
            writer.write(&failing).with_context(|| name.to_string())?;
        }
    }
    ensure!(sha256 == digesting.finish()?, "{}: the file changed while it was read; try again", args.file);
    match table {
        Some((_, writer)) => {
            writer
                .finish()
                .with_context(|| name.to_string())?
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?;
        }
        None => drop(File::create(path).with_context(|| name.to_string())?),
    }
    Ok(())
}

fn write_options(name: &str) -> WriteOptions {
    let format = match format::format_of(name) {
        Some(FormatName::Jsonl) => Format::JsonLines,
        Some(FormatName::Parquet) => Format::Parquet,
        Some(FormatName::Tsv) => Format::Csv(CsvOptions { delimiter: b'\t', ..CsvOptions::default() }),
        Some(FormatName::Csv) | None => Format::Csv(CsvOptions::default()),
    };
    WriteOptions::new(format).with_compression(format::compression_of(name))
}
