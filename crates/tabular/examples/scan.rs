//! Counts the rows of a table and prints how fast: `scan FILE [csv|jsonl|parquet] [all|COLUMN,…] [text|bytes] [BLOCK_KIB]`.

use std::fs::File;
use std::time::Instant;

use sluice_tabular::{ColumnPath, CsvOptions, Format, ReadOptions, Reader, TextType};

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement for people")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: scan FILE [csv|jsonl|parquet] [all|COLUMN,...] [text|bytes] [BLOCK_KIB]")?;
    let format = match args.next().as_deref() {
        None | Some("csv") => Format::Csv(CsvOptions::default()),
        Some("jsonl") => Format::JsonLines,
        Some("parquet") => Format::Parquet,
        Some(other) => return Err(format!("unknown format {other}").into()),
    };
    let columns: Option<Vec<ColumnPath>> =
        args.next().filter(|list| list != "all").map(|list| list.split(',').map(ColumnPath::from).collect());
    let text = if args.next().as_deref() == Some("bytes") { TextType::BinaryView } else { TextType::Utf8View };
    let block_kib = args.next().map_or(Ok(1024), |kib| kib.parse::<usize>())?;
    let file = File::open(&path)?;
    let bytes = file.metadata()?.len();
    let begun = Instant::now();
    let mut reader = Reader::open(file, &ReadOptions::new(format).with_text(text).with_block_bytes(block_kib << 10))?;
    if let Some(columns) = columns {
        reader.project(&columns)?;
    }
    let mut rows = 0;
    for block in reader {
        rows += block?.rows();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{rows} rows, {bytes} bytes, {seconds:.3} s, {:.0} MB/s", bytes as f64 / seconds / 1e6);
    Ok(())
}
