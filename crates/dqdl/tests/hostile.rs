//! Law: no text makes the parser panic, and the time it takes grows with the length of the text only.

#![cfg(test)]

use proptest::prelude::*;
use sluice_dqdl::{Diagnostics, parse, parse_with_warnings};
use std::time::{Duration, Instant};

const VOCABULARY: &[&str] = &[
    "Rules",
    "Analyzers",
    "Metadata",
    "DataSources",
    "DefaultLabels",
    "=",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "!",
    ">",
    "<=",
    "$",
    "$v",
    "v",
    "\"a\"",
    "\"2024-01-31\"",
    "\"9:30 AM\"",
    "\"",
    "\\",
    "and",
    "OR",
    "of",
    "not",
    "in",
    "between",
    "matches",
    "with",
    "where",
    "threshold",
    "labels",
    "NULL",
    "EMPTY",
    "now",
    "now()",
    "last",
    "3",
    "0.5",
    "days",
    "MB",
    "-",
    "+",
    "*",
    "/",
    "//",
    "#",
    "\n",
    "\r\n",
    "'",
    "é",
    "\u{0}",
    "IsComplete",
    "ColumnValues",
    "RowCount",
    "FileSize",
    "DetectAnomalies",
    "Distribution",
    "CustomSql",
    "Rules = [",
    "] Analyzers = [",
];

/// A tree or messages that can be shown, never both and never neither.
fn check(source: &str) -> Result<(), TestCaseError> {
    let (ruleset, diagnostics) = parse_with_warnings(source);
    prop_assert_eq!(ruleset.is_none(), diagnostics.has_errors());
    prop_assert!(diagnostics.as_slice().len() <= 2 * Diagnostics::MAX);
    for diagnostic in diagnostics.as_slice() {
        let line = source.split('\n').nth(diagnostic.line - 1).expect("the line exists");
        prop_assert!(diagnostic.column <= line.chars().count() + 1);
        prop_assert!(diagnostic.to_string().lines().count() >= 4);
    }
    if let Some(ruleset) = ruleset {
        prop_assert_eq!(parse(&ruleset.to_string()), Ok(ruleset));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text(source in any::<String>()) {
        check(&source)?;
    }

    #[test]
    fn any_heap_of_words(words in prop::collection::vec(prop::sample::select(VOCABULARY), 0..60), opened in any::<bool>()) {
        check(&format!("{}{}", if opened { "Rules = [ " } else { "" }, words.join(" ")))?;
    }

    #[test]
    fn any_cut_through_a_good_ruleset(from in 0_usize..400, to in 0_usize..400, insert in prop::sample::select(VOCABULARY)) {
        const GOOD: &str = "Metadata = { \"Version\": \"1.0\" }\nv = [\"a\", \"b\"]\nDefaultLabels=[\"k\"=\"v\"]\nRules = [\n\
            (ColumnValues \"a\" in $v with threshold > 0.5) AND (RowCount between 0.9 * avg(last(10)) and 10 labels=[\"x\"=\"y\"]),\n\
            ColumnValues b > (now() - 3 days) where \"c is not null\", FileSize \"p\" <= 5 MB with recentFiles = 1,\n\
            DetectAnomalies of Completeness of \"a\" ]\nAnalyzers = [ RowCount, AllStatistics of a ]";
        let (from, to) = (from.min(GOOD.len()), to.min(GOOD.len()));
        let (from, to) = (from.min(to), from.max(to));
        check(&format!("{}{insert}{}", GOOD.get(..from).expect("ASCII"), GOOD.get(to..).expect("ASCII")))?;
    }
}

/// Far above what a linear parser needs without optimisation, far below what a quadratic one does.
const PATIENCE: Duration = Duration::from_secs(8);

#[test]
fn a_heap_of_anything_is_read_in_linear_time() {
    let units = [
        "(",
        "[",
        "{",
        ")",
        "]",
        "\"",
        "\\\"",
        "\"\\\" ",
        "#",
        "$",
        "=",
        ",",
        "a",
        "1",
        "-",
        "é",
        "'",
        "\n",
        " ",
        "not ",
        "a,",
        "a = ",
        "a = \"b\"\n",
        "x\n= ",
        "now(",
        "(now() - ",
        "avg(",
        "1 + ",
        "IsComplete a,",
        "IsComplete a AND ",
        "(IsComplete a) or ",
        "RowCount > 1 with ",
        "Rules = [",
        "Rules = [] ",
        "] ",
        "labels=[\"a\"=\"b\",",
        "in [1,",
        "ColumnValues a in [1, \"b\"],",
        "ColumnValues a in $v,",
        "CustomSql $v where \"\",",
        "Distribution a with b = 1,",
    ];
    let prefixes = ["", "Rules = [", "v = [", "v = [\"a\"]\nRules = [ RowCount > ", "Rules = [ (", "DefaultLabels=["];
    for (index, unit) in units.iter().enumerate() {
        let longest: usize = if index % 8 == 0 { 1 << 20 } else { 1 << 18 };
        // A megabyte of every eighth unit, and less of the others: all of them that long would take a minute here.
        for (prefix, bytes) in prefixes.iter().cycle().skip(index).zip([longest, 1 << 16, 1 << 16]) {
            let source = format!("{prefix}{}", unit.repeat(bytes / unit.len()));
            let start = Instant::now();
            let (ruleset, diagnostics) = parse_with_warnings(&source);
            let text = diagnostics.to_string();
            assert!(start.elapsed() < PATIENCE, "{prefix}{unit}… took {:?}", start.elapsed());
            assert!(text.len() < 200_000, "{prefix}{unit}…");
            drop(ruleset);
        }
    }
}

#[test]
fn a_long_list_that_is_used_often_is_not_copied() {
    let list = "\"a\",".repeat(50_000);
    let uses = "ColumnValues a in $v,".repeat(20_000);
    let source = format!("v = [{list}\"b\"]\nRules = [{uses} IsComplete a]");
    let start = Instant::now();
    let ruleset = parse(&source).expect("valid");
    assert_eq!(ruleset.rules.len(), 20_001);
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn depth_is_capped_and_said_so() {
    for (open, close) in [("(", ")"), ("RowCount > (", ")"), ("RowCount > avg(", ")")] {
        let nested = |depth: usize| {
            let (head, unit) = open.split_at(open.len() - open.trim_start_matches("RowCount > ").len());
            format!(
                "Rules = [ {head}{}{}{} ]",
                unit.repeat(depth),
                if head.is_empty() { "IsUnique a" } else { "1" },
                close.repeat(depth)
            )
        };
        assert!(parse(&nested(sluice_dqdl::MAX_DEPTH)).is_ok(), "{open}");
        let problems = parse(&nested(sluice_dqdl::MAX_DEPTH + 1)).expect_err("too deep");
        assert!(problems.to_string().contains("nested more than 64 deep"), "{problems}");
    }
}

#[test]
fn a_source_above_the_cap_is_refused_unread() {
    let problems = parse(&" ".repeat(sluice_dqdl::MAX_SOURCE_BYTES + 1)).expect_err("too long");
    assert!(problems.to_string().contains("split it into several rulesets"));
}
