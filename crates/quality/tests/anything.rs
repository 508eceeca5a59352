//! Arbitrary rulesets on arbitrary tables: an outcome for each rule, never a panic.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use proptest::prelude::*;
use proptest::sample::select;
use sluice_dqdl::registry::RuleType;
use sluice_quality::{CompositeScope, Evaluation, EvaluationOptions, NoHistory, RowMark};

const COLUMNS: [&str; 8] = ["i", "f", "t", "b", "d", "ts", "`T`", "gone"];

fn column() -> impl Strategy<Value = String> {
    select(&COLUMNS[..]).prop_map(|name| format!("\"{name}\""))
}

fn number() -> impl Strategy<Value = String> {
    let literal = prop_oneof![
        (-3i32..3).prop_map(|number| number.to_string()),
        Just("0.5".to_owned()),
        Just("1e400".to_owned()),
        Just("NULL".to_owned())
    ];
    let call = select(vec!["last()", "avg(last(3))", "index(last(2), 1)", "percentile(last(9), 0.5)", "std(last(0))"]);
    prop_oneof![3 => literal, 1 => call.prop_map(str::to_owned)]
}

fn condition() -> impl Strategy<Value = String> {
    let operator = select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let text = select(vec!["\"a\"", "NULL", "EMPTY", "WHITESPACES_ONLY", "\"\\\\\"", "\"INTEGER\"", "\"DATE\""]);
    let regex = "[a-z.*+?()\\[\\]|^$0-9-]{0,8}";
    let when = select(vec!["\"2024-01-31\"", "now()", "(now() - 3 days)", "\"9:30 AM\"", "NULL"]);
    prop_oneof![
        Just(String::new()),
        (operator.clone(), number()).prop_map(|(operator, number)| format!("{operator} {number}")),
        (number(), number()).prop_map(|(low, high)| format!("between {low} and {high}")),
        (number(), number()).prop_map(|(low, high)| format!("not between {low} and {high}")),
        prop::collection::vec(text, 1..3).prop_map(|texts| format!("in [{}]", texts.join(", "))),
        regex.prop_map(|regex| format!("matches \"{regex}\"")),
        (operator.clone(), when).prop_map(|(operator, when)| format!("{operator} {when}")),
        operator.clone().prop_map(|operator| format!("{operator} 3 hours")),
        operator.prop_map(|operator| format!("{operator} 2 KB")),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let name = select(RuleType::ALL).prop_map(|rule_type| rule_type.spec().name);
    let clause = select(vec!["", "", "where \"i > 1\"", "where \"t like '%a%' or f is null\"", "where \"oops((\""]);
    let tag = select(vec!["", "", "with threshold > 0.5", "with bins = 3, rebin = false", "with recentFiles = 1"]);
    let parameters = prop::collection::vec(column(), 0..3);
    (name, parameters, condition(), clause, tag).prop_map(|(name, parameters, condition, clause, tag)| {
        format!("{name} {} {condition} {clause} {tag}", parameters.join(" "))
    })
}

fn ruleset() -> impl Strategy<Value = String> {
    let single = rule();
    let composite = (rule(), select(vec!["and", "or"]), rule()).prop_map(|(a, join, b)| format!("({a}) {join} ({b})"));
    prop::collection::vec(prop_oneof![4 => single, 1 => composite], 1..4)
        .prop_map(|rules| format!("Rules = [ {} ]", rules.join(", ")))
}

type Row = (Option<i64>, Option<f64>, Option<String>, Option<bool>, Option<i32>, Option<i64>);

fn row() -> impl Strategy<Value = Row> {
    let text = prop_oneof!["[a-c0-9 .-]{0,16}", any::<String>()];
    (
        any::<Option<i64>>(),
        prop::option::of(any::<f64>()),
        prop::option::of(text),
        any::<Option<bool>>(),
        any::<Option<i32>>(),
        any::<Option<i64>>(),
    )
}

fn table(rows: &[Row]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 6] = [
        ("i", Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
        ("f", Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>())),
        ("t", Arc::new(rows.iter().map(|row| row.2.clone()).collect::<StringViewArray>())),
        ("b", Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>())),
        ("d", Arc::new(rows.iter().map(|row| row.4).collect::<Date32Array>())),
        ("ts", Arc::new(rows.iter().map(|row| row.5).collect::<TimestampMicrosecondArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

proptest! {
    #[test]
    fn every_rule_has_an_outcome(text in ruleset(), rows in prop::collection::vec(row(), 0..12), by_row: bool) {
        // What the language refuses is no ruleset; that the parser does not panic is part of the law.
        let Ok(ruleset) = sluice_dqdl::parse(&text) else { return Ok(()) };
        let batch = table(&rows);
        let mut options = EvaluationOptions::at(1_700_000_000_000_000);
        options.row_results = by_row;
        options.composite_scope = if by_row { CompositeScope::Row } else { CompositeScope::Dataset };
        let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), &options, &NoHistory);
        let schema = batch.schema();
        let columns: Vec<usize> =
            evaluation.required_columns().iter().map(|name| schema.index_of(name).unwrap()).collect();
        let batch = batch.project(&columns).unwrap();
        let half = rows.len() / 2;
        evaluation.update(&batch.slice(0, half), 0).unwrap();
        evaluation.update(&batch.slice(half, rows.len() - half), u64::try_from(half).unwrap()).unwrap();
        let bytes = evaluation.state_bytes();
        prop_assert!(bytes.is_ok());
        let report = evaluation.finish().unwrap();
        prop_assert_eq!(report.rules.len(), ruleset.rules.len());
        if let Some(marks) = &report.row_results {
            for (index, rule) in report.rules.iter().enumerate() {
                let failing = (0..rows.len()).filter(|row| marks.mark(index, *row) == RowMark::Failed).count();
                prop_assert!(failing <= rows.len(), "{}", rule.rule);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(Rules|Analyzers|DynamicRules)? ?=? ?\\[?[ -~\\n]{0,80}\\]?") {
        if let Ok(ruleset) = sluice_dqdl::parse(&text) {
            let batch = table(&[]);
            let report = Evaluation::new(&ruleset, &batch.schema(), &EvaluationOptions::at(0), &NoHistory).finish().unwrap();
            prop_assert_eq!(report.rules.len(), ruleset.rules.len());
        }
    }
}
