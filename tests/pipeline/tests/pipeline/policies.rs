//! The policy of these tests. Each test that needs another changes a line of it.

pub(crate) const RULES: &str = r#"Rules = [ RowCount > 0, IsComplete "id", IsUnique "id" ]"#;

const PRIVACY: &str = r"    privacy:
      domain: people
      columns:
        id:    { transform: keep }
        email: { transform: token }
        name:  { transform: redact }
        city:  { transform: keep }
";

/// Where the ruleset of Parquet objects is.
pub(crate) const RULESET_KEY: &str = "policy/people.dqdl";

pub(crate) fn policy() -> String {
    let dataset = |name: &str, pattern: &str, format: &str, ruleset: &str| {
        format!(
            "  - name: {name}\n    match: {pattern}\n    format: {{ type: {format} }}\n    quality: {{ ruleset: {ruleset} }}\n{PRIVACY}"
        )
    };
    let inline = format!("'{RULES}'");
    let csv = dataset("people-csv", r#"["people/**/*.csv", "people/**/*.csv.gz"]"#, "csv", &inline);
    let json = dataset("people-json", r#"["people/**/*.jsonl", "people/**/*.jsonl.zst"]"#, "jsonl", &inline);
    let parquet = dataset("people-parquet", r#""people/**/*.parquet""#, "parquet", &format!("{{ s3: {RULESET_KEY} }}"));
    let hostile = dataset("hostile", r#""hostile/**""#, "csv", &inline);
    format!("version: 1\ndatasets:\n{csv}    catalog: {{ database: lake, table: people }}\n{json}{parquet}{hostile}")
}

/// The policy with one part replaced everywhere.
pub(crate) fn policy_with(part: &str, other: &str) -> String {
    let policy = policy();
    assert!(policy.contains(part), "{part} is not in the policy");
    policy.replace(part, other)
}
