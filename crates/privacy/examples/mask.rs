//! Measures pseudonymising: `cargo run --release -p sluice-privacy --example mask -- FILE.csv`, with the columns of the
//! benchmark table. Prints FF1's tokens per second, megabytes per second through reading, transforming and writing, and
//! what each column costs alone; all in processor time of one core.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::sink;
use std::time::Duration;

use sluice_common::policy::{Policy, PrivacySpec};
use sluice_privacy::crypto::{Ff1, Ff1Lane};
use sluice_privacy::keyring::{Domain, DomainKey, Epoch};
use sluice_privacy::pseudonymize::{Plan, run};
use sluice_tabular::{CsvOptions, Format, ReadOptions, WriteOptions};
use zeroize::Zeroizing;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What issue 4 measures, a line a column.
const COLUMNS: &[(&str, &str)] = &[
    ("email", "{ transform: token }"),
    ("card_number", "{ transform: fpe, keep_last: 4, check: luhn }"),
    ("ssn", "{ transform: fpe }"),
    ("phone", "{ transform: mask, keep_last: 4 }"),
    ("created_at", "{ transform: shift_date, per: customer_id, max_days: 30 }"),
    ("full_name", "{ transform: surrogate, kind: name }"),
    ("notes", "{ transform: redact_text }"),
    ("customer_id", "{ transform: encrypt }"),
];

/// Time this thread has spent on a processor, so that other programs do not count (Linux, proc(5)).
fn cpu_time() -> Outcome<Duration> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(statistics.split(' ').next().unwrap_or_default().parse()?))
}

fn privacy(columns: &[(&str, &str)]) -> Outcome<PrivacySpec> {
    let mut named = String::new();
    for (column, transform) in columns {
        writeln!(named, "        {column}: {transform}")?;
    }
    let text = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: csv }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n    privacy:\n      domain: bench\n      undeclared: keep\n      columns:\n{named}"
    );
    let mut policy = Policy::parse(&text)?;
    Ok(policy.datasets.remove(0).privacy)
}

/// Seconds of one pass over the file, and its rows.
fn pass(path: &str, columns: &[(&str, &str)], key: &DomainKey) -> Outcome<(f64, u64)> {
    let format = Format::Csv(CsvOptions::default());
    let plan = Plan::new(&privacy(columns)?, Some(key))?;
    let start = cpu_time()?;
    let finished = run(File::open(path)?, &ReadOptions::new(format.clone()), sink(), &WriteOptions::new(format), plan)?;
    Ok((cpu_time()?.saturating_sub(start).as_secs_f64(), finished.stats.rows))
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement for a person at a terminal")]
fn main() -> Outcome<()> {
    const STRINGS: u16 = 50_000;
    let ff1 = Ff1::aes_256(&[7; 32], 10, &[0; 8])?;
    let digits = |number: u16| (0..16u16).map(move |place| (number >> (place % 13)) % 10);
    let mut lanes: Vec<Ff1Lane> = (0..STRINGS).filter_map(|number| ff1.lane(16, digits(number))).collect();
    let mut strings: Vec<Vec<u16>> = (0..STRINGS).map(|number| digits(number).collect()).collect();
    let start = cpu_time()?;
    for (number, lane) in (0..STRINGS).zip(&mut lanes) {
        *lane = ff1.lane(16, digits(number)).ok_or("sixteen digits")?;
    }
    ff1.encrypt_lanes(&mut lanes);
    let mut sum = 0u64;
    for lane in &lanes {
        ff1.write_numerals(lane, |_index, numeral| sum += u64::from(numeral));
    }
    black_box(sum);
    let side_by_side = cpu_time()?.saturating_sub(start).as_secs_f64();
    let start = cpu_time()?;
    for string in &mut strings {
        ff1.encrypt(string)?;
    }
    black_box(&strings);
    let one_by_one = cpu_time()?.saturating_sub(start).as_secs_f64();
    let millions = f64::from(STRINGS) / 1e6;
    println!(
        "FF1, AES-256, 16 digits: {:.2} M/s side by side, {:.2} M/s one by one",
        millions / side_by_side,
        millions / one_by_one
    );

    let Some(path) = std::env::args().nth(1) else { return Ok(()) };
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let key = DomainKey::new(Domain::new("bench")?, Epoch::FIRST, Zeroizing::new([7; 32]));
    let whole = COLUMNS.get(..7).unwrap_or(COLUMNS);
    let (seconds, rows) = pass(&path, whole, &key)?;
    println!("{:.1} MB/s with {} columns changed, {rows} rows", megabytes / seconds, whole.len());
    let (copying, _) = pass(&path, &[("status", "{ transform: keep }")], &key)?;
    println!("{:.1} MB/s copied", megabytes / copying);
    for column in COLUMNS {
        let (seconds, _) = pass(&path, std::slice::from_ref(column), &key)?;
        println!("{:>12} {:<60} {:>7.0} ns a row", column.0, column.1, (seconds - copying) * 1e9 / rows as f64);
    }
    Ok(())
}
