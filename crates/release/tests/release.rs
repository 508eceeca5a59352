//! What is told, and what is not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::float_cmp, missing_docs)]

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use sluice_common::policy::{NumberBounds, ReleaseColumn, ReleaseSpec};
use sluice_common::privacy_loss::PrivacyLoss;
use sluice_common::{Dispose as _, Sha256Digest};
use sluice_release::answer::{Bin, Estimate, Holds};
use sluice_release::budget::{Book, Directory};
use sluice_release::{Answer, Budget, BudgetError, Plan, ReleaseError, ReleaseRequest};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};

fn loss(epsilon: &str, delta: &str) -> PrivacyLoss {
    PrivacyLoss { epsilon: epsilon.parse().unwrap(), delta: delta.parse().unwrap() }
}

fn spec(person: Option<&str>, max_rows_per_person: u32) -> ReleaseSpec {
    let numbers = ReleaseColumn::Number(NumberBounds { min: 0.0, max: 100.0, step: 0.5 });
    let values = vec!["US".to_owned(), "DE".to_owned(), "FR".to_owned()];
    ReleaseSpec {
        budget: loss("1000", "1e-5"),
        person: person.map(str::to_owned),
        max_rows_per_person,
        columns: vec![("amount".to_owned(), numbers), ("country".to_owned(), ReleaseColumn::Category { values })],
    }
}

/// 1,000 people, two rows each; amounts 0 to 99.9; one in ten countries is none that the policy lists.
fn table() -> String {
    let mut csv = "person,amount,country\n".to_owned();
    for row in 0..2_000 {
        let country = ["US", "US", "US", "US", "US", "DE", "DE", "DE", "", "XX"][row % 10];
        let amount = f64::from(u32::try_from(row % 1_000).unwrap()) / 10.0;
        writeln!(csv, "p{},{amount},{country}", row / 2).unwrap();
    }
    csv
}

fn reader(csv: &str) -> Reader {
    let options = ReadOptions::new(Format::Csv(CsvOptions::default()));
    Reader::open(Source::stream(Cursor::new(csv.to_owned().into_bytes())), &options).unwrap()
}

fn request(queries: &str) -> ReleaseRequest {
    ReleaseRequest::parse(format!(r#"{{"id":"r1","queries":[{queries}]}}"#).as_bytes()).unwrap()
}

fn answer(spec: &ReleaseSpec, queries: &str, csv: &str) -> Answer {
    let mut tallies = Plan::new(spec, &request(queries)).unwrap().tallies().unwrap();
    tallies.read(&mut reader(csv)).unwrap();
    tallies.release().unwrap()
}

fn number(answer: &Answer, index: usize) -> f64 {
    match &answer.released[index].result {
        Estimate::Number { estimate, interval } => {
            assert!(interval.low <= *estimate && *estimate <= interval.high);
            *estimate
        }
        other => panic!("{other:?}"),
    }
}

fn bins(answer: &Answer, index: usize) -> &[Bin] {
    match &answer.released[index].result {
        Estimate::Bins(bins) => bins,
        other => panic!("{other:?}"),
    }
}

/// With ε of 100 the noise is far below one row, so the exact sums show through.
const EVERYTHING: &str = r#"
    {"name":"rows","ask":"count","epsilon":"100"},
    {"name":"total","ask":{"sum":{"column":"amount"}},"epsilon":"100"},
    {"name":"mean","ask":{"mean":{"column":"amount"}},"epsilon":"100"},
    {"name":"countries","ask":{"histogram":{"column":"country"}},"epsilon":"100"},
    {"name":"amounts","ask":{"histogram":{"column":"amount","bins":4}},"epsilon":"100"},
    {"name":"median","ask":{"quantile":{"column":"amount","probability":0.5}},"epsilon":"100"}"#;

#[test]
fn with_next_to_no_noise_the_sums_are_those_of_the_table() {
    let answer = answer(&spec(None, 1), EVERYTHING, &table());
    assert!((number(&answer, 0) - 2_000.0).abs() < 2.0);
    // Amounts are rounded to steps of 0.5, which moves the sum by next to nothing over all tenths.
    assert!((number(&answer, 1) - 99_900.0).abs() < 100.0, "{}", number(&answer, 1));
    assert!((number(&answer, 2) - 49.95).abs() < 0.2);
    let countries: Vec<f64> = bins(&answer, 3).iter().map(|bin| bin.estimate).collect();
    for (found, expected) in countries.iter().zip([1_000.0, 600.0, 0.0, 400.0]) {
        assert!((found - expected).abs() < 2.0, "{countries:?}");
    }
    assert_eq!(bins(&answer, 3)[3].holds, Holds::Other);
    for bin in &bins(&answer, 4)[..4] {
        assert!((bin.estimate - 500.0).abs() < 2.0);
    }
    let Estimate::Quantile { estimate, rank_error_rows } = answer.released[5].result else { panic!() };
    assert!((estimate - 49.95).abs() < 1.0 && rank_error_rows < 20.0, "{estimate} {rank_error_rows}");
    assert_eq!(answer.cost, loss("600", "0"));
}

#[test]
fn a_person_counts_with_no_more_rows_than_the_policy_says() {
    let csv = format!("{}{}", table(), "p0,100,US\n".repeat(5_000));
    let once = answer(&spec(Some("person"), 1), EVERYTHING, &csv);
    assert!((number(&once, 0) - 1_000.0).abs() < 2.0);
    let twice = answer(&spec(Some("person"), 2), EVERYTHING, &csv);
    assert!((number(&twice, 0) - 2_000.0).abs() < 2.0);
}

#[test]
fn values_beyond_the_bounds_count_as_the_bounds() {
    let csv = "amount,country\n1e300,\n-1e300,\nNaN,\ninf,\nnone of it,\n,US\n";
    let answer = answer(&spec(None, 1), EVERYTHING, csv);
    assert!((number(&answer, 1) - 200.0).abs() < 10.0, "{}", number(&answer, 1));
}

#[test]
fn noise_is_as_wide_as_the_promise_asks() {
    // Laplace noise of scale 1/ε: the mean distance from the truth is 1/ε. 400 draws, so 5 standard errors are 1/4 of it.
    let queries = r#"{"name":"rows","ask":"count","epsilon":"0.1"}"#;
    let csv = "amount\n1\n2\n3\n";
    let errors: Vec<f64> = (0..400).map(|_| (number(&answer(&spec(None, 1), queries, csv), 0) - 3.0).abs()).collect();
    let mean = errors.iter().sum::<f64>() / 400.0;
    assert!((7.5..12.5).contains(&mean), "{mean}");
    let five_rows: Vec<f64> =
        (0..400).map(|_| (number(&answer(&spec(Some("amount"), 5), queries, csv), 0) - 3.0).abs()).collect();
    let mean = five_rows.iter().sum::<f64>() / 400.0;
    assert!((37.5..62.5).contains(&mean), "{mean}");
}

#[test]
fn intervals_hold_as_often_as_they_say() {
    let csv = table();
    let queries = r#"{"name":"total","ask":{"sum":{"column":"amount"}},"epsilon":"0.5"},
        {"name":"gaussian","ask":"count","epsilon":"0.5","delta":"1e-9"},
        {"name":"mean","ask":{"mean":{"column":"amount"}},"epsilon":"0.5"}"#;
    let mut missed = [0; 3];
    for _ in 0..200 {
        let answer = answer(&spec(None, 1), queries, &csv);
        for (index, truth) in [99_900.0, 2_000.0, 49.95].into_iter().enumerate() {
            let Estimate::Number { interval, .. } = answer.released[index].result else { panic!() };
            missed[index] += u32::from(!(interval.low..=interval.high).contains(&truth));
        }
    }
    // 5 % of 200 is 10; 25 or more happens less than once in 30,000 runs.
    assert!(missed.iter().all(|missed| *missed < 25), "{missed:?}");
}

#[test]
fn which_bins_there_are_does_not_depend_on_the_data() {
    let labels = |csv: &str| -> Vec<Holds> {
        bins(&answer(&spec(None, 1), EVERYTHING, csv), 3).iter().map(|bin| bin.holds.clone()).collect()
    };
    assert_eq!(labels("amount,country\n"), labels(&table()));
}

#[test]
fn questions_that_the_policy_does_not_allow_are_refused_by_name() {
    for (query, expected) in [
        (r#"{"name":"q","ask":{"sum":{"column":"salary"}},"epsilon":"1"}"#, "does not list this column"),
        (r#"{"name":"q","ask":{"sum":{"column":"country"}},"epsilon":"1"}"#, "lists values for this column"),
        (
            r#"{"name":"q","ask":{"histogram":{"column":"country","bins":3}},"epsilon":"1"}"#,
            "`bins` belongs to numbers",
        ),
        (r#"{"name":"q","ask":{"histogram":{"column":"amount","bins":0}},"epsilon":"1"}"#, "from 1 to 1,000"),
        (r#"{"name":"q","ask":{"quantile":{"column":"amount","probability":1.5}},"epsilon":"1"}"#, "from 0 to 1"),
        (
            r#"{"name":"q","ask":{"quantile":{"column":"amount","probability":0.5}},"epsilon":"1","delta":"1e-6"}"#,
            "remove `delta`",
        ),
        (r#"{"name":"q","ask":{"mean":{"column":"amount"}},"epsilon":"0.000001"}"#, "cannot be halved"),
        (r#"{"name":"q","ask":"count","epsilon":"1001"}"#, "the whole budget is ε = 1000"),
    ] {
        let error = Plan::new(&spec(None, 1), &request(query)).unwrap_err();
        assert!(error.to_string().contains(expected), "{query}: {error}");
    }
    for bad in [
        r#"{"id":"r","queries":[]}"#,
        r#"{"id":"R","queries":[{"name":"q","ask":"count","epsilon":"1"}]}"#,
        r#"{"id":"r","queries":[{"name":"q","ask":"count","epsilon":"0"}]}"#,
        r#"{"id":"r","queries":[{"name":"q","ask":"count","epsilon":"1","delta":"1"}]}"#,
        r#"{"id":"r","queries":[{"name":"q","ask":"count","epsilon":"1"},{"name":"q","ask":"count","epsilon":"1"}]}"#,
        r#"{"id":"r","queries":[{"name":"q","ask":"count","epsilon":"-1"}]}"#,
        r#"{"id":"r","queries":[{"name":"q","ask":"count","epsilon":1}]}"#,
        r#"{"id":"r","surprise":1,"queries":[{"name":"q","ask":"count","epsilon":"1"}]}"#,
        "",
    ] {
        let error = ReleaseRequest::parse(bad.as_bytes()).unwrap_err();
        assert!(!matches!(error, ReleaseError::Table(_)), "{}", error.reason());
    }
}

#[tokio::test]
async fn a_budget_is_spent_to_the_last_millionth_and_no_further() {
    let directory = tempfile::tempdir().unwrap();
    let budget = Budget::new(Directory::open(directory.path()).unwrap(), loss("1", "1e-6"));
    let request = Sha256Digest::of(b"request");
    for number in 1..=9 {
        assert_eq!(budget.spend(request, loss("0.1", "1e-7")).await.unwrap().number, number);
    }
    assert_eq!(budget.left().await.unwrap(), loss("0.1", "1e-7"));
    let error = budget.spend(request, loss("0.100001", "0")).await.unwrap_err();
    assert!(matches!(error, BudgetError::Exhausted { left, .. } if left == loss("0.1", "1e-7")), "{error}");
    let error = budget.spend(request, loss("0.1", "2e-7")).await.unwrap_err();
    assert!(matches!(error, BudgetError::Exhausted { .. }), "{error}");
    budget.spend(request, loss("0.1", "1e-7")).await.unwrap();
    assert_eq!(budget.left().await.unwrap(), loss("0", "0"));
}

#[tokio::test]
async fn releases_at_once_cannot_overspend() {
    let directory = tempfile::tempdir().unwrap();
    let path = Arc::new(directory.path().to_owned());
    let mut threads = Vec::new();
    for thread in 0..8_u8 {
        let path = Arc::clone(&path);
        threads.push(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let budget = Budget::new(Directory::open(path.as_path()).unwrap(), loss("1", "0"));
                let mut granted = 0_u32;
                for attempt in 0..20_u8 {
                    match budget.spend(Sha256Digest::of(&[thread, attempt]), loss("0.03", "0")).await {
                        Ok(_) => granted += 1,
                        Err(BudgetError::Exhausted { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
                granted
            })
        }));
    }
    let granted: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(granted, 33);
    let book = Directory::open(path.as_path()).unwrap();
    assert_eq!(book.read(33).await.unwrap().unwrap().spent, loss("0.99", "0"));
    assert_eq!(book.read(34).await.unwrap(), None);
}

#[tokio::test]
async fn an_altered_entry_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let budget = Budget::new(Directory::open(directory.path()).unwrap(), loss("1", "0"));
    budget.spend(Sha256Digest::of(b"r"), loss("0.5", "0")).await.unwrap();
    let file = directory.path().join("00000001.json");
    let json = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, json.replace("\"number\":1", "\"number\":2")).unwrap();
    assert!(matches!(budget.left().await, Err(BudgetError::Corrupt { number: 1 })));
}
