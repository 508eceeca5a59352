//! What is accepted, what is refused, and the text that comes back. The README's table of choices, held by tests.

#![cfg(test)]

use sluice_dqdl::ast::{Condition, ConditionKind, RuleNode, StringOperand, StringTest, Test};
use sluice_dqdl::{RuleType, parse};

fn accepts(rule: &str) -> bool {
    parse(&format!("Rules = [ {rule} ]")).is_ok()
}

/// The text of the first rule.
fn printed(rule: &str) -> String {
    parse(&format!("t = \"x\"\nl = [\"x\", NULL]\nRules = [ {rule} ]"))
        .unwrap_or_else(|problems| panic!("{rule}\n{problems}"))
        .rules[0]
        .to_string()
}

fn condition(rule: &str) -> Condition {
    let ruleset = parse(&format!("Rules = [ {rule} ]")).unwrap_or_else(|problems| panic!("{rule}\n{problems}"));
    ruleset.rules[0].leaves()[0].condition.clone().expect("a condition")
}

#[test]
fn what_only_the_documentation_writes_is_accepted() {
    for rule in [
        "RowCount \"order_id\" > 100",
        "RowCount > 0 with threshold > 0.8",
        "Completeness \"a\" = \"0.5\"",
        "isComplete \"a\"",
        "ColumnValues \"a\" = 1 with threshold > 0.5 labels=[\"k\"=\"v\"]",
        "Distribution \"a\" with bins = 20, rebin = false",
        "FileFreshness \"s3://b/\" > (now() - 1 days) with filterOrder = [\"x\", \"y\"]",
        "RowCount > 0 // to the end of the line\n",
        "RowCount > 0\r\n",
        "Skewness \"a\" < 1, Kurtosis \"a\" < 1, Range \"a\" < 1, InterquartileRange \"a\" < 1, ZerosCount \"a\" < 1, DuplicateRowCount < 1",
    ] {
        assert!(accepts(rule), "{rule}");
    }
}

#[test]
fn what_neither_knows_is_refused() {
    for rule in [
        "Completeness \"a\" = \"half\"",
        "RowCount \"a\" \"b\" > 1",
        "RowCountMatch \"r\" > 0.5 with threshold > 0.5",
        "ColumnCount > 1 where \"a > 1\"",
        "IsComplete \"2024-01-31\"",
        "ColumnValues \"a\" in [\"2024-01-31\", \"n/a\"]",
        "ColumnValues \"a\" = \"2024-02-30\"",
        "ColumnValues \"a\" > \"13:00 PM\"",
        "ColumnValues \"a\" > 3days",
        "ColumnValues \"a\" BETWEEN 1 and 2",
        "ColumnValues \"a\" between \"x\" and \"y\"",
        "ColumnValues \"a\" in [3 days, NULL]",
        "FileSize > 1.5 MB",
        "FileMatch \"a\" \"b\" in [\"c\"]",
        "FileMatch \"a\" matches \"b\"",
        "FileMatch \"a\"",
        "IsComplete \"a\" labels=[\"k\"=\"v\", \"k\"=\"w\"]",
        "IsComplete \"a\" labels=[\"k\"=\"\"]",
        "(IsComplete \"a\" labels=[\"k\"=\"v\"]) labels=[\"l\"=\"v\"]",
        "FileSize > 1 B with t != \"x\"",
        "FileSize > 1 B with t = [\"x\"]",
        "IsComplete $missing",
        "iscomplete \"a\"",
    ] {
        assert!(!accepts(rule), "{rule}");
    }
}

#[test]
fn the_text_of_a_rule_is_canonical() {
    for (rule, text) in [
        ("RowCount  >  0.9*avg( last( 3 ),1 )-2", "RowCount > 0.9 * avg(last(3), 1) - 2"),
        ("ColumnValues of a not in [ 1 , -2.50, NULL ]", "ColumnValues of a not in [1,-2.50,NULL]"),
        (
            "ColumnValues \"a\" ! = \"b\\\"c\" with t = \"x\" with threshold > .5 with n = 1"
                .replace(" .5", " 0.5")
                .as_str(),
            "ColumnValues \"a\" != \"b\\\"c\" with threshold > 0.5 with t = \"x\" with n = 1",
        ),
        ("ColumnValues a in $l", "ColumnValues a in $l"),
        ("ColumnValues a in [$t, null, whitespaces_only]", "ColumnValues a in [$t,NULL,WHITESPACES_ONLY]"),
        ("CustomSql $t between 1 and 2", "CustomSql $t between 1 and 2"),
        ("FileSize in [1024, 2048]", "FileSize in [1024,2048]"),
        (
            "ColumnValues a between (now()-3 days) and \"9:05 PM\"",
            "ColumnValues a between (now() - 3 days) and \"9:05 PM\"",
        ),
        ("(((IsUnique a)))", "IsUnique a"),
        ("IsUnique a or IsUnique b and IsUnique c", "(IsUnique a) OR ((IsUnique b) AND (IsUnique c))"),
        ("(IsUnique a and IsUnique b) and (IsUnique c)", "(IsUnique a) AND (IsUnique b) AND (IsUnique c)"),
        ("(IsUnique a and IsUnique b) labels=[\"k\"=\"v\"]", "((IsUnique a) AND (IsUnique b)) labels=[\"k\"=\"v\"]"),
        (
            "IsUnique a and IsUnique b labels=[\"k\"=\"v\",\"l\"=\"w\"]",
            "(IsUnique a) AND (IsUnique b labels=[\"k\"=\"v\", \"l\"=\"w\"])",
        ),
        (
            "DetectAnomalies of ColumnCorrelation of \"a\" and Mean",
            "DetectAnomalies of ColumnCorrelation of \"a\" and Mean",
        ),
        ("IsUnique a and \"b c\"", "IsUnique a and \"b c\""),
    ] {
        assert_eq!(printed(rule), text);
    }
}

#[test]
fn the_canonical_text_of_a_ruleset_leaves_out_declarations() {
    let source = "Metadata={\"Version\":\"1.0\"} DataSources={\"Primary\":\"o\",\"AdditionalDataSources\":[\"r\",\"s\"]}\nv = \"a\"\nDefaultLabels=[\"k\"=\"v\"] Rules=[IsComplete $v] Analyzers=[RowCount]";
    let ruleset = parse(source).expect("valid");
    let expected = "Metadata = {\n    \"Version\": \"1.0\"\n}\n\nDataSources = {\n    \"Primary\": \"o\",\n    \"AdditionalDataSources\": [ \"r\", \"s\" ]\n}\n\nRules = [\n    IsComplete $v\n]\n\nAnalyzers = [\n    RowCount\n]";
    assert_eq!(ruleset.canonical_text(), expected);
    assert_eq!(ruleset.version(), Some("1.0"));
    assert_eq!(ruleset.primary_data_source(), Some("o"));
    assert_eq!(ruleset.additional_data_sources(), ["r", "s"]);
    assert_eq!(ruleset.rules[0].leaves()[0].named_parameters(), [("TargetColumn".to_owned(), "a")]);
}

#[test]
fn sections_stand_in_one_order_and_once() {
    for source in [
        "Analyzers = [ RowCount ] Rules = [ RowCount > 1 ]",
        "Rules = [ RowCount > 1 ] Rules = [ RowCount > 2 ]",
        "Rules = [ RowCount > 1 ]\nv = \"a\"",
        "DefaultLabels=[\"k\"=\"v\"]\nv = \"a\"\nRules = [ RowCount > 1 ]",
        "Rules = [ RowCount > 1 ] ], RowCount > 2 ]",
    ] {
        assert!(parse(source).is_err(), "{source}");
    }
}

#[test]
fn default_labels_count_but_an_own_key_replaces_one() {
    let defaults: Vec<_> = (0..10).map(|number| format!("\"k{number}\"=\"v\"")).collect();
    let with = |label: &str| {
        parse(&format!("DefaultLabels=[{}]\nRules = [ IsComplete \"a\" labels=[{label}] ]", defaults.join(",")))
    };
    let ruleset = with("\"k3\"=\"own\"").expect("ten labels");
    let labels = ruleset.effective_labels(&ruleset.rules[0]);
    assert_eq!(labels.len(), 10);
    assert_eq!(labels.iter().find(|label| label.key == "k3").expect("k3").value, "own");
    assert!(with("\"k10\"=\"v\"").expect_err("eleven").to_string().contains("(max: 10): 11"));
}

#[test]
fn conditions_have_the_kind_that_the_rule_needs() {
    for (rule, kind) in [
        ("ColumnValues a = NULL", ConditionKind::String),
        ("Mean a = NULL", ConditionKind::Number),
        ("ColumnValues a in [NULL, 1]", ConditionKind::Number),
        ("ColumnValues a in [NULL, now()]", ConditionKind::Date),
        ("ColumnValues a > \"10:30\"", ConditionKind::Date),
        ("FileFreshness = NULL", ConditionKind::Date),
        ("FileSize > 10", ConditionKind::Size),
        ("DataFreshness a <= 90 minutes", ConditionKind::Duration),
        ("Completeness a != \"1.0\"", ConditionKind::Number),
    ] {
        assert_eq!(condition(rule).kind(), kind, "{rule}");
    }
}

#[test]
fn escapes_are_kept_and_resolved_on_demand() {
    let Condition::String(text) = condition(r#"ColumnValues a in ["x\"y", "\\d", "\d"]"#) else { panic!("texts") };
    let StringTest::In { set, .. } = text.test else { panic!("a list") };
    let raw: Vec<_> = set.operands.iter().filter_map(|operand| operand.raw()).collect();
    let unescaped: Vec<_> = set.operands.iter().filter_map(StringOperand::unescaped).collect();
    assert_eq!(raw, [r#"x\"y"#, r"\\d", r"\d"]);
    assert_eq!(unescaped, ["x\"y", r"\d", r"\d"]);
}

#[test]
fn sizes_are_powers_of_1024() {
    let Condition::Size(size) = condition("FileSize > 3 GB") else { panic!("a size") };
    let Test::Compare { operand, .. } = size.test else { panic!("a comparison") };
    assert_eq!(operand.bytes(), 3 << 30);
}

#[test]
fn and_binds_tighter_than_or() {
    let ruleset = parse("Rules = [ IsUnique a AND IsUnique b OR IsUnique c and IsUnique d ]").expect("valid");
    let RuleNode::Or(parts) = &ruleset.rules[0].node else { panic!("an or") };
    assert!(parts.iter().all(|part| matches!(&part.node, RuleNode::And(parts) if parts.len() == 2)));
    assert_eq!(ruleset.rules[0].leaves().len(), 4);
    assert!(ruleset.rules[0].leaves().iter().all(|rule| rule.rule_type == RuleType::IsUnique));
}
