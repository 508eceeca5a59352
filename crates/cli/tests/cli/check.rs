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
