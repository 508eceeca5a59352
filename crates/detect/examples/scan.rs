//! Measures scanning: `cargo run --release -p sluice-detect --example scan -- FILE.csv` (plain CSV without quoted line
//! breaks). Prints bytes per second on one core and the vote on each column.

use sluice_detect::{ColumnVote, Detector, Options, VoteRule};
use std::time::Duration;

/// Time this thread has spent on a processor, so that other programs do not count (Linux, proc(5)).
fn cpu_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(statistics.split(' ').next().unwrap_or_default().parse()?))
}

/// Splits a line at commas outside quotes.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement for a person at a terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a CSV file")?;
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = cells(lines.next().unwrap_or_default()).collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| cells(line).collect()).collect();

    let start = cpu_time()?;
    let detector = Detector::new(&Options::default())?;
    let places: Vec<_> = header.iter().map(|name| detector.place(&[name])).collect();
    println!("compiled in {:?}", cpu_time()?.saturating_sub(start));
    let mut scanner = detector.scanner();
    let mut votes = vec![ColumnVote::new(); header.len()];
    let start = cpu_time()?;
    for row in &rows {
        for ((cell, place), vote) in row.iter().zip(&places).zip(&mut votes) {
            vote.add(cell.len(), scanner.scan(cell, place));
        }
    }
    let seconds = cpu_time()?.saturating_sub(start).as_secs_f64();
    println!("{:.1} MB/s over {} rows", text.len() as f64 / 1e6 / seconds, rows.len());
    for (index, (name, vote)) in header.iter().zip(&votes).enumerate() {
        let start = cpu_time()?;
        for (row, place) in rows.iter().zip(std::iter::repeat(places.get(index).ok_or("a place each")?)) {
            if let Some(cell) = row.get(index) {
                scanner.scan(cell, place);
            }
        }
        let nanoseconds = cpu_time()?.saturating_sub(start).as_secs_f64() * 1e9 / rows.len().max(1) as f64;
        let verdict: Vec<_> = vote
            .verdict(VoteRule::default())
            .iter()
            .map(|share| format!("{} {:.2}", share.entity, share.share))
            .collect();
        println!("{name:14} {nanoseconds:6.0} ns/cell  {}", verdict.join(", "));
    }
    Ok(())
}
