//! Conditions over metrics, past metrics, dates, ages and sizes.

#![cfg(test)]

use sluice_dqdl::ast::{CivilDate, Condition};
use sluice_dqdl::evaluate::{Clock, EvaluateError};
use sluice_dqdl::parse;

fn condition(text: &str, rule_type: &str) -> Condition {
    let ruleset = parse(&format!("Rules = [ {rule_type} {text} ]")).unwrap_or_else(|problems| panic!("{problems}"));
    ruleset.rules[0].leaves()[0].condition.clone().expect("a condition")
}

fn number(text: &str, metric: f64, history: &[f64]) -> Result<bool, EvaluateError> {
    let Condition::Number(condition) = condition(text, "RowCount") else { panic!("{text}") };
    condition.evaluate(metric, history)
}

fn holds(text: &str, metric: f64) -> bool {
    number(text, metric, &[]).expect("a value")
}

#[test]
fn between_leaves_its_bounds_out_and_not_between_takes_them_in() {
    for (metric, between) in [(0.9, false), (1.0, false), (1.1, true), (2.0, false), (2.1, false)] {
        assert_eq!(holds("between 1 and 2", metric), between, "{metric}");
        assert_eq!(holds("not between 1 and 2", metric), !between, "{metric}");
    }
}

#[test]
fn doubles_are_compared_exactly() {
    assert!(!holds("= 1.0", 1.0 - f64::EPSILON));
    assert!(holds("!= 1.0", 1.0 - f64::EPSILON));
    assert!(holds("in [3, 0.1]", 0.1));
    assert!(!holds("in [3, 0.1]", 0.1 + 0.2));
    assert!(holds("not in [3]", 2.0));
}

#[test]
fn not_a_number_satisfies_only_what_is_negative() {
    for text in ["= 1", "> 1", "<= 1", "between 0 and 2", "not between 0 and 2", "in [1]", "= NULL"] {
        assert!(!holds(text, f64::NAN), "{text}");
    }
    assert!(holds("!= 1", f64::NAN) && holds("not in [1]", f64::NAN));
    assert!(holds("> 1", f64::INFINITY));
}

#[test]
fn null_equals_no_metric() {
    assert!(!holds("= NULL", 0.0));
    assert!(holds("!= NULL", 0.0));
    assert!(holds("in [NULL, 0]", 0.0));
    assert!(!holds("> NULL", 1.0));
}

#[test]
fn arithmetic_goes_from_left_to_right() {
    assert!(holds("= 10 + 2 * 3", 36.0));
    assert!(holds("= 10 + (2 * 3)", 16.0));
    assert!(holds("= 2 - 3 - 4", -5.0));
    assert!(holds("= 12 / 4 / 3", 1.0));
}

#[test]
fn functions_look_at_the_past() {
    let history = [4.0, 2.0, 9.0, 1.0, 100.0];
    for (expression, value) in [
        ("last()", 4.0),
        ("last(1)", 4.0),
        ("avg(last(4))", 4.0),
        ("average(last(4))", 4.0),
        ("median(last(4))", 3.0),
        ("median(last(3))", 4.0),
        ("max(last(4))", 9.0),
        ("min(last(4))", 1.0),
        ("sum(last(4))", 16.0),
        ("sum(last(400))", 116.0),
        ("std(last(2))", 1.0),
        ("abs(last() - 10)", 6.0),
        ("index(last(3), 2)", 9.0),
        ("index(last(3), 7)", 0.0),
        ("percentile(last(5), 0.5)", 4.0),
        ("percentile(last(5), 75)", 9.0),
        ("max(avg(last(4)), 5)", 5.0),
    ] {
        let result = number(&format!("= {expression}"), value, &history);
        assert_eq!(result, Ok(true), "{expression}");
    }
}

#[test]
fn without_a_past_every_function_is_zero() {
    for expression in [
        "last()",
        "avg(last(3))",
        "median(last(3))",
        "std(last(3))",
        "max(last(3))",
        "index(last(3), 0)",
        "percentile(last(3), 50)",
    ] {
        assert_eq!(number(&format!("= {expression}"), 0.0, &[]), Ok(true), "{expression}");
    }
}

#[test]
fn a_wrong_call_is_an_error_and_never_a_verdict() {
    for (expression, message) in [
        ("nope(1)", "no function is called `nope`"),
        ("last(3)", "several past values stand where one is needed"),
        ("1 + last(3)", "several past values stand where one is needed"),
        ("avg(last(0))", "`last` needs one whole number of runs"),
        ("avg(last(1.5))", "`last` needs one whole number of runs"),
        ("abs(last(3))", "`abs` needs one number"),
        ("percentile(last(3), 101)", "`percentile` needs past values"),
        ("index(last(3), 0 - 1)", "`index` needs past values"),
    ] {
        let error = number(&format!("> {expression}"), 1.0, &[1.0, 2.0, 3.0]).expect_err(expression);
        assert!(error.to_string().starts_with(message), "{expression}: {error}");
    }
}

/// 2024-02-29T23:59:30Z.
const NOW: i64 = 1_709_251_170;

fn date(text: &str, epoch_seconds: i64, zone_offset_seconds: i32) -> bool {
    let Condition::Date(condition) = condition(text, "ColumnValues \"d\"") else { panic!("{text}") };
    condition.evaluate(epoch_seconds, &Clock { now_epoch_seconds: NOW, zone_offset_seconds })
}

#[test]
fn dates_are_midnights_and_now_is_cut_to_the_minute() {
    assert!(date("= \"1970-01-01\"", 0, 0));
    assert!(date("= \"2024-02-29\"", 1_709_164_800, 0));
    assert!(date("= now()", NOW - 30, 0));
    assert!(date("= (now() - 2 days)", NOW - 30 - 2 * 86_400, 3_600));
    assert!(date("= (now() + 90 minutes)", NOW - 30 + 5_400, 0));
    assert!(date("in [NULL, now()]", NOW - 30, 0));
    assert!(!date("between (now() - 1 hours) and now()", NOW - 30, 0));
}

#[test]
fn a_time_is_today_in_its_zone() {
    assert!(date("= \"9:30 AM\"", 1_709_164_800 + 34_200, 0));
    assert!(date("= \"12:05 AM\"", 1_709_164_800 + 300, 0));
    // An hour ahead of UTC it is already the first of March.
    assert!(date("= \"00:30\"", 1_709_251_200 - 1_800, 3_600));
}

#[test]
fn days_since_the_epoch_agree_with_a_count_of_days() {
    let mut expected = -719_528;
    for year in 0..=2400 {
        for month in 1..=12 {
            for day in 1..=31 {
                if let Some(date) = CivilDate::new(year, month, day) {
                    assert_eq!(date.days_since_epoch(), expected, "{date}");
                    expected += 1;
                }
            }
        }
    }
}

#[test]
fn ages_and_sizes() {
    let Condition::Duration(age) = condition("<= 3 days", "DataFreshness \"d\"") else { panic!("an age") };
    assert!(age.evaluate(72.0) && !age.evaluate(72.01));
    let Condition::Duration(age) = condition("> 90 minutes", "DataFreshness \"d\"") else { panic!("an age") };
    assert!(age.evaluate(1.51) && !age.evaluate(1.5));
    let Condition::Size(size) = condition("between 1 KB and 2 KB", "FileSize") else { panic!("a size") };
    assert!(!size.evaluate(1024) && size.evaluate(1025) && !size.evaluate(2048));
}
