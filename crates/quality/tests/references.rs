//! Reference datasets in files, taken in before the primary one.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use sluice_quality::{EvaluationOptions, NoHistory, Outcome, Report, StoredTable, Table, check};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};

fn read_options() -> ReadOptions {
    ReadOptions::new(Format::Csv(CsvOptions::default()))
}

fn stored(text: &str) -> Arc<dyn Table> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Arc::new(StoredTable::open(Arc::new(file), read_options()).unwrap())
}

fn judged(rules: &str, table: &str, references: &[(&str, &str)]) -> Report {
    let mut options = EvaluationOptions::at(0);
    options.reference_tables =
        references.iter().map(|(alias, text)| ((*alias).to_owned(), stored(text))).collect::<BTreeMap<_, _>>();
    let source = Source::stream(std::io::Cursor::new(table.to_owned()));
    let reader = Reader::open(source, &read_options()).unwrap();
    check(reader, &sluice_dqdl::parse(rules).unwrap(), &options, &NoHistory).unwrap()
}

fn outcomes(rules: &str, table: &str, references: &[(&str, &str)]) -> Vec<Outcome> {
    judged(rules, table, references).rules.iter().map(|rule| rule.outcome).collect()
}

const ORDERS: &str = "id,customer,amount\n1,a,9\n2,b,18\n3,a,100\n";
const RULES: &str = r#"Rules = [
    ReferentialIntegrity "customer" "customers.name" = 1.0,
    RowCountMatch "copy" = 1.0,
    AggregateMatch "sum(amount)" "sum(copy.amount)" = 1.0,
    SchemaMatch "copy" = 1.0,
    DatasetMatch "copy" "id" = 1.0
]"#;

#[test]
fn rules_on_two_datasets_see_the_tables() {
    let all = [("customers", "name\nb\na\n"), ("copy", ORDERS)];
    assert_eq!(outcomes(RULES, ORDERS, &all), [Outcome::Passed; 5]);
    let changed = [("customers", "name\nb\n"), ("copy", "id,customer,amount\n1,a,9\n2,b,18\n")];
    let found = outcomes(RULES, ORDERS, &changed);
    assert_eq!(found[..3], [Outcome::Failed; 3]);
    assert_eq!((found[3], found[4]), (Outcome::Passed, Outcome::Failed));
}

#[test]
fn a_table_that_is_not_named_is_no_pass() {
    let found = outcomes(RULES, ORDERS, &[("customers", "name\nb\na\n")]);
    assert_eq!(found[0], Outcome::Passed);
    assert!(found[1..].iter().all(|outcome| *outcome != Outcome::Passed), "{found:?}");
}

#[test]
fn keys_beyond_the_memory_allowed_are_an_error_and_not_a_verdict() {
    let many: String = std::iter::once("name\n".to_owned()).chain((0..2_000).map(|name| format!("{name}\n"))).collect();
    let mut options = EvaluationOptions::at(0);
    options.reference_memory_bytes = 4 << 10;
    options.reference_tables = [("customers".to_owned(), stored(&many))].into();
    let reader = Reader::open(Source::stream(std::io::Cursor::new(ORDERS)), &read_options()).unwrap();
    let ruleset = sluice_dqdl::parse(r#"Rules = [ ReferentialIntegrity "customer" "customers.name" = 1.0 ]"#).unwrap();
    let error = check(reader, &ruleset, &options, &NoHistory).unwrap_err().to_string();
    assert!(error.contains("customers") && error.contains("reference_memory_bytes"), "{error}");
}
