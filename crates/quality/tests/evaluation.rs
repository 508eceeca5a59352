//! Rules on small tables, and the laws that hold for every table.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::float_cmp, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray};
use proptest::prelude::*;
use sluice_quality::report::{GlueContext, glue_json};
use sluice_quality::{
    CompositeScope, Evaluation, EvaluationOptions, EvaluationState, FilteredRows, MetricHistory, NoHistory, Outcome,
    QualityError, RecordedHistory, Report, RowMark,
};

fn texts(cells: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringViewArray::from(cells.to_vec()))
}

/// Pets: a key, a name with a NULL, an age as text with a word in it, a weight, a day of birth.
fn pets() -> RecordBatch {
    let columns: [(&str, ArrayRef); 5] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
        ("name", texts(&[Some("Rex"), Some("Minka the extraordinarily old cat"), None, Some(""), Some("  ")])),
        ("age", texts(&[Some("3"), Some("12"), Some("7"), Some("old"), None])),
        ("weight", Arc::new(Float64Array::from(vec![Some(10.5), Some(4.0), Some(4.0), None, Some(30.25)]))),
        ("born", texts(&[Some("2021-03-01"), Some("2012-01-31"), Some("2017-07-07 10:00:00"), Some("long ago"), None])),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

const NOW: i64 = 1_700_000_000_000_000;

fn project(batch: &RecordBatch, evaluation: &Evaluation) -> RecordBatch {
    let schema = batch.schema();
    let indices: Vec<usize> = evaluation.required_columns().iter().map(|name| schema.index_of(name).unwrap()).collect();
    batch.project(&indices).unwrap()
}

fn evaluate_with(rules: &str, batch: &RecordBatch, options: &EvaluationOptions, history: &dyn MetricHistory) -> Report {
    let ruleset = sluice_dqdl::parse(&format!("Rules = [ {rules} ]")).unwrap();
    let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), options, history);
    let batch = project(batch, &evaluation);
    evaluation.update(&batch, 0).unwrap();
    evaluation.finish().unwrap()
}

fn evaluate(rules: &str) -> Report {
    evaluate_with(rules, &pets(), &EvaluationOptions::at(NOW), &NoHistory)
}

fn outcome(rule: &str) -> Outcome {
    evaluate(rule).rules[0].outcome
}

#[test]
fn rules_judge_as_documented() {
    use Outcome::{Error, Failed, Passed};
    let cases = [
        ("RowCount = 5", Passed),
        (r#"RowCount = 2 where "weight > 5""#, Passed),
        ("ColumnCount between 4 and 6", Passed),
        (r#"ColumnExists "Name""#, Passed),
        (r#"ColumnExists "breed""#, Failed),
        (r#"IsComplete "id""#, Passed),
        (r#"IsComplete "name""#, Failed),
        (r#"Completeness "name" = 0.8"#, Passed),
        (r#"IsUnique "id""#, Passed),
        (r#"Uniqueness "weight" = 0.5"#, Passed),
        (r#"UniqueValueRatio "weight" > 0.6"#, Passed),
        (r#"DistinctValuesCount "weight" = 4"#, Passed),
        (r#"IsPrimaryKey "id" "name""#, Failed),
        (r#"Mean "weight" = 12.1875"#, Passed),
        (r#"Sum "age" = 22"#, Passed),
        (r#"StandardDeviation "id" between 1.41 and 1.42"#, Passed),
        (r#"Variance "id" = 2.0"#, Passed),
        (r#"Range "weight" = 26.25"#, Passed),
        (r#"ColumnValues "id" > 0"#, Passed),
        (r#"ColumnValues "weight" > 0"#, Failed),
        (r#"ColumnValues "weight" != 4"#, Failed),
        (r#"ColumnValues "weight" not in [5, 6]"#, Passed),
        (r#"ColumnValues "weight" > 0 with threshold >= 0.8"#, Passed),
        (r#"ColumnValues "weight" in [10.5, 4, 30.25, NULL]"#, Passed),
        (r#"ColumnValues "name" != NULL"#, Failed),
        (
            r#"ColumnValues "name" in ["Rex", NULL, EMPTY, WHITESPACES_ONLY, "Minka the extraordinarily old cat"]"#,
            Passed,
        ),
        (r#"ColumnValues "name" not in ["Max"]"#, Passed),
        (r#"ColumnValues "name" matches "[A-Z].*" with threshold = 0.4"#, Passed),
        (r#"ColumnValues "name" matches "[A-Z]" with threshold > 0"#, Failed),
        (r#"ColumnValues "name" matches "(?=a)b""#, Error),
        (r#"ColumnValues "born" > "2010-01-01" with threshold = 0.6"#, Passed),
        (r#"ColumnValues "born" <= (now() - 3 days) with threshold = 0.6"#, Passed),
        (r#"ColumnLength "name" <= 33"#, Passed),
        (r#"ColumnLength "name" in [0, 2, 3, 33]"#, Passed),
        (r#"ColumnLength "name" in [2, 3, 33]"#, Failed),
        (r#"ColumnDataType "age" = "INTEGER" with threshold = 0.6"#, Passed),
        (r#"ColumnDataType "age" = "COLOUR""#, Failed),
        (r#"DataFreshness "born" > 1000 days where "id < 3""#, Failed),
        (r#"DataFreshness "born" > 900 days where "id < 3""#, Passed),
        (r#"ColumnCorrelation "id" "weight" between 0.5 and 0.9"#, Passed),
        (r#"ColumnNamesMatchPattern "^[a-z]+$""#, Passed),
        (r#"IsComplete "id" where "id > 10""#, Passed),
        (r#"IsComplete "id" where "idd > 1""#, Failed),
        (r#"Mean "name" > 0"#, Failed),
        (r#"CustomSql "select 1" = 1"#, Error),
        (r#"CustomSql "select count(*) from primary where weight > 4" = 2"#, Passed),
        (r#"CustomSql "select id, name from primary where name is not null" with threshold = 0.8"#, Passed),
        (r#"CustomSql "select idd from primary""#, Failed),
        (r#"CustomSql "select id from primary limit 1""#, Error),
        (r#"CustomSql "select count(*) from primary group by id" = 5"#, Error),
        (r#"CustomSql "select count(*) from primary p join other o" = 5"#, Error),
        (r#"(IsComplete "id") and (IsComplete "name")"#, Failed),
        (r#"(IsComplete "name") or (CustomSql "select 1" = 1)"#, Error),
        (r#"(IsComplete "id") or (CustomSql "select 1" = 1)"#, Passed),
    ];
    for (rule, wanted) in cases {
        let report = evaluate(rule);
        assert_eq!(report.rules[0].outcome, wanted, "{:?}", report.rules[0]);
    }
}

#[test]
fn predicates_have_three_values() {
    let rows = |clause: &str| {
        let report = evaluate(&format!(r#"RowCount > -1 where "{clause}""#));
        assert_ne!(report.rules[0].metrics.len(), 0, "{clause}: {:?}", report.rules[0].message);
        report.rules[0].metrics["Dataset.*.RowCount"]
    };
    for (clause, wanted) in [
        ("weight > 4 or id = 4", 3.0),
        ("not (weight > 4)", 2.0),
        ("weight is null", 1.0),
        ("weight in (4, null)", 2.0),
        ("weight not in (4, null)", 0.0),
        ("weight between 4 and 10.5", 3.0),
        ("name like 'R_x'", 1.0),
        ("name rlike '^M.*cat$'", 1.0),
        ("upper(name) = 'REX'", 1.0),
        ("age + 1 = 4", 1.0),
        ("age > 5", 2.0),
        ("coalesce(weight, 0) = 0", 1.0),
        ("case when id < 3 then 'a' else 'b' end = 'b'", 3.0),
        ("cast(born as date) = date '2017-07-07'", 1.0),
        ("year(born) < 2018", 2.0),
        ("length(trim(name)) = 0", 2.0),
        ("`id` % 2 = 0", 2.0),
        ("weight <=> null", 1.0),
        ("id = 1 / 0", 0.0),
    ] {
        assert_eq!(rows(clause), wanted, "{clause}");
    }
    for clause in ["id >", "id = 1; drop", "nope(id)", "id in (select 1)", "%%", "sum(id) > 1"] {
        let found = &evaluate(&format!(r#"RowCount > 0 where "{clause}""#)).rules[0];
        assert_eq!(found.outcome, Outcome::Failed, "{clause}");
        assert!(found.message.as_ref().unwrap().contains("where clause is invalid"), "{clause}");
    }
    let deep = format!("{}1 = 1{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(outcome(&format!(r#"RowCount > 0 where "{deep}""#)), Outcome::Failed);
}

#[test]
fn failing_rows_are_named_by_number_and_never_by_value() {
    let report = evaluate(r#"ColumnValues "age" between 2 and 10, IsUnique "weight""#);
    assert_eq!(report.rules[0].first_failing_rows, [1, 3, 4]);
    assert_eq!(report.rules[0].failing_rows, Some(3));
    assert!(report.rules[0].message.as_ref().unwrap().ends_with("(1 cells are not numbers and were left out)"));
    assert_eq!(report.rules[1].first_failing_rows, [2]);
    let text = glue_json(&report, &GlueContext::default()).to_string();
    assert!(!text.contains("old"), "{text}");
}

#[test]
fn a_misspelt_column_gets_the_nearest_name() {
    let report = evaluate(r#"IsComplete "wieght""#);
    assert_eq!(
        report.rules[0].message.as_deref(),
        Some("Column wieght does not exist in the dataset; did you mean weight?")
    );
}

#[test]
fn past_values_are_put_into_the_rule() {
    let history = RecordedHistory { values: BTreeMap::from([("Dataset.*.RowCount".to_owned(), vec![4.0, 6.0, 8.0])]) };
    let options = EvaluationOptions::at(NOW);
    let report = evaluate_with("RowCount between min(last(3)) - 1 and avg(last(2)) + 1", &pets(), &options, &history);
    assert_eq!(report.rules[0].outcome, Outcome::Passed);
    assert_eq!(report.rules[0].evaluated_rule.as_deref(), Some("RowCount between 3.0 and 6.0"));
    assert_eq!(evaluate("RowCount > avg(last(3))").rules[0].outcome, Outcome::Passed);
    assert_eq!(evaluate("RowCount > frobnicate(1)").rules[0].outcome, Outcome::Error);
}

#[test]
fn rows_are_marked_for_each_rule() {
    let mut options = EvaluationOptions::at(NOW);
    options.row_results = true;
    options.filtered_rows = FilteredRows::Skip;
    let rules = r#"IsComplete "name", IsUnique "weight", Mean "id" > 0, ColumnValues "id" > 1 where "id < 3",
        (IsComplete "name") or (IsComplete "weight")"#;
    let report = evaluate_with(rules, &pets(), &options, &NoHistory);
    let rows = report.row_results.as_ref().unwrap();
    let marks = |rule| -> String {
        let letter = |row| match rows.mark(rule, row) {
            RowMark::Passed => 'P',
            RowMark::Failed => 'F',
            RowMark::Skipped => 'S',
        };
        (0..5).map(letter).collect()
    };
    assert_eq!([marks(0), marks(1), marks(2), marks(3), marks(4)], ["PPFPP", "PFFPP", "SSSSS", "FPSSS", "PPPPP"]);
    assert_eq!(rows.passing_rows().iter().collect::<Vec<_>>(), [false, false, false, true, true]);
    options.composite_scope = CompositeScope::Row;
    let report = evaluate_with(r#"(IsComplete "name") or (IsComplete "weight")"#, &pets(), &options, &NoHistory);
    assert_eq!(report.rules[0].outcome, Outcome::Passed);
}

#[test]
fn two_datasets_are_compared_whatever_their_types() {
    let reference = RecordBatch::try_from_iter([
        ("pet", Arc::new(StringArray::from(vec!["1", "2", "3", "9"])) as ArrayRef),
        ("kg", Arc::new(Float64Array::from(vec![10.5, 4.0, 5.0, 1.0])) as ArrayRef),
    ])
    .unwrap();
    let rules = r#"Rules = [ RowCountMatch "ref" = 1.25, ReferentialIntegrity "id" "ref.pet" = 0.6,
        DatasetMatch "ref" "id->pet" "weight->kg" = 0.4, AggregateMatch "sum(weight)" "sum(ref.kg)" > 2.0,
        SchemaMatch "ref" = 0.0, RowCountMatch "other" = 1.0 ]"#;
    let ruleset = sluice_dqdl::parse(rules).unwrap();
    let mut options = EvaluationOptions::at(NOW);
    options.references = BTreeMap::from([("ref".to_owned(), reference.schema())]);
    let mut evaluation = Evaluation::new(&ruleset, &pets().schema(), &options, &NoHistory);
    assert_eq!(evaluation.references(), ["ref"]);
    let names = evaluation.reference_columns("ref");
    let indices: Vec<usize> = names.iter().map(|name| reference.schema().index_of(name).unwrap()).collect();
    evaluation.update_reference("ref", &reference.project(&indices).unwrap()).unwrap();
    let batch = project(&pets(), &evaluation);
    evaluation.update(&batch, 0).unwrap();
    let report = evaluation.finish().unwrap();
    let outcomes: Vec<Outcome> = report.rules.iter().map(|rule| rule.outcome).collect();
    let passed = Outcome::Passed;
    assert_eq!(outcomes, [passed, passed, passed, passed, Outcome::Failed, Outcome::Failed], "{:#?}", report.rules);
}

#[test]
fn the_json_has_glues_shape_and_depends_on_nothing_else() {
    let report =
        evaluate(r#"IsComplete "id", IsComplete "name" labels=["team"="pets"], ColumnCorrelation "id" "id" > 0"#);
    let context = GlueContext { subject: "s3://b/k".to_owned(), ..GlueContext::default() };
    let json = glue_json(&report, &context);
    assert_eq!(json, glue_json(&report, &context));
    assert_eq!(json["Score"], serde_json::json!(2.0 / 3.0));
    assert_eq!(json["RuleResults"][1]["Result"], "FAIL");
    assert_eq!(json["RuleResults"][1]["Labels"]["team"], "pets");
    assert_eq!(json["RuleResults"][0]["EvaluatedMetrics"]["Column.id.Completeness"], 1.0);
    assert_eq!(json["AggregatedMetrics"]["TotalRulesFailed"], 1);
    assert!(json["ResultId"].as_str().unwrap().starts_with("dqresult-"));
    let other = GlueContext { subject: "s3://b/other".to_owned(), ..GlueContext::default() };
    assert_ne!(json["ResultId"], glue_json(&report, &other)["ResultId"]);
}

#[test]
fn analyzers_are_measured_without_a_verdict() {
    let ruleset = sluice_dqdl::parse(
        r#"Rules = [ RowCount > 0 ] Analyzers = [ Mean "weight", DistinctValuesCount "name", AllStatistics "id" ]"#,
    )
    .unwrap();
    let mut evaluation = Evaluation::new(&ruleset, &pets().schema(), &EvaluationOptions::at(NOW), &NoHistory);
    let batch = project(&pets(), &evaluation);
    evaluation.update(&batch, 0).unwrap();
    let report = evaluation.finish().unwrap();
    assert_eq!(report.analyzers[0].metrics["Column.weight.Mean"], 12.1875);
    assert_eq!(report.analyzers[1].metrics["Column.name.DistinctValuesCount"], 5.0);
    assert_eq!(report.analyzers[2].metrics["Column.id.Maximum"], 5.0);
}

#[test]
fn a_state_of_another_ruleset_is_refused() {
    let state_of = |rules: &str| {
        let ruleset = sluice_dqdl::parse(&format!("Rules = [ {rules} ]")).unwrap();
        Evaluation::new(&ruleset, &pets().schema(), &EvaluationOptions::at(NOW), &NoHistory)
    };
    let mut evaluation = state_of(r#"IsComplete "id""#);
    assert!(evaluation.merge(state_of(r#"IsComplete "name""#).into_state()).is_err());
    assert!(evaluation.merge(state_of(r#"IsComplete "id""#).into_state()).is_ok());
}

const EVERYTHING: &str = r#"RowCount > 0, IsComplete "a", IsUnique "a", Uniqueness "a" "b" > 0.5, Entropy "a" > 0,
    DistinctValuesCount "b" > 1, Mean "b" > 0, Sum "b" > 0, ColumnValues "b" > 3, ColumnLength "a" > 0,
    ColumnValues "a" in ["x", "y"], ColumnValues "a" matches "[a-z]+", IsComplete "b" where "a = 'x'""#;

fn table(rows: &[(Option<String>, Option<i32>)]) -> RecordBatch {
    let a: StringViewArray = rows.iter().map(|(a, _)| a.as_deref()).collect();
    let b: StringViewArray = rows.iter().map(|(_, b)| b.map(|b| b.to_string())).collect();
    let columns: [(&str, ArrayRef); 2] = [("a", Arc::new(a)), ("b", Arc::new(b))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn close(left: f64, right: f64) -> bool {
    left == right || (left.is_nan() && right.is_nan()) || (left - right).abs() < 1e-9 * left.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stored_and_merged_states_judge_as_one_pass(
        rows in prop::collection::vec((prop::option::of("[x-z]{0,2}"), prop::option::of(-5..20i32)), 1..60),
        cut in 0usize..60,
    ) {
        let ruleset = sluice_dqdl::parse(&format!("Rules = [ {EVERYTHING} ]")).unwrap();
        let batch = table(&rows);
        let cut = cut.min(rows.len());
        let evaluation = || Evaluation::new(&ruleset, &batch.schema(), &EvaluationOptions::at(NOW), &NoHistory);
        let mut whole = evaluation();
        let projected = project(&batch, &whole);
        whole.update(&projected, 0).unwrap();
        let (mut left, mut right) = (evaluation(), evaluation());
        left.update(&projected.slice(0, cut), 0).unwrap();
        right.update(&projected.slice(cut, rows.len() - cut), u64::try_from(cut).unwrap()).unwrap();
        let read = EvaluationState::from_bytes(&right.state_bytes().unwrap()).unwrap();
        left.merge(read).unwrap();
        for (one, other) in whole.finish().unwrap().rules.iter().zip(&left.finish().unwrap().rules) {
            prop_assert_eq!(one.metrics.keys().collect::<Vec<_>>(), other.metrics.keys().collect::<Vec<_>>());
            for (left, right) in one.metrics.values().zip(other.metrics.values()) {
                prop_assert!(close(*left, *right), "{} {:?} {:?}", one.rule, one.metrics, other.metrics);
            }
            if one.metrics.values().all(|value| value.fract() == 0.0) {
                prop_assert_eq!(one.outcome, other.outcome);
            }
        }
    }

    #[test]
    fn marks_agree_with_outcomes(rows in prop::collection::vec((prop::option::of("[x-z]{0,2}"), prop::option::of(-5..20i32)), 1..60)) {
        let mut options = EvaluationOptions::at(NOW);
        options.row_results = true;
        let rules = r#"IsComplete "a", ColumnValues "a" in ["x", NULL], ColumnValues "b" > 3, ColumnLength "a" < 2, IsPrimaryKey "a""#;
        let report = evaluate_with(rules, &table(&rows), &options, &NoHistory);
        let marks = report.row_results.as_ref().unwrap();
        for (rule, found) in report.rules.iter().enumerate() {
            let fails = (0..rows.len()).any(|row| marks.mark(rule, row) == RowMark::Failed);
            prop_assert_eq!(fails, found.outcome == Outcome::Failed, "{:?}", found);
        }
    }

    #[test]
    fn no_predicate_makes_it_panic(clause in "[a-z0-9'()%+<>= ,.*_-]{0,60}") {
        evaluate(&format!(r#"RowCount > 0 where "id {clause}""#));
    }
}

fn numbered(rows: std::ops::Range<i64>) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
    RecordBatch::try_from_iter([("id", column)]).unwrap()
}

#[test]
fn keys_beyond_memory_are_counted_exactly_and_rows_are_still_marked() {
    let ruleset = sluice_dqdl::parse(r#"Rules = [ IsUnique "id", DistinctValuesCount "id" = 120000 ]"#).unwrap();
    let mut options = EvaluationOptions::at(NOW);
    (options.key_memory_bytes, options.row_results) = (100_000, true);
    let mut evaluation = Evaluation::new(&ruleset, &numbered(0..1).schema(), &options, &NoHistory);
    for start in (0..120_000).step_by(4_000) {
        evaluation.update(&numbered(start..start + 4_000), u64::try_from(start).unwrap()).unwrap();
    }
    evaluation.update(&numbered(70_001..70_002), 120_000).unwrap();
    let report = evaluation.finish().unwrap();
    assert_eq!([report.rules[0].outcome, report.rules[1].outcome], [Outcome::Failed, Outcome::Passed]);
    let rows = report.row_results.unwrap();
    let failed: Vec<usize> = (0..120_001).filter(|row| rows.mark(0, *row) == RowMark::Failed).collect();
    assert_eq!(failed, [70_001, 120_000]);
}

#[test]
fn memory_that_cannot_be_spilled_has_a_cap_and_a_reason() {
    let ruleset = sluice_dqdl::parse(r#"Rules = [ IsUnique "id", ReferentialIntegrity "id" "r.id" = 1.0 ]"#).unwrap();
    let batch = numbered(0..50_000);
    let mut options = EvaluationOptions::at(NOW);
    options.references.insert("r".to_owned(), batch.schema());
    (options.row_results, options.row_key_memory_bytes, options.reference_memory_bytes) = (true, 100_000, 100_000);
    let mut evaluation = Evaluation::new(&ruleset, &batch.schema(), &options, &NoHistory);
    let error = evaluation.update_reference("r", &batch).unwrap_err();
    assert!(matches!(error, QualityError::ReferenceKeys { limit_bytes: 100_000, .. }), "{error}");
    let error = evaluation.update(&batch, 0).unwrap_err();
    assert!(matches!(error, QualityError::RowKeys { limit_bytes: 100_000 }) && !error.is_transient(), "{error}");
}
