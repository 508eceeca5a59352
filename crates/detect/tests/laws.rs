//! Laws that hold for any text, and the cost of hostile ones.

#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail")]

use proptest::prelude::*;
use sluice_detect::{Detector, Options, Place, entity};
use std::sync::OnceLock;
use std::time::Duration;

/// A detector of everything at any score, with overlaps: the most work there is.
fn everything() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let names = entity::names().map(str::to_owned).collect();
        let mut options = Options { entities: Some(names), keep_overlaps: true, ..Options::default() };
        options.thresholds.default = 0.0;
        Detector::new(&options).expect("built-in entities compile")
    })
}

fn defaults() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| Detector::new(&Options::default()).expect("defaults compile"))
}

/// Pieces of what the patterns look for, so that random joins come near to matches.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,10}",
        "[A-Za-z]{1,6}",
        "[-./:@+() _,;#%]{1,2}",
        "\\PC{1,3}",
        Just("DE".to_owned()),
        Just("https://".to_owned()),
        Just("@example.com".to_owned()),
        Just("::1".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        Just("ssn ".to_owned()),
        Just("passport ".to_owned()),
        Just("é".to_owned()),
        Just("여권".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("+44 ".to_owned()),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_text_and_scores_are_shares(text in fragments()) {
        for finding in everything().scanner().scan(&text, &Place::default()) {
            let value = text.get(finding.start..finding.end);
            prop_assert!(value.is_some_and(|value| !value.is_empty()), "{} {}..{}", finding.entity, finding.start, finding.end);
            prop_assert!((0.0..=1.0).contains(&finding.score) && finding.base_score <= finding.score);
        }
    }

    #[test]
    fn a_scanner_remembers_shapes_without_changing_answers(texts in proptest::collection::vec(fragments(), 1..8)) {
        let mut reused = everything().scanner();
        for text in texts.iter().chain(&texts) {
            let fresh = everything().scanner().scan(text, &Place::default()).to_vec();
            prop_assert_eq!(reused.scan(text, &Place::default()), fresh.as_slice());
        }
    }

    /// A cell of at most 32 characters takes the way over shapes, a longer one does not: both must find the same.
    #[test]
    fn short_cells_are_found_as_in_long_ones(text in fragments()) {
        let padded = format!("{text}{}", " ".repeat(40));
        let place = Place::default();
        let short = everything().scanner().scan(&text, &place).to_vec();
        let long = everything().scanner().scan(&padded, &place).to_vec();
        for finding in &short {
            let twin = long.iter().find(|other| (other.entity, other.start) == (finding.entity, finding.start));
            prop_assert!(twin.is_some(), "{} at {} is lost in a longer cell", finding.entity, finding.start);
        }
    }

    #[test]
    fn findings_do_not_overlap_unless_asked_to(text in fragments()) {
        let findings = defaults().scanner().scan(&text, &Place::default()).to_vec();
        prop_assert!(findings.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

/// Time this thread has spent on a processor, so that other programs do not count (Linux, proc(5)).
fn cpu_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux kernel");
    let nanoseconds = statistics.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("nanoseconds come first"))
}

fn cost(text: &str) -> Duration {
    let mut scanner = everything().scanner();
    let start = cpu_time();
    scanner.scan(text, &Place::default());
    cpu_time().saturating_sub(start)
}

/// Ten times the text may cost at most about ten times as much; quadratic work would cost a hundred times. The kernel
/// counts in ticks, hence the floor.
#[test]
fn hostile_texts_cost_linear_time() {
    const TICKS: Duration = Duration::from_millis(8);
    let units = [
        ".",
        "1",
        "a.",
        "1-",
        "a@",
        "1 ",
        ":",
        "-----BEGIN PRIVATE KEY-----",
        "https://",
        "AD12",
        "(",
        "+1",
        "eyJ",
        "9.",
        "1.1.",
        "DE89 3704 ",
        "cookie: ",
        "password=",
        "é",
        "a1",
        "\"https://a",
    ];
    for unit in units {
        let (small, large) = (unit.repeat(10_000 / unit.len()), unit.repeat(100_000 / unit.len()));
        cost(&small);
        let (one, ten) = (cost(&small).max(TICKS), cost(&large));
        assert!(ten < one * 40, "{unit:?}: {one:?} for 10 kB, {ten:?} for 100 kB");
    }
}

#[test]
fn three_thousand_dots_and_a_hundred_kilobytes_of_digits_hold_nothing() {
    for text in [".".repeat(3000), "7".repeat(100_000)] {
        assert!(defaults().scanner().scan(&text, &Place::default()).is_empty());
    }
}
