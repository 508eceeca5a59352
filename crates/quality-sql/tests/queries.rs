//! Queries on small tables: what they answer, and what they may not do.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "what does not fit fails the test")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::builder::StringViewBuilder;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use sluice_quality::{RefusedOutcome, SqlAnswer, SqlEngine as _, SqlQuestion, SqlResult};
use sluice_quality_sql::{DataFusionEngine, MemoryTable, SqlLimits, SqlTables, StoredTable};
use sluice_tabular::{CsvOptions, Format, ReadOptions};

/// 2024-06-15T12:00Z.
const NOW: i64 = 1_718_452_800_000_000;

fn limits() -> SqlLimits {
    SqlLimits::until(Instant::now() + Duration::from_mins(1))
}

fn file(text: &str) -> Arc<std::fs::File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Arc::new(file)
}

fn csv(text: &str) -> StoredTable {
    StoredTable::open(file(text), ReadOptions::new(Format::Csv(CsvOptions::default()))).unwrap()
}

fn json_lines(text: &str) -> StoredTable {
    StoredTable::open(file(text), ReadOptions::new(Format::JsonLines)).unwrap()
}

const ORDERS: &str = "order_id,Customer,amount,country,created\n\
                      1,a,9,DE,2024-06-01\n2,b,18,US,2024-06-14\n3,a,100,DE,2023-01-31\n4,,7.5,,2024-02-29\n5,c,none,FR,soon\n";
const CUSTOMERS: &str = "customer,tier\na,gold\nb,\n";

fn engine() -> DataFusionEngine {
    let tables = SqlTables::of(csv(ORDERS)).with_reference("Customers", csv(CUSTOMERS));
    DataFusionEngine::new(tables, limits(), NOW)
}

fn ask(engine: &DataFusionEngine, statement: &str, result: SqlResult) -> SqlAnswer {
    engine.answer(&SqlQuestion { statement: statement.to_owned(), result }).unwrap()
}

fn number(statement: &str) -> Option<f64> {
    match ask(&engine(), statement, SqlResult::Number) {
        SqlAnswer::Number(value) => value,
        other => panic!("{statement}: {other:?}"),
    }
}

fn rows(engine: &DataFusionEngine, statement: &str) -> Vec<bool> {
    match ask(engine, statement, SqlResult::Rows) {
        SqlAnswer::Rows(bits) => bits.iter().collect(),
        other => panic!("{statement}: {other:?}"),
    }
}

fn refusal(statement: &str, result: SqlResult) -> (RefusedOutcome, String) {
    match ask(&engine(), statement, result) {
        SqlAnswer::Refused { outcome, message } => (outcome, message),
        other => panic!("{statement}: {other:?}"),
    }
}

#[test]
fn numbers_are_what_spark_gives() {
    for (statement, wanted) in [
        ("select 1", Some(1.0)),
        ("select count(*) from primary", Some(5.0)),
        ("select count(distinct customer) from primary", Some(3.0)),
        // Names in any case of letters, with and without backticks, below aliases.
        ("select count(P.`CUSTOMER`) from PRIMARY as P", Some(4.0)),
        ("with C as (select * from primary) select count(c.country) from c", Some(4.0)),
        // Text beside a number is read as a number; what is none is NULL.
        ("select count(*) from primary where amount > 10", Some(2.0)),
        ("select count(*) from primary where 10 < amount", Some(2.0)),
        ("select count(*) from primary where amount between 8 and 20", Some(2.0)),
        ("select count(*) from primary where amount not between 8 and 20", Some(2.0)),
        ("select count(*) from primary where amount in (9, 100.0)", Some(2.0)),
        ("select count(*) from primary where amount not in (9, 100)", Some(2.0)),
        ("select sum(amount) from primary", Some(134.5)),
        ("select max(abs(amount)) from primary", Some(100.0)),
        ("select avg(amount * 2) from primary", Some(67.25)),
        ("select sum(-amount) from primary", Some(-134.5)),
        ("select count(*) from primary where cast(amount as int) is null", Some(1.0)),
        // A division of whole numbers is not cut; by zero it is NULL.
        ("select count(*) / 2 from primary", Some(2.5)),
        ("select (select count(*) from customers) / (select count(*) from primary)", Some(0.4)),
        ("select 1 / 0", None),
        ("select 1 % 0", None),
        // Text beside a date is read as a date.
        ("select count(*) from primary where created < current_date()", Some(4.0)),
        ("select count(*) from primary where datediff(current_date(), to_date(created)) <= 1", Some(1.0)),
        ("select count(*) from primary where year(created) = 2024", Some(3.0)),
        ("select count(*) from primary where country rlike '^[DU]'", Some(3.0)),
        ("select count(*) from primary where isnull(country)", Some(1.0)),
        ("select sum(if(country = 'DE', 1, 0)) from primary", Some(2.0)),
        ("select count(*) from primary where customer <=> null", Some(1.0)),
        // Joins, subqueries, windows.
        ("select count(*) from primary p join customers c on p.customer = c.customer", Some(3.0)),
        ("select count(*) from primary where customer not in (select customer from customers)", Some(1.0)),
        (
            "select count(*) from primary p where not exists (select 1 from customers c where c.customer = p.customer)",
            Some(2.0),
        ),
        (
            "select max(n) from (select row_number() over (partition by country order by order_id) as n from primary)",
            Some(2.0),
        ),
        ("select count(*) from (select customer from primary group by customer having count(*) > 1)", Some(1.0)),
        ("select count(*) from primary join customers using (CUSTOMER)", Some(3.0)),
        ("select Total from (select count(*) as TOTAL from primary) x order by total", Some(5.0)),
        ("select count(*) = 5 from primary", Some(1.0)),
        ("select max(amount) from primary where order_id = '99'", None),
    ] {
        assert_eq!(number(statement), wanted, "{statement}");
    }
}

#[test]
fn rows_that_the_query_returns_pass() {
    let engine = engine();
    for (statement, wanted) in [
        ("select order_id from primary where amount < 50", [true, true, false, true, false]),
        (
            "select ORDER_ID from primary p join customers c on c.customer = p.customer",
            [true, true, true, false, false],
        ),
        // NULLs are the same, and rows are told apart by the columns that are selected.
        ("select customer, country from primary limit 4", [true, true, true, true, false]),
        ("select country from primary where order_id = 1", [true, false, true, false, false]),
        ("select * from primary order by amount desc", [true; 5]),
        ("select order_id from primary where false", [false; 5]),
        (
            "select primary.customer from primary join customers on primary.customer = customers.customer",
            [true, true, true, false, false],
        ),
    ] {
        assert_eq!(rows(&engine, statement), wanted, "{statement}");
    }
}

#[test]
fn json_lines_have_every_column_that_some_row_has() {
    let table = json_lines(
        "{\"id\":1,\"a\":{\"city\":\"Bonn\"}}\n{\"id\":2,\"late\":7}\n{\"id\":3,\"a\":{\"city\":\"Ulm\"}}\n",
    );
    let engine = DataFusionEngine::new(SqlTables::of(table), limits(), NOW);
    assert_eq!(ask(&engine, "select max(late) + 1 from primary", SqlResult::Number), SqlAnswer::Number(Some(8.0)));
    assert_eq!(rows(&engine, "select id from primary where a.city = 'Ulm'"), [false, false, true]);
    assert_eq!(rows(&engine, "select id from primary where `a.city` is not null"), [true, false, true]);
}

/// What names something that is not there fails, with the place; the rest is an error. Nothing of it passes.
#[test]
fn what_is_not_there_is_named_with_its_place() {
    for (statement, result, parts) in [
        ("select amout from primary", SqlResult::Rows, ["amout not found", "line 1, column 8", "amount"]),
        ("select count(*)\nfrom primary where p.x > 1", SqlResult::Number, ["x not found", "line 2", ""]),
        ("select id, tier from customers", SqlResult::Rows, ["id not found", "line 1, column 8", ""]),
        ("select tier from customers", SqlResult::Rows, ["tier not found", "primary", ""]),
        ("select customer, count(*) from primary group by customer", SqlResult::Rows, ["not found", "condition", ""]),
        ("select count(*) from orders", SqlResult::Number, ["orders not found", "customers, primary", ""]),
        ("select count(* from primary", SqlResult::Number, ["cannot be read", "Line: 1", "Column"]),
        ("", SqlResult::Number, ["", "", ""]),
    ] {
        let (outcome, message) = refusal(statement, result);
        let wanted = if statement.is_empty() { RefusedOutcome::Error } else { RefusedOutcome::Failed };
        assert_eq!(outcome, wanted, "{statement}: {message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{statement}: {message}");
    }
}

#[test]
fn a_query_reads_its_tables_and_nothing_else() {
    for statement in [
        "drop table primary",
        "delete from primary",
        "insert into primary values (1)",
        "update primary set amount = 1",
        "create table t as select 1",
        "create external table t stored as csv location 'file:///etc/passwd'",
        "copy primary to '/tmp/x.csv'",
        "set datafusion.execution.batch_size = 1",
        "show tables",
        "explain select 1",
        "select 1; select 2",
        "select * into t from primary",
        "select count(*) from '/etc/passwd'",
        "select count(*) from `file:///etc/passwd`",
        "select count(*) from information_schema.tables",
        "select count(*) from generate_series(1, 1000000000)",
        "select count(*) from range(1, 10)",
        "select count(*) from unnest([1, 2])",
        "with recursive r as (select 1 as n union all select n + 1 from r) select count(*) from r",
        "select random()",
        "select uuid()",
        "select version()",
        "select count(*) from primary for update",
        "(with t as (insert into primary values (1)) select 1)",
        "select 'text'",
        "select 1, 2",
        "select order_id from primary",
        "select 1 where false",
    ] {
        let (_, message) = refusal(statement, SqlResult::Number);
        assert!(!message.is_empty(), "{statement}");
    }
}

/// Cells stay out of messages.
#[test]
fn messages_hold_no_cell() {
    let secret = "4111111111111111x";
    let engine = DataFusionEngine::new(SqlTables::of(csv(&format!("card,n\n{secret},1\n"))), limits(), NOW);
    for statement in [
        "select arrow_cast(card, 'Int64') from primary",
        "select sum(to_timestamp(card, '%Y')) from primary",
        "select to_unixtime(card) from primary",
        "select repeat(card, 1) from primary",
        "select date_trunc(card, now()) from primary",
        "select regexp_like('a', concat('(', card)) from primary",
    ] {
        let answer =
            engine.answer(&SqlQuestion { statement: statement.to_owned(), result: SqlResult::Number }).unwrap();
        assert!(matches!(answer, SqlAnswer::Refused { .. }), "{statement}: {answer:?}");
        assert!(!format!("{answer:?}").contains("4111"), "{statement}: {answer:?}");
    }
}

#[test]
fn a_query_ends_at_its_deadline() {
    let text: String = (0..20_000).fold("n\n".to_owned(), |text, n| text + &format!("{n}\n"));
    let mut limits = limits();
    let started = Instant::now();
    limits.deadline = started + Duration::from_millis(400);
    let engine = DataFusionEngine::new(SqlTables::of(csv(&text)), limits, NOW);
    let endless = "select count(*) from primary a, primary b where a.n + b.n < 0";
    let SqlAnswer::Refused { outcome, message } = ask(&engine, endless, SqlResult::Number) else { panic!("it ended") };
    assert_eq!(outcome, RefusedOutcome::Error);
    assert!(message.contains("time left"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    // And the next query has no time at all.
    assert!(matches!(ask(&engine, "select 1", SqlResult::Number), SqlAnswer::Refused { .. }));
}

fn numbers(rows: i64, offset: i64) -> MemoryTable {
    let batches: Vec<RecordBatch> = (0..rows / 8_192)
        .map(|batch| {
            let keys = batch * 8_192..(batch + 1) * 8_192;
            let mut texts = StringViewBuilder::new();
            keys.clone().for_each(|key| texts.append_value(format!("a text that is longer than twelve bytes {key}")));
            let keys = Arc::new(keys.map(|key| key + offset).collect::<Int64Array>());
            let columns: [(&str, ArrayRef); 2] = [("k", keys), ("t", Arc::new(texts.finish()))];
            RecordBatch::try_from_iter(columns).unwrap()
        })
        .collect();
    MemoryTable::new(batches[0].schema(), batches)
}

/// Groups go on in storage; a join whose held side does not fit is refused. Nothing is answered wrongly.
#[test]
fn what_does_not_fit_memory_goes_through_storage_or_is_refused() {
    let rows = 8_192 * 50;
    let tables = || SqlTables::of(numbers(rows, 0)).with_reference("other", numbers(rows, 1_000));
    let small = SqlLimits { memory_bytes: 20 << 20, ..limits() };
    let engine = DataFusionEngine::new(tables(), small.clone(), NOW);
    let groups = "select count(*) from (select t, count(*) from primary group by t)";
    assert_eq!(ask(&engine, groups, SqlResult::Number), SqlAnswer::Number(Some(409_600.0)));
    let join = "select count(*) from primary p join other o on p.k = o.k where p.t <> o.t";
    let tight = SqlLimits { spill_bytes: 1 << 20, ..small };
    for (engine, statement) in [(engine, join), (DataFusionEngine::new(tables(), tight, NOW), groups)] {
        let SqlAnswer::Refused { outcome, message } = ask(&engine, statement, SqlResult::Number) else {
            panic!("{statement}")
        };
        assert_eq!(outcome, RefusedOutcome::Error);
        assert!(message.contains("20 MiB"), "{message}");
    }
}

#[test]
fn a_malformed_table_is_no_result() {
    let engine = DataFusionEngine::new(SqlTables::of(csv("a,b\n1,2\n3\n")), limits(), NOW);
    let SqlAnswer::Refused { outcome, message } = ask(&engine, "select sum(a) from primary", SqlResult::Number) else {
        panic!("it was read")
    };
    assert_eq!(outcome, RefusedOutcome::Error);
    assert!(message.contains("line 3"), "{message}");
}

#[test]
fn hostile_depth_is_an_answer() {
    let limits = SqlLimits { deadline: Instant::now() + Duration::from_secs(20), ..limits() };
    let engine = DataFusionEngine::new(SqlTables::of(csv(ORDERS)), limits, NOW);
    for statement in [
        format!("select {}1{}", "(".repeat(4_000), ")".repeat(4_000)),
        format!("select 1{}", "+1".repeat(7_000)),
        format!("select {}1", "- ".repeat(7_000)),
        format!("select 1 where 1=1{}", " and 1=1".repeat(1_900)),
        format!("select 1 from primary{}", ", primary".repeat(12)),
        format!("select {}1{}", "(select ".repeat(30), ")".repeat(30)),
        format!("select 1 from primary where order_id in ({}1)", "1,".repeat(6_000)),
        "x".repeat(1 << 20),
    ] {
        let _ = engine.answer(&SqlQuestion { statement, result: SqlResult::Number }).unwrap();
    }
}
