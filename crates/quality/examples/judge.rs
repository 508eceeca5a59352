//! Judges a CSV, JSON Lines or Parquet file: `judge FILE RULES.dqdl [KEY-MEMORY-BYTES]`. Prints outcomes and
//! wall time, and that of SHA-256 apart.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measuring program for a terminal"
)]

use std::error::Error;
use std::fs::File;
use std::io::Read as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use sluice_quality::{EvaluationOptions, NoHistory, check};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(rules)) = (arguments.next(), arguments.next()) else {
        return Err("usage: judge FILE RULES.dqdl".into());
    };
    let ruleset = sluice_dqdl::parse(&std::fs::read_to_string(rules)?)?;
    let format = if path.contains(".parquet") {
        Format::Parquet
    } else if path.contains(".jsonl") {
        Format::JsonLines
    } else {
        Format::Csv(CsvOptions::default())
    };
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    let mut options = EvaluationOptions::at(now);
    if let Some(bytes) = arguments.next() {
        options.key_memory_bytes = bytes.parse()?;
    }
    let start = Instant::now();
    let reader = Reader::open(File::open(&path)?, &ReadOptions::new(format))?;
    let report = check(reader, &ruleset, &options, &NoHistory)?;
    let seconds = start.elapsed().as_secs_f64();
    for rule in &report.rules {
        println!("{} {} {:?} {:?}", rule.outcome.as_glue(), rule.rule, rule.metrics, rule.message);
    }
    let start = Instant::now();
    let mut hasher = Sha256::new();
    let (mut file, mut buffer) = (File::open(&path)?, vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            bytes => hasher.update(&buffer[..bytes]),
        }
    }
    let digest = hex::encode(hasher.finalize());
    let hashing = start.elapsed().as_secs_f64();
    println!("{} rows, {seconds:.2} s; SHA-256 {digest} apart, {hashing:.2} s", report.rows);
    Ok(())
}
