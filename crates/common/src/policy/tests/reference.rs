use super::{Policy, problems};
use crate::policy::ReferenceSource;

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
    let ReferenceSource::Object { key, .. } = &customers.source else { panic!("an object") };
    assert_eq!((customers.alias.as_str(), key.as_str()), ("customers", "policy/customers.csv"));
    // What was signed under the digest of before stays what is asked for.
    let written = serde_json::to_value(customers).unwrap();
    assert_eq!(written["s3"], "policy/customers.csv");
    assert_eq!(written.as_object().unwrap().len(), 3, "{written}");
    assert_ne!(plain.quality_digest(), named.quality_digest());
    assert_eq!(plain.privacy_digest(), named.privacy_digest());
}

#[test]
fn a_table_of_the_catalog_is_named_by_database_and_table() {
    let named = |glue: &str| with(&format!("      references: [ {{ alias: products, {glue} }} ]\n"));
    let policy = Policy::parse(&named("glue: { database: sales, table: products-v2 }")).unwrap();
    let quality = &policy.dataset("a").unwrap().quality;
    let ReferenceSource::Table { glue } = &quality.references[0].source else { panic!("a table") };
    assert_eq!(glue.to_string(), "sales.products-v2");
    for (wrong, part) in [
        ("glue: { database: sales }", "references[0].glue.table"),
        ("glue: { database: Sales, table: products }", "references[0].glue.database"),
        ("glue: sales.products", "references[0].glue"),
        ("glue: { database: sales, table: products }, format: { type: csv }", "the Glue Data Catalog says how"),
        ("glue: { database: sales, table: products }, s3: policy/x.csv", "not both"),
    ] {
        let found = problems(&named(wrong)).join("\n");
        assert!(found.contains(part), "{wrong}: {found}");
    }
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
