use super::{Desk, exists};

const POLICY: &str = r#"
version: 1
datasets:
  - name: orders
    match: "orders/**"
    format: { type: csv }
    quality: { ruleset: "Rules = [ RowCount > 0 ]" }
    privacy:
      domain: customers
      columns:
        id: { transform: keep }
        email: { transform: token }
        card: { transform: mask, keep_last: 4 }
        note: { transform: keep }
"#;
const TABLE: &str = "id,email,card,note,extra\n1,a@example.com,4111111111111111,=1+1,x\n2,a@example.com,4111,ok,y\n";

fn mask(desk: &Desk, output: &str, more: &[&str]) -> super::Ran {
    let base = ["mask", "t.csv", "--policy", "policy.yaml", "--dataset", "orders", "--output", output];
    desk.run(&[&base, more].concat())
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("policy.yaml", POLICY);
    desk.put("t.csv", TABLE);
    desk
}

#[test]
fn values_are_transformed_and_formulas_neutralised() {
    let desk = desk();
    let ran = mask(&desk, "out.csv", &[]).exits(0);
    assert!(ran.err.contains("drawn for this run alone"), "{}", ran.err);
    assert!(ran.out.contains("1 columns that the policy does not name were left out"), "{}", ran.out);
    let text = desk.text("out.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["id", "email", "card", "note"]);
    assert_eq!((rows[1][0], rows[1][2], rows[1][3]), ("1", "************1111", "'=1+1"));
    assert_eq!(rows[2][2], "****", "ends that would show all of a value show nothing");
    assert_eq!(rows[1][1], rows[2][1], "equal values, equal tokens");
    assert!(!text.contains("example.com"));
    assert!(!exists(&desk.path("out.csv.partial")));
}

#[test]
fn a_key_file_is_made_once_and_gives_the_same_tokens_again() {
    let desk = desk();
    mask(&desk, "first.csv", &["--key-file", "key"]).exits(0);
    assert_eq!(desk.text("key").trim().len(), 64);
    let again = mask(&desk, "second.csv.gz", &["--key-file", "key"]).exits(0);
    assert_eq!(again.err, "");
    let packed = std::fs::read(desk.path("second.csv.gz")).unwrap();
    assert_eq!(packed[..2], [0x1f, 0x8b]);
    mask(&desk, "third.csv", &["--key-file", "key"]).exits(0);
    assert_eq!(desk.text("first.csv"), desk.text("third.csv"));
    mask(&desk, "other.csv", &[]).exits(0);
    assert_ne!(desk.text("first.csv"), desk.text("other.csv"));
}

#[test]
fn a_damaged_key_is_not_repeated() {
    let desk = desk();
    desk.put("key", "deadbeefcafe");
    let ran = mask(&desk, "out.csv", &["--key-file", "key"]).exits(3);
    assert!(ran.err.contains("64 hexadecimal digits") && !ran.err.contains("deadbeef"), "{}", ran.err);
}

#[test]
fn nothing_half_written_is_left() {
    let desk = desk();
    desk.put("t.csv", "id,email,card,note\n1,a@example.com,4111\n2,\"never closed\n");
    mask(&desk, "out.csv", &[]).exits(3);
    assert!(!exists(&desk.path("out.csv")) && !exists(&desk.path("out.csv.partial")));
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let desk = desk();
    let ran = mask(&desk, "out.parquet", &[]).exits(3);
    assert!(ran.err.contains("CSV"), "{}", ran.err);
    let ran = desk.run(&["mask", "t.csv", "-p", "policy.yaml", "-d", "ordres", "-o", "out.csv"]).exits(3);
    assert!(ran.err.contains("it has orders"), "{}", ran.err);
    assert!(!exists(&desk.path("out.csv")));
}

#[test]
fn a_column_that_no_json_line_has_publishes_nothing() {
    let desk = desk();
    let policy =
        POLICY.replace("type: csv", "type: jsonl").replace("      domain", "      undeclared: keep\n      domain");
    desk.put("policy.yaml", policy);
    let row = r#"{"id":1,"card":"4111111111111111","note":"x","e-mail":"plain"}"#;
    desk.put("t.jsonl", format!("{row}\n").repeat(50_000));
    let ran = desk.run(&["mask", "t.jsonl", "-p", "policy.yaml", "-d", "orders", "-o", "out.jsonl"]).exits(3);
    assert!(ran.err.contains("column `email` of the policy is not in the table"), "{}", ran.err);
    assert!(!exists(&desk.path("out.jsonl")) && !exists(&desk.path("out.jsonl.partial")));
}

const RISKY: &str = "id,zip,born\n1,80331,1951\n2,80331,1952\n3,80331,1962\n";

fn risky(small_classes: &str) -> Desk {
    let desk = Desk::new();
    let privacy = format!(
        "privacy: {{ columns: {{ zip: {{ transform: keep }}, born: {{ transform: generalize, to: number, width: 10 }} }}, \
         quasi_identifiers: [zip, born], min_k: 2, small_classes: {small_classes} }}"
    );
    let dataset = "  - name: orders\n    match: '**'\n    format: { type: csv }\n    quality: { ruleset: 'Rules = [ RowCount > 0 ]' }";
    desk.put("policy.yaml", format!("version: 1\ndatasets:\n{dataset}\n    {privacy}\n"));
    desk.put("t.csv", RISKY);
    desk
}

#[test]
fn classes_that_are_too_small_are_withheld_suppressed_or_generalised() {
    let desk = risky("withhold");
    let ran = mask(&desk, "out.csv", &[]).exits(1);
    assert!(ran.err.contains("withheld: k_too_small: k = 1, 1 of 3 rows"), "{}", ran.err);
    assert!(!exists(&desk.path("out.csv")) && !exists(&desk.path("out.csv.partial")));

    let desk = risky("suppress");
    let ran = mask(&desk, "out.csv", &[]).exits(0);
    assert!(ran.out.contains("k-anonymity 2: 1 classes") && ran.out.contains("1 rows of small classes"), "{}", ran.out);
    assert_eq!(desk.text("out.csv"), "zip,born\n80331,1950\n80331,1950\n");

    let desk = risky("generalize");
    desk.put("t.csv", "id,zip,born\n1,80331,1941\n2,80331,1952\n");
    let ran = mask(&desk, "out.csv", &[]).exits(0);
    assert!(ran.out.contains("one step coarser"), "{}", ran.out);
    assert_eq!(desk.text("out.csv"), "zip,born\n80331,1940\n80331,1940\n");
}
