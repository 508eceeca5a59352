//! Judges a CSV, JSON Lines or Parquet file: `judge FILE RULES.dqdl`. Prints outcomes and CPU-bound wall time.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program for a terminal")]

use std::error::Error;
use std::fs::File;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

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
    let start = Instant::now();
    let reader = Reader::open(File::open(path)?, &ReadOptions::new(format))?;
    let report = check(reader, &ruleset, &EvaluationOptions::at(now), &NoHistory)?;
    let seconds = start.elapsed().as_secs_f64();
    for rule in &report.rules {
        println!("{} {} {:?} {:?}", rule.outcome.as_glue(), rule.rule, rule.metrics, rule.message);
    }
    println!("{} rows, {seconds:.2} s", report.rows);
    Ok(())
}
