use super::{Policy, problems};

fn with(references: &str) -> String {
    format!(
        "version: 1\ndatasets:\n  - name: a\n    match: '**'\n    format: {{ type: csv }}\n    privacy: {{ undeclared: keep }}\n    quality:\n      ruleset: 'Rules = [ RowCount > 0 ]'\n{references}"
    )
}

#[test]
fn tables_are_named_by_aliases_and_belong_to_what_decides_a_verdict() {
    let of = |text: &str| Policy::parse(text).unwrap().dataset("a").unwrap().clone();
    let plain = of(&with(""));
    assert!(plain.quality.references.is_empty());
    let named = of(&with(
        "      references: [ { alias: customers, s3: policy/customers.csv, format: { type: csv, delimiter: ';' } } ]\n",
    ));
    let [customers] = named.quality.references.as_slice() else { panic!("one reference") };
    assert_eq!((customers.alias.as_str(), customers.key.as_str()), ("customers", "policy/customers.csv"));
    assert_ne!(plain.quality_digest(), named.quality_digest());
    assert_eq!(plain.privacy_digest(), named.privacy_digest());
}

#[test]
fn what_is_incomplete_or_ambiguous_is_refused() {
    let found = problems(&with("      references: [ { alias: primary }, { s3: '', format: { type: csv }, at: x } ]\n"));
    let found = found.join("\n");
    for part in
        ["references[0].alias", "references[0].s3", "references[0].format", "references[1].alias", "references[1].at"]
    {
        assert!(found.contains(part), "{part}: {found}");
    }
    let one = "{ alias: x, s3: policy/x.csv, format: { type: csv } }";
    let twice = problems(&with(&format!("      references: [ {one}, {one} ]\n"))).join("\n");
    assert!(twice.contains("given twice"), "{twice}");
    assert!(problems(&with("      references: { x: policy/x.csv }\n")).join("\n").contains("expected a list"));
}
