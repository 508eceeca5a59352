//! Measures scanning: `cargo run --release -p sluice-detect --example find -- FILE.csv`. Prints bytes per second on one
//! core, with and without reading the CSV, and what each column's cells cost.

use sluice_detect::{ColumnClass, ColumnScan, Detector, Options, TableOptions, TableScan, VoteRule};
use sluice_tabular::{Block, CsvOptions, Format, ReadOptions, Reader};
use std::fs::File;
use std::time::Duration;

/// Blocks kept in memory to measure scanning alone.
const MAX_BLOCKS: usize = 128;

/// Time this thread has spent on a processor, so that other programs do not count (Linux, proc(5)).
fn cpu_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(statistics.split(' ').next().unwrap_or_default().parse()?))
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement for a person at a terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a CSV file")?;
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let options = ReadOptions::new(Format::Csv(CsvOptions::default()));
    let open = || -> Result<Reader, Box<dyn std::error::Error>> { Ok(Reader::open(File::open(&path)?, &options)?) };

    let start = cpu_time()?;
    let detector = Detector::new(&Options::default())?;
    println!("compiled in {:?}, {} entities", cpu_time()?.saturating_sub(start), detector.entity_names().count());

    let start = cpu_time()?;
    let mut scan = TableScan::new(&detector, TableOptions::default());
    for block in open()? {
        scan.add(&block?)?;
    }
    let report = scan.finish(VoteRule::default());
    let whole = cpu_time()?.saturating_sub(start).as_secs_f64();
    let start = cpu_time()?;
    for block in open()? {
        drop(block?);
    }
    let reading = cpu_time()?.saturating_sub(start).as_secs_f64();
    println!("{:.1} MB/s read and scanned, {} rows", megabytes / whole, report.rows);
    println!("{:.1} MB/s scanned alone, {:.1} MB/s read alone", megabytes / (whole - reading), megabytes / reading);

    let blocks = open()?.take(MAX_BLOCKS).collect::<Result<Vec<Block>, _>>()?;
    let rows: usize = blocks.iter().map(Block::rows).sum();
    for (index, column) in report.columns.iter().enumerate() {
        let mut alone = ColumnScan::new(&detector, &column.name);
        let mut scanner = detector.scanner();
        let start = cpu_time()?;
        for block in &blocks {
            let array = block.batch.columns().get(index).ok_or("a column each")?;
            alone.add(&mut scanner, array, block.first_row, TableOptions::default())?;
        }
        let nanoseconds = cpu_time()?.saturating_sub(start).as_secs_f64() * 1e9 / rows.max(1) as f64;
        let class = match &column.class {
            ColumnClass::Clear => String::new(),
            ColumnClass::Of(share) => format!("{} {:.3}", share.entity, share.share),
            ColumnClass::TextWith(shares) => {
                let each: Vec<_> =
                    shares.iter().map(|share| format!("with {} {:.3}", share.entity, share.share)).collect();
                each.join(", ")
            }
        };
        println!("{:14} {nanoseconds:6.0} ns/cell  {class}", column.name);
    }
    Ok(())
}
