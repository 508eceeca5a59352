//! Measures pseudonymising: `cargo run --release -p sluice-privacy --example mask -- FILE.csv [COLUMN…]`, with the columns
//! of the benchmark table. Prints what the cryptography alone costs, megabytes per second through reading, transforming and
//! writing, and what each column costs alone; all in processor time of one core. With names of columns, only these are
//! changed, together, as for a profiler, and the digest of the output tells whether two builds write the same.

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{Write, sink};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sluice_common::policy::{Policy, PrivacySpec};
use sluice_privacy::crypto::{Ff1, Ff1Lane, HmacBatch, HmacKey, Prf};
use sluice_privacy::keyring::{Domain, DomainKey, Epoch};
use sluice_privacy::pseudonymize::{Plan, run};
use sluice_tabular::{CsvOptions, Format, ReadOptions, WriteOptions};
use zeroize::Zeroizing;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How the columns of the benchmark table are changed.
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
    let start = cpu_time()?;
    let (_sink, rows) = rewrite(path, columns, key, sink())?;
    Ok((cpu_time()?.saturating_sub(start).as_secs_f64(), rows))
}

fn rewrite<W: Write + Send>(path: &str, columns: &[(&str, &str)], key: &DomainKey, sink: W) -> Outcome<(W, u64)> {
    let format = Format::Csv(CsvOptions::default());
    let plan = Plan::new(&privacy(columns)?, Some(key))?;
    let finished = run(File::open(path)?, &ReadOptions::new(format.clone()), sink, &WriteOptions::new(format), plan)?;
    Ok((finished.sink, finished.stats.rows))
}

/// A digest of all that was written.
struct Digested(Sha256);

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Values of which the cryptography alone is measured, and how many of them are in a batch.
const VALUES: u16 = 50_000;
/// The clock of processor time ticks in milliseconds.
const REPEATS: u16 = 20;
const BATCH: usize = 512;

/// Nanoseconds for each of [`VALUES`].
fn nanoseconds_each(mut work: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let start = cpu_time()?;
    for _repeat in 0..REPEATS {
        work()?;
    }
    Ok(cpu_time()?.saturating_sub(start).as_secs_f64() * 1e9 / f64::from(VALUES) / f64::from(REPEATS))
}

#[expect(clippy::print_stdout, reason = "a measurement for a person at a terminal")]
fn cryptography() -> Outcome<()> {
    let ff1 = Ff1::aes_256(&[7; 32], 10, &[0; 8])?;
    let digits = |number: u16| (0..16u16).map(move |place| (number >> (place % 13)) % 10);
    let mut lanes: Vec<Ff1Lane> = (0..VALUES).filter_map(|number| ff1.lane(16, digits(number))).collect();
    let mut strings: Vec<Vec<u16>> = (0..VALUES).map(|number| digits(number).collect()).collect();
    let side_by_side = nanoseconds_each(|| {
        for (number, lane) in (0..VALUES).zip(&mut lanes) {
            *lane = ff1.lane(16, digits(number)).ok_or("sixteen digits")?;
        }
        ff1.encrypt_lanes(&mut lanes);
        let mut sum = 0u64;
        for lane in &lanes {
            ff1.write_numerals(lane, |_index, numeral| sum += u64::from(numeral));
        }
        black_box(sum);
        Ok(())
    })?;
    let rounds_alone = nanoseconds_each(|| {
        ff1.encrypt_lanes(black_box(&mut lanes));
        Ok(())
    })?;
    let one_by_one = nanoseconds_each(|| Ok(strings.iter_mut().try_for_each(|string| ff1.encrypt(string))?))?;
    println!(
        "FF1, AES-256, 16 digits: {side_by_side:.0} ns side by side ({:.2} M/s; the rounds alone {rounds_alone:.0} ns), \
         {one_by_one:.0} ns one by one ({:.2} M/s)",
        1e3 / side_by_side,
        1e3 / one_by_one
    );
    let mail = b"user1420692@example1.com";
    let (key, mut batch) = (HmacKey::new(&[7; 32]), HmacBatch::with_capacity(BATCH));
    let hmac = nanoseconds_each(|| {
        for _batch in 0..usize::from(VALUES) / BATCH {
            (0..BATCH).for_each(|_message| key.add(black_box(mail), &mut batch));
            key.tags(&mut batch).for_each(|tag| {
                black_box(tag);
            });
        }
        Ok(())
    })?;
    let (prf, mut numbers) = (Prf::new(&[7; 32]), Vec::with_capacity(usize::from(VALUES)));
    let cmac = nanoseconds_each(|| {
        numbers.clear();
        prf.numbers((0..VALUES).map(|_message| black_box(b"C000358352".as_slice())), &mut numbers);
        black_box(&numbers);
        Ok(())
    })?;
    println!("HMAC-SHA-256 of 24 bytes: {hmac:.0} ns; AES-256-CMAC of 10 bytes: {cmac:.0} ns");
    Ok(())
}

#[expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement for a person at a terminal")]
fn main() -> Outcome<()> {
    cryptography()?;
    let Some(path) = std::env::args().nth(1) else { return Ok(()) };
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    let key = DomainKey::new(Domain::new("bench")?, Epoch::FIRST, Zeroizing::new([7; 32]));
    let named: Vec<String> = std::env::args().skip(2).collect();
    if !named.is_empty() {
        let columns: Vec<_> =
            COLUMNS.iter().copied().filter(|(name, _)| named.iter().any(|named| named == name)).collect();
        let (seconds, rows) = pass(&path, &columns, &key)?;
        println!("{:.1} MB/s, {:.0} ns a row", megabytes / seconds, seconds * 1e9 / rows as f64);
        let (written, _rows) = rewrite(&path, &columns, &key, Digested(Sha256::new()))?;
        println!("sha256 of the output: {}", hex::encode(written.0.finalize()));
        return Ok(());
    }
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
