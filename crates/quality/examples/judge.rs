//! Judges a CSV, JSON Lines or Parquet file as `sluice check` does, SHA-256 included: `judge FILE RULES.dqdl
//! [KEY-MEMORY-BYTES [BLOCK-KIB]]`. Prints outcomes and wall time.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program for a terminal")]

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use sluice_quality::{EvaluationOptions, NoHistory, check};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};

/// A file that is hashed as it is read.
struct Hashed {
    file: File,
    hasher: Arc<Mutex<Sha256>>,
}

impl Read for Hashed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        let mut hasher = self.hasher.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.update(into.get(..length).unwrap_or_default());
        Ok(length)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(rules)) = (arguments.next(), arguments.next()) else {
        return Err("usage: judge FILE RULES.dqdl [KEY-MEMORY-BYTES [BLOCK-KIB]]".into());
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
    let mut read = ReadOptions::new(format.clone());
    if let Some(kib) = arguments.next() {
        read.block_bytes = kib.parse::<usize>()? << 10;
    }
    let start = Instant::now();
    let hasher = Arc::new(Mutex::new(Sha256::new()));
    let mut hashing = None;
    let mut hashed = Hashed { file: File::open(&path)?, hasher: Arc::clone(&hasher) };
    let source = if format == Format::Parquet {
        let table = hashed.file.try_clone()?;
        let mut hash_all = move || io::copy(&mut hashed, &mut io::sink());
        if thread::available_parallelism()?.get() > 1 {
            hashing = Some(thread::spawn(hash_all));
        } else {
            hash_all()?;
        }
        Source::File(table)
    } else {
        Source::stream(hashed)
    };
    let reader = Reader::open(source, &read)?;
    let report = check(reader, &ruleset, &options, &NoHistory)?;
    if let Some(hashing) = hashing {
        hashing.join().ok().ok_or("hashing panicked")??;
    }
    let seconds = start.elapsed().as_secs_f64();
    for rule in &report.rules {
        println!("{} {} {:?} {:?}", rule.outcome.as_glue(), rule.rule, rule.metrics, rule.message);
    }
    let sha256 = hex::encode(hasher.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize());
    println!("{} rows, {seconds:.2} s; SHA-256 {sha256}", report.rows);
    Ok(())
}
