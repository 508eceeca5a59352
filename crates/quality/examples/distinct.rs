//! Counts distinct keys beyond memory: `distinct [KEYS] [KEY-MEMORY-BYTES]`. Every thousandth key comes twice. Prints what
//! was counted, the time and the peak of resident memory (Linux).
#![expect(clippy::print_stdout, reason = "a measuring program for a terminal")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use sluice_quality::{Evaluation, EvaluationOptions, NoHistory};

const BLOCK_ROWS: i64 = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let keys: i64 = arguments.next().map_or(Ok(100_000_000), |keys| keys.parse())?;
    let mut options = EvaluationOptions::at(0);
    if let Some(bytes) = arguments.next() {
        options.key_memory_bytes = bytes.parse()?;
    }
    let twice = keys / 1000;
    let rules =
        format!("Rules = [ DistinctValuesCount \"id\" = {keys}, IsUnique \"id\", RowCount = {} ]", keys + twice);
    let ruleset = sluice_dqdl::parse(&rules)?;
    let block = |start: i64, end: i64, step: i64| {
        // Multiplying by an odd number permutes the keys: they come in no order.
        let key = |index: i64| (index * step).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((start..end).map(key)));
        RecordBatch::try_from_iter([("id", ids)])
    };
    let mut evaluation = Evaluation::new(&ruleset, &block(0, 1, 1)?.schema(), &options, &NoHistory);
    let start = Instant::now();
    let mut rows = 0;
    for (count, step) in [(keys, 1), (twice, 1000)] {
        let mut first = 0;
        while first < count {
            let end = (first + BLOCK_ROWS).min(count);
            evaluation.update(&block(first, end, step)?, rows)?;
            rows += u64::try_from(end - first)?;
            first = end;
        }
    }
    let reading = start.elapsed().as_secs_f64();
    let report = evaluation.finish()?;
    for rule in &report.rules {
        println!("{} {} {:?}", rule.outcome.as_glue(), rule.rule, rule.metrics);
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{rows} rows: {reading:.1} s to take in, {:.1} s in all; peak {peak}", start.elapsed().as_secs_f64());
    Ok(())
}
