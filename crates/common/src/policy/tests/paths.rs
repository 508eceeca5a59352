//! Paths into lists that contradict each other.

use crate::policy::{Policy, PolicyProblems};

/// The lines from `privacy:` on, each indented by two; the first of them is line 8.
fn refused(kind: &str, section: &[&str]) -> Vec<String> {
    let lines: String = section.iter().flat_map(|line| ["      ", line, "\n"]).collect();
    let yaml = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: {kind} }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n    privacy:\n{lines}"
    );
    Policy::parse(&yaml).err().iter().flat_map(PolicyProblems::iter).map(ToString::to_string).collect()
}

#[test]
fn what_is_declared_as_a_whole_and_in_part_is_refused_with_its_place() {
    for other in ["items", "items[*]", "items.sku", "\"items[*].email[*]\""] {
        let other = format!("  {other}: {{ transform: redact }}");
        let found = refused("jsonl", &["columns:", &other, "  items[*].email: { transform: redact }"]);
        assert_eq!(found.len(), 1, "{found:?}");
        // The one that lies inside the other.
        let (inner, line) = if other.contains("email") { ("items[*].email[*]", 9) } else { ("items[*].email", 10) };
        let place = format!("datasets[0].privacy.columns[{inner:?}]: ");
        assert!(found[0].starts_with(&place), "{found:?}");
        assert!(found[0].contains("not both") && found[0].ends_with(&format!("(line {line}, column 9)")), "{found:?}");
    }
    let twice =
        refused("jsonl", &["columns:", "  items[*].a: { transform: redact }", "  items[*].a: { transform: keep }"]);
    assert!(twice.len() == 1 && twice[0].contains("line 10, column 9"), "{twice:?}");
    let beside = [
        "columns:",
        "  items[*].a: { transform: redact }",
        "  items[*].b: { transform: keep }",
        "  itemsize: { transform: keep }",
    ];
    assert_eq!(refused("jsonl", &beside), Vec::<String>::new());
}

#[test]
fn what_has_one_value_a_row_cannot_lie_in_a_list() {
    let found = refused(
        "jsonl",
        &[
            "domain: d",
            "subjects: { column: \"who[*].id\" }",
            "quasi_identifiers: [zip, \"who[*].age\"]",
            "sensitive: [\"who[*].ill\"]",
            "columns:",
            "  who[*].born: { transform: shift_date, per: \"who[*].key\", max_days: 3 }",
            "  mail: { transform: encrypt }",
            "undeclared: keep",
        ],
    );
    let places = [
        ("subjects.column", 9),
        ("quasi_identifiers[1]", 10),
        ("sensitive[0]", 11),
        ("columns[\"who[*].born\"].per", 13),
    ];
    assert_eq!(found.len(), places.len(), "{found:?}");
    for (problem, (place, line)) in found.iter().zip(places) {
        assert!(problem.starts_with(&format!("datasets[0].privacy.{place}: ")), "{problem}");
        assert!(problem.contains("beside the list") && problem.contains(&format!("(line {line},")), "{problem}");
    }
}

#[test]
fn lists_stay_where_they_can_be_written() {
    let list = "  items[*].email: { transform: redact }";
    let found = refused("jsonl", &["output: parquet", "columns:", list]);
    assert!(found.len() == 1 && found[0].contains("`output: parquet`") && found[0].contains("line 10"), "{found:?}");
    // Parquet's stay in Parquet, and contradict each other as those of JSON Lines do.
    assert_eq!(refused("parquet", &["output: parquet", "columns:", list]), Vec::<String>::new());
    let found = refused("parquet", &["columns:", list, "  items: { transform: keep }"]);
    assert!(found.len() == 1 && found[0].contains("not both") && found[0].contains("line 9"), "{found:?}");
    // In CSV it is a name like any other.
    let csv = ["output: parquet", "columns:", list, "  items: { transform: keep }"];
    assert_eq!(refused("csv", &csv), Vec::<String>::new());
}

#[test]
fn what_is_changed_is_not_kept_with_its_object() {
    let columns = ["columns:", "  a: { transform: keep }", "  a.b: { transform: redact }"];
    let found = refused("jsonl", &columns);
    assert!(
        found.len() == 1 && found[0].starts_with("datasets[0].privacy.columns[\"a.b\"]: the object `a`"),
        "{found:?}"
    );
    let found = refused("jsonl", &[&columns[..], &["undeclared: keep", "output: parquet"]].concat());
    assert_eq!(found.len(), 1, "{found:?}");
    // There lines are edited in place.
    assert_eq!(refused("jsonl", &[&columns[..], &["undeclared: keep"]].concat()), Vec::<String>::new());
}
