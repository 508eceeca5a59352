//! Whole rulesets with queries, judged as the function and the command judge them.

#![expect(clippy::unwrap_used, reason = "a table that cannot be made fails the test")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_quality::{EvaluationOptions, NoHistory, Outcome, Report, RowMark, check};
use sluice_quality_sql::{DataFusionEngine, SqlLimits, SqlTables, StoredTable, Table};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};

const TABLE: &str = "id,price,paid\n1,10,10\n2,20,19\n3,30,30\n4,,40\n";

fn judge(rules: &str, with_engine: bool) -> Report {
    let options = ReadOptions::new(Format::Csv(CsvOptions::default()));
    let mut evaluation = EvaluationOptions::at(0);
    evaluation.row_results = true;
    if with_engine {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(TABLE.as_bytes()).unwrap();
        let table = StoredTable::open(Arc::new(file), options.clone()).unwrap();
        let limits = SqlLimits::until(Instant::now() + Duration::from_mins(1));
        evaluation.sql_engine = Some(Arc::new(DataFusionEngine::new(SqlTables::of(table), limits, 0)));
    }
    let reader = Reader::open(Source::Bytes(TABLE.into()), &options).unwrap();
    check(reader, &sluice_dqdl::parse(rules).unwrap(), &evaluation, &NoHistory).unwrap()
}

#[test]
fn queries_and_rules_on_two_datasets_see_the_same_references() {
    let options = ReadOptions::new(Format::Csv(CsvOptions::default()));
    let stored = |text: &str| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        StoredTable::open(Arc::new(file), options.clone()).unwrap()
    };
    let mut evaluation = EvaluationOptions::at(0);
    evaluation.reference_tables =
        [("Payments".to_owned(), Arc::new(stored("id,paid\n1,10\n2,19\n3,30\n4,40\n")) as Arc<dyn Table>)].into();
    let tables = SqlTables::of(stored(TABLE)).with_references(&evaluation.reference_tables);
    let limits = SqlLimits::until(Instant::now() + Duration::from_mins(1));
    evaluation.sql_engine = Some(Arc::new(DataFusionEngine::new(tables, limits, 0)));
    let rules = r#"Rules = [
        CustomSql "select sum(y.paid) from primary x join payments y on x.id = y.id where x.price > 10" = 49,
        CustomSql "select x.id from primary x join payments y on x.id = y.id where x.paid = y.paid",
        ReferentialIntegrity "id" "Payments.id" = 1.0,
        CustomSql "select count(*) from primary x join refunds y on x.id = y.id" = 0
    ]"#;
    let reader = Reader::open(Source::Bytes(TABLE.into()), &options).unwrap();
    let report = check(reader, &sluice_dqdl::parse(rules).unwrap(), &evaluation, &NoHistory).unwrap();
    let outcomes: Vec<Outcome> = report.rules.iter().map(|rule| rule.outcome).collect();
    assert_eq!(outcomes[..3], [Outcome::Passed; 3], "{:#?}", report.rules);
    assert_ne!(outcomes[3], Outcome::Passed, "a table that nobody named");
}

#[test]
fn rules_are_judged_by_what_their_queries_return() {
    for (rule, wanted) in [
        (r#"CustomSql "select sum(price) from primary" = 60"#, Outcome::Passed),
        (r#"CustomSql "select sum(price) from primary" > 60"#, Outcome::Failed),
        (r#"CustomSql "select avg(price - paid) from primary" between 0.3 and 0.4"#, Outcome::Passed),
        (r#"CustomSql "select id from primary group by id having count(*) = 1""#, Outcome::Passed),
        (
            r#"CustomSql "select id from primary p where exists (select 1 from primary q where q.paid = p.price)""#,
            Outcome::Failed,
        ),
        (
            r#"CustomSql "select id from primary p where exists (select 1 from primary q where q.paid = p.price)" with threshold >= 0.5"#,
            Outcome::Passed,
        ),
        (r#"CustomSql "select max(price) from primary where id > 9" = 0"#, Outcome::Failed),
        (r#"CustomSql "select distinct prise from primary""#, Outcome::Failed),
        (r#"CustomSql "select id from primary where id > 0 limit 9" > 3"#, Outcome::Error),
        (r#"CustomSql "drop table primary" = 0"#, Outcome::Error),
        (r#"(IsComplete "id") and (CustomSql "select sum(paid) from primary" = 99)"#, Outcome::Passed),
    ] {
        let report = judge(&format!("Rules = [ {rule} ]"), true);
        assert_eq!(report.rules[0].outcome, wanted, "{rule}: {:?}", report.rules[0]);
        // Without an engine a rule that needs one is never passed, and says what to do.
        let report = judge(&format!("Rules = [ {rule} ]"), false);
        assert_eq!(report.rules[0].outcome, Outcome::Error, "{rule}: {:?}", report.rules[0]);
        assert!(report.rules[0].message.as_ref().unwrap().contains("SqlRules=enabled"), "{:?}", report.rules[0]);
    }
}

#[test]
fn returned_rows_are_row_results() {
    let rules = r#"Rules = [ CustomSql "select id from primary where price = paid union select id from primary where id = 4",
                             IsComplete "price" ]"#;
    let report = judge(rules, true);
    let results = report.row_results.as_ref().unwrap();
    let marks: Vec<RowMark> = (0..4).map(|row| results.mark(0, row)).collect();
    assert_eq!(marks, [RowMark::Passed, RowMark::Failed, RowMark::Passed, RowMark::Passed]);
    assert_eq!(results.passing_rows().iter().collect::<Vec<_>>(), [true, false, true, false]);
    assert_eq!(report.rules[0].metrics["Dataset.*.CustomSQL.Compliance"].to_bits(), 0.75_f64.to_bits());
    assert_eq!(report.rules[0].first_failing_rows, [1]);
    assert_eq!(report.rules[0].failing_rows, Some(1));
}

/// As in Deequ: no row is among rows that the query cannot return. What could not be judged marks none.
#[test]
fn no_row_passes_a_query_that_names_what_is_not_there() {
    let report = judge(
        r#"Rules = [ CustomSql "select distinct prise from primary", CustomSql "select random() from primary" ]"#,
        true,
    );
    let results = report.row_results.as_ref().unwrap();
    assert!((0..4).all(|row| results.mark(0, row) == RowMark::Failed && results.mark(1, row) == RowMark::Skipped));
    assert_eq!((report.rules[0].outcome, report.rules[1].outcome), (Outcome::Failed, Outcome::Error));
    assert!(report.rules[0].message.as_ref().unwrap().contains("not found"));
}

#[test]
fn an_analyzer_measures_what_its_query_returns() {
    let report = judge(r#"Analyzers = [ CustomSql "select stddev_pop(paid) from primary" ]"#, true);
    let value = report.analyzers[0].metrics["Dataset.*.CustomSQL"];
    assert!((value - 11.3).abs() < 0.01, "{value}");
}
