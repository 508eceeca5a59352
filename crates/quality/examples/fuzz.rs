//! Rulesets and blocks by the million, made of pieces that mean something and then damaged: `fuzz [CASES [SEED [CASE]]]`.
//!
//! Half of the cases are texts for the parser: what it takes must print to something that it takes for the same. The others
//! are tables (CSV, JSON Lines, Parquet, whole or damaged) judged by a ruleset: there is a report or an error that puts
//! the fault on the input. No case may panic, take longer than a second of a processor, or leave memory behind. The third
//! argument runs one case alone and shows it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for a terminal that says what it found"
)]

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use fastrand::Rng;
use sluice_dqdl::registry::RuleType;
use sluice_quality::{CheckError, EvaluationOptions, NoHistory, measure_on};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source, WriteOptions, Writer};

/// The longest that a case may take of a processor; it takes some hundred microseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// What memory may grow by from the first tenth to the end, in KiB: allocators do not give back everything.
const GROWTH_KIB: u64 = 32 << 10;

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "Rules", "Analyzers", "DataSources", "Metadata", "DefaultLabels", "=", "=", "[", "]", "(", ")", "{", "}", ",", ",",
    ":", "!", "!=", ">", ">=", "<", "<=", "and", "or", "not", "in", "between", "matches", "with", "threshold", "where",
    "of", "$", "$v", "\"a\"", "\"x\"", "\"id\"", "`id`", "\"\\\"\"", "\"\\\\\"", "\"[a-z]+\"", "\"(a+)+$\"",
    "\"2024-01-31\"", "\"", "\\", "'", "0", "1", "-1", "0.5", "1e400", "9223372036854775808", "NULL", "EMPTY",
    "WHITESPACES_ONLY", "now()", "(now() - 3 days)", "2 hours", "5 KB", "last()", "avg(last(3))",
    "percentile(last(9), 0.5)", "primary", "ref.id", "#", "//", "\n", "\r\n", "\t", " ", "\u{a0}", "é", "\u{1f600}",
    "\0", "true", "tags", "labels", "\"k\"=\"v\"",
];

#[rustfmt::skip]
const CELLS: &[&str] = &[
    "1", "0", "-7", "3.25", "1e308", "NaN", "inf", "2024-02-30", "2024-02-29T23:59:60Z", "true", "", "\"\"", "\"a,b\"",
    "\"a\nb\"", "\"x\"\"y\"", "null", "é", "\u{feff}", " ", "'", "0x1f", "9223372036854775808", "000", "+1", "1,5",
    "a@b.de",
];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "1", "-0", "1e999", "0.1", "\"\"", "\"a\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "null", "true",
    "[]", "{}", "[1,\"a\",null]", "{\"x\":1}", "{\"a.b\":{\"c\":[{}]}}", "\"2024-01-01\"", "12345678901234567890",
];

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let (cases, seed) = (numbers.next().unwrap_or(10_000_000), numbers.next().unwrap_or(1));
    let parquet = parquet();
    if let Some(case) = numbers.next() {
        run(seed, case, &parquet, true);
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let (begun, bad, slowest) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
    let in_parallel = |from: u64, to: u64| {
        let next = AtomicU64::new(from);
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, std::num::NonZero::get) {
                scope.spawn(|| {
                    while let case = next.fetch_add(1, Ordering::Relaxed)
                        && case < to
                    {
                        let begun = cpu_time();
                        let outcome = catch_unwind(AssertUnwindSafe(|| run(seed, case, &parquet, false)));
                        let took = cpu_time().saturating_sub(begun);
                        slowest.fetch_max(u64::try_from(took.as_micros()).unwrap(), Ordering::Relaxed);
                        if outcome.is_err() || took > PATIENCE {
                            bad.fetch_add(1, Ordering::Relaxed);
                            eprintln!("case {case} of seed {seed}: panic {}, {took:?}", outcome.is_err());
                        }
                    }
                });
            }
        });
    };
    in_parallel(0, cases / 10);
    let before = resident_kib();
    in_parallel(cases / 10, cases);
    let (after, bad) = (resident_kib(), bad.into_inner());
    println!(
        "fuzz: {cases} cases in {:.0} s, {bad} bad, the slowest took {:.1} ms, memory {:.0} MiB after a tenth and {:.0} MiB at the end",
        begun.elapsed().as_secs_f64(),
        Duration::from_micros(slowest.into_inner()).as_secs_f64() * 1e3,
        f64::from(u32::try_from(before).unwrap()) / 1024.0,
        f64::from(u32::try_from(after).unwrap()) / 1024.0,
    );
    ExitCode::from(u8::from(bad > 0 || after > before + GROWTH_KIB))
}

/// Time this thread has spent on a processor, so that other programs do not count (Linux, proc(5)).
fn cpu_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// One case, which its number and the seed decide.
fn run(seed: u64, case: u64, parquet: &[u8], show: bool) {
    let mut rng = Rng::with_seed(seed.rotate_left(32) ^ case);
    if case.is_multiple_of(2) {
        let text = ruleset(&mut rng);
        if show {
            println!("{text}");
        }
        if let Ok(parsed) = sluice_dqdl::parse(&text) {
            let printed = parsed.to_string();
            assert!(sluice_dqdl::parse(&printed).is_ok_and(|again| again == parsed), "{printed}");
        }
        return;
    }
    let (format, bytes) = match case % 16 {
        1 => (Format::Parquet, damaged(parquet.to_vec(), &mut rng)),
        3 | 5 | 7 => (Format::JsonLines, json_lines(&mut rng)),
        _ => (Format::Csv(CsvOptions::default()), csv(&mut rng)),
    };
    let rules = loop {
        if let Ok(rules) = sluice_dqdl::parse(&sound_ruleset(&mut rng)) {
            break rules;
        }
    };
    if show {
        println!("{rules}\n{}", String::from_utf8_lossy(&bytes));
    }
    let options = ReadOptions::new(format.clone()).with_block_bytes(rng.usize(16..512));
    let source =
        if format == Format::Parquet { Source::Bytes(bytes.into()) } else { Source::stream(Cursor::new(bytes)) };
    let judged = Reader::open(source, &options)
        .map_err(CheckError::from)
        .and_then(|reader| measure_on(1, reader, &rules, &EvaluationOptions::at(0), &NoHistory))
        .and_then(|measured| Ok(measured.finish()?));
    match judged {
        Ok(report) => assert_eq!(report.rules.len(), rules.rules.len()),
        Err(CheckError::Table(error)) => assert!(error.is_input_fault(), "{error:?}"),
        Err(error) => panic!("{error:?}"),
    }
}

fn pick<'a>(from: &[&'a str], rng: &mut Rng) -> &'a str {
    from[rng.usize(..from.len())]
}

/// Words in a row, or a sound ruleset with damages.
fn ruleset(rng: &mut Rng) -> String {
    if rng.u8(..4) == 0 {
        return (0..rng.usize(..60)).map(|_| pick(WORDS, rng).to_owned() + pick(&["", " "], rng)).collect();
    }
    let mut text = sound_ruleset(rng);
    for _ in 0..rng.usize(..4) {
        let from = text.floor_char_boundary(rng.usize(..=text.len()));
        let to = text.floor_char_boundary((from + rng.usize(..8)).min(text.len()));
        text.replace_range(from..to, pick(WORDS, rng));
    }
    text
}

fn sound_ruleset(rng: &mut Rng) -> String {
    let rules: Vec<String> = (0..rng.usize(1..5))
        .map(|_| match rng.u8(..6) {
            0 => format!("({}) {} ({})", rule(rng), pick(&["and", "or"], rng), rule(rng)),
            _ => rule(rng),
        })
        .collect();
    format!("Rules = [ {} ]", rules.join(", "))
}

fn rule(rng: &mut Rng) -> String {
    let name = RuleType::ALL[rng.usize(..RuleType::ALL.len())].spec().name;
    let columns: Vec<String> =
        (0..rng.usize(..3)).map(|_| format!("\"{}\"", pick(&["id", "x", "name", "gone", "n.a"], rng))).collect();
    let condition = pick(
        &[
            "",
            "> 0",
            "= 1",
            "between 0 and 9",
            "not between 1 and 2",
            "in [\"a\", NULL]",
            "matches \"[a-z]+\"",
            ">= \"2024-01-31\"",
            "<= 3 hours",
            "!= EMPTY",
            "> avg(last(3))",
            "= \"INTEGER\"",
        ],
        rng,
    );
    let clause = pick(&["", "", "", "where \"id > 1\"", "where \"x like '%a' or name is null\"", "where \"(\""], rng);
    let tag = pick(&["", "", "", "with threshold > 0.5", "with threshold between 0 and 1"], rng);
    format!("{name} {} {condition} {clause} {tag}", columns.join(" "))
}

fn csv(rng: &mut Rng) -> Vec<u8> {
    let mut text = "id,x,name,n.a\n".to_owned();
    for _ in 0..rng.usize(..12) {
        let columns = if rng.u8(..24) == 0 { rng.usize(..6) } else { 4 };
        let cells: Vec<&str> = (0..columns).map(|_| pick(CELLS, rng)).collect();
        text += &(cells.join(",") + pick(&["\n", "\n", "\r\n", ""], rng));
    }
    damaged(text.into_bytes(), rng)
}

fn json_lines(rng: &mut Rng) -> Vec<u8> {
    let mut text = String::new();
    for _ in 0..rng.usize(..12) {
        let members: Vec<String> = (0..rng.usize(..5))
            .map(|_| format!("\"{}\": {}", pick(&["id", "x", "name", "n.a", "n", "\\u0069d"], rng), pick(VALUES, rng)))
            .collect();
        text += &("{".to_owned() + &members.join(", ") + "}\n");
    }
    damaged(text.into_bytes(), rng)
}

/// Half of the time as it is; else some bytes are others, doubled or gone.
fn damaged(mut bytes: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    if bytes.is_empty() || rng.bool() {
        return bytes;
    }
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..bytes.len());
        match rng.u8(..4) {
            0 => bytes[at] ^= 1 << rng.u8(..8),
            1 => bytes[at] = rng.u8(..),
            2 => bytes.truncate(at.max(1)),
            _ => bytes.insert(at, *b"\",\n\0{}[]\\:"[rng.usize(..11)..].first().unwrap_or(&b'"')),
        }
    }
    bytes
}

fn parquet() -> Vec<u8> {
    let id: ArrayRef = Arc::new((0..40).map(|row| (row % 7 != 0).then_some(row)).collect::<Int64Array>());
    let text = |every: i64| -> ArrayRef {
        Arc::new((0..40).map(|row| (row % every != 0).then(|| (row % 5).to_string())).collect::<StringArray>())
    };
    let columns = [("id", id), ("x", text(3)), ("name", text(4)), ("n.a", text(5))];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap()
}

/// Resident memory (`proc(5)`).
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().unwrap_or("0").parse().unwrap_or_default()
}
