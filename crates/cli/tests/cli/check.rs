use super::Desk;

const TABLE: &str = "id,email\n1,a@example.com\n2,\n3,c@example.com\n";

#[test]
fn a_table_that_passes_is_0() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    desk.put("rules", r#"Rules = [ RowCount = 3, IsUnique "id" ]"#);
    let ran = desk.run(&["check", "t.csv", "--rules", "rules"]).exits(0);
    assert!(ran.out.contains("PASS   RowCount = 3"), "{}", ran.out);
    assert!(ran.out.contains("2 of 2 rules pass over 3 rows of t.csv"), "{}", ran.out);
    // sha256sum
    assert!(ran.out.contains(&sha256(TABLE)), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn a_rule_that_fails_is_1_and_names_rows_but_no_cell() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    desk.put("rules", r#"Rules = [ RowCount > 0, IsComplete "email" ]"#);
    let ran = desk.run(&["check", "t.csv", "--rules", "rules"]).exits(1);
    assert!(ran.out.contains("FAIL   IsComplete \"email\""), "{}", ran.out);
    assert!(ran.out.contains("counted from 0, the first: 1\n"), "{}", ran.out);
    assert!(!ran.out.contains("@example"), "{}", ran.out);
    let json = desk.run(&["check", "t.csv", "--rules", "rules", "--json"]).exits(1).json();
    assert_eq!(json["RuleResults"][1]["Result"], "FAIL");
    assert_eq!(json["Score"], 0.5);
}

#[test]
fn a_ruleset_with_errors_is_3_and_shows_where() {
    let desk = Desk::new();
    desk.put("t.csv", TABLE);
    desk.put("rules", "Rules = [ RowCuont > 1 ]");
    let ran = desk.run(&["check", "t.csv", "--rules", "rules"]).exits(3);
    assert!(ran.err.contains("did you mean `RowCount`?"), "{}", ran.err);
    assert!(ran.err.contains('^'), "{}", ran.err);
}

#[test]
fn the_format_comes_from_the_name_or_the_arguments() {
    let desk = Desk::new();
    desk.put("rules", r#"Rules = [ RowCount = 2, IsComplete "id", ColumnExists "name" ]"#);
    desk.put("t.jsonl", "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"b\"}\n");
    desk.run(&["check", "t.jsonl", "--rules", "rules"]).exits(0);
    desk.put("t.tsv", "id\tname\n1\ta\n2\tb\n");
    desk.run(&["check", "t.tsv", "--rules", "rules"]).exits(0);
    desk.put("t.dat", "id;name\n1;a\n2;b\n");
    let ran = desk.run(&["check", "t.dat", "--rules", "rules"]).exits(3);
    assert!(ran.err.contains("--format"), "{}", ran.err);
    desk.run(&["check", "t.dat", "--rules", "rules", "--format", "csv", "--delimiter", ";"]).exits(0);
}

#[test]
fn a_malformed_table_is_3() {
    let desk = Desk::new();
    desk.put("t.csv", "id,email\n1,\"never closed\n");
    desk.put("rules", "Rules = [ RowCount > 0 ]");
    desk.run(&["check", "t.csv", "--rules", "rules"]).exits(3);
}

fn sha256(text: &str) -> String {
    sluice_common::Sha256Digest::of(text.as_bytes()).to_hex()
}

#[test]
fn the_digest_is_the_files_also_when_columns_are_skipped() {
    let desk = Desk::new();
    desk.put("policy.yaml", PARQUET_POLICY);
    desk.put("t.csv", TABLE);
    desk.run(&["mask", "t.csv", "-p", "policy.yaml", "-d", "t", "-o", "t.parquet"]).exits(0);
    desk.put("rules", r#"Rules = [ RowCount = 3, IsUnique "id" ]"#);
    let ran = desk.run(&["check", "t.parquet", "--rules", "rules"]).exits(0);
    let bytes = std::fs::read(desk.path("t.parquet")).unwrap();
    assert!(ran.out.contains(&sluice_common::Sha256Digest::of(&bytes).to_hex()), "{}", ran.out);
}

const PARQUET_POLICY: &str = r#"
version: 1
datasets:
  - name: t
    match: "t/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy: { undeclared: keep, output: parquet }
"#;

const ORDERS: &str = "order_id,customer,amount\n1,a,9\n2,b,18\n3,a,100\n";

#[test]
fn rules_on_two_datasets_look_up_named_files() {
    let desk = Desk::new();
    desk.put("orders.csv", ORDERS);
    desk.put("customers.jsonl", "{\"name\":\"a\"}\n{\"name\":\"b\"}\n");
    let rules = r#"Rules = [ ReferentialIntegrity "customer" "customers.name" = 1.0, RowCountMatch "copy" = 1.0 ]"#;
    desk.put("rules", rules);
    let known = ["--reference", "customers=customers.jsonl", "--reference", "copy=orders.csv"];
    let ran = desk.run(&[&["check", "orders.csv", "--rules", "rules"][..], &known].concat()).exits(0);
    assert!(ran.out.contains("2 of 2 rules pass"), "{}", ran.out);

    desk.put("customers.jsonl", "{\"name\":\"a\"}\n");
    desk.run(&[&["check", "orders.csv", "--rules", "rules"][..], &known].concat()).exits(1);
    // Without the files the rules fail, and say what they miss.
    let ran = desk.run(&["check", "orders.csv", "--rules", "rules"]).exits(1);
    assert!(ran.out.contains("customers"), "{}", ran.out);
}

#[test]
fn references_are_named_by_aliases_once() {
    let desk = Desk::new();
    desk.put("orders.csv", ORDERS);
    desk.put("rules", "Rules = [ RowCount > 0 ]");
    for wrong in ["customers", "=orders.csv", "a b=orders.csv", "Primary=orders.csv", "x="] {
        desk.run(&["check", "orders.csv", "--rules", "rules", "--reference", wrong]).exits(2);
    }
    let twice = ["--reference", "x=orders.csv", "--reference", "X=orders.csv"];
    let ran = desk.run(&[&["check", "orders.csv", "--rules", "rules"][..], &twice].concat()).exits(3);
    assert!(ran.err.contains("given twice"), "{}", ran.err);
    let missing = ["check", "orders.csv", "--rules", "rules", "--reference", "x=nowhere.csv"];
    assert!(desk.run(&missing).exits(3).err.contains("nowhere.csv"));
}

#[cfg(feature = "sql")]
#[test]
fn queries_join_named_files() {
    let desk = Desk::new();
    desk.put("orders.csv", ORDERS);
    desk.put("customers.csv", "name,tier\na,gold\nb,none\n");
    let query = "select count(*) from primary p join Customers c on p.customer = c.name where c.tier = 'gold'";
    desk.put("rules", format!("Rules = [ CustomSql \"{query}\" = 2 ]"));
    let ran = ["check", "orders.csv", "--rules", "rules", "--reference", "customers=customers.csv"];
    desk.run(&ran).exits(0);
    desk.put("customers.csv", "name,tier\na,none\nb,none\n");
    desk.run(&ran).exits(1);
}
