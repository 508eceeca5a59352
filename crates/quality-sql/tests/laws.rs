//! Laws that hold for any statement and any table.

#![expect(clippy::unwrap_used, reason = "a table that cannot be made fails the test")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sluice_quality::{SqlAnswer, SqlEngine as _, SqlQuestion, SqlResult};
use sluice_quality_sql::{DataFusionEngine, SqlLimits, SqlTables, StoredTable};
use sluice_tabular::{CsvOptions, Format, ReadOptions};

fn engine(primary: &str, reference: &str) -> DataFusionEngine {
    let table = |text: &str| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        StoredTable::open(Arc::new(file), ReadOptions::new(Format::Csv(CsvOptions::default()))).unwrap()
    };
    let tables = SqlTables::of(table(primary)).with_reference("customers", table(reference));
    DataFusionEngine::new(tables, SqlLimits::until(Instant::now() + Duration::from_mins(1)), 0)
}

fn ask(engine: &DataFusionEngine, statement: &str, result: SqlResult) -> SqlAnswer {
    engine.answer(&SqlQuestion { statement: statement.to_owned(), result }).unwrap()
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "select",
        "count(*)",
        "from",
        "primary",
        "where",
        "amount",
        "*",
        ",",
        "(",
        ")",
        "1",
        "'x'",
        "=",
        "join",
        "on",
        "group by",
        "customers",
        "order_id",
        "having",
        "union",
        "with",
        "as",
        "t",
        "not",
        "in",
        "between",
        "and",
        "case",
        "when",
        "end",
        "null",
        "sum(",
        "over",
        "limit",
        "0",
        ";",
        "`",
        "\"",
        ".",
        "p",
        "-",
        "/",
        "order by",
        "distinct",
        "exists",
        "cast(",
        "as int)",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_statement_makes_it_panic(words in prop::collection::vec(word(), 0..14), rows: bool) {
        let result = if rows { SqlResult::Rows } else { SqlResult::Number };
        let statement = format!("select {}", words.join(" "));
        let question = SqlQuestion { statement, result };
        prop_assert!(engine("order_id,amount\n1,9\n2,x\n", "order_id\n1\n").answer(&question).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn comparisons_of_text_with_numbers_are_numeric(cells in prop::collection::vec(-1000i32..1000, 1..60), than in -1000i32..1000) {
        let text = cells.iter().fold("n\n".to_owned(), |text, cell| text + &format!("{cell}\n"));
        let engine = engine(&text, "n\n");
        let wanted: Vec<bool> = cells.iter().map(|cell| *cell >= than).collect();
        let rows = ask(&engine, &format!("select n from primary where n >= {than}"), SqlResult::Rows);
        prop_assert_eq!(rows, SqlAnswer::Rows(wanted.into()));
        let sum = cells.iter().map(|cell| f64::from(*cell)).sum::<f64>();
        prop_assert_eq!(ask(&engine, "select sum(n) from primary", SqlResult::Number), SqlAnswer::Number(Some(sum)));
    }
}
