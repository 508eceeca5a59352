use proptest::prelude::*;

use super::*;
use crate::object::ObjectKey;
use crate::port::RetentionMode;

mod detect;
mod hand_over;
mod paths;
mod reference;
mod risk;
mod schema;
mod subjects;
mod transforms;

const EXAMPLE: &str = include_str!("../../schema/pipeline-policy.example.yaml");

/// The smallest policy, and a place to put a section in.
fn with_privacy(privacy: &str) -> String {
    format!(
        "version: 1\ndatasets:\n  - name: a\n    match: '**'\n    format: {{ type: csv }}\n    quality: {{ ruleset: 'Rules = [ RowCount > 0 ]' }}\n    privacy: {privacy}\n"
    )
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn mask(keep_first: u16, keep_last: u16) -> Transform {
    Transform::Mask { character: '*', keep_first, keep_last, mask_first: None, mask_last: None }
}

fn problems(text: &str) -> Vec<String> {
    match Policy::parse(text) {
        Ok(_) => panic!("was accepted:\n{text}"),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_ratio_is_read_and_the_default_one_changes_no_digest() {
    let with = |ratio: &str| {
        let text = EXAMPLE.replacen("max_ratio: 200", ratio, 1);
        let dataset = Policy::parse(&text).map(|policy| policy.dataset("orders").unwrap().clone());
        dataset.map(|dataset| (dataset.format.max_ratio, *dataset.quality_digest()))
    };
    let plain = with("").unwrap();
    assert_eq!(with("max_ratio: 200").unwrap(), plain);
    let wider = with("max_ratio: 5000").unwrap();
    assert_eq!(wider.0, 5_000);
    assert_ne!(wider.1, plain.1);
    for refused in ["max_ratio: 0", "max_ratio: 100001", "max_ratio: many"] {
        assert!(with(refused).unwrap_err().to_string().contains("max_ratio"), "{refused}");
    }
}

#[test]
fn the_documented_example_is_read_as_it_says() {
    let policy = Policy::parse(EXAMPLE).unwrap();
    assert_eq!(policy.digest, crate::Sha256Digest::of(EXAMPLE.as_bytes()));
    let orders = policy.dataset("orders").unwrap();
    assert_eq!(
        orders.format,
        FormatSpec {
            kind: FormatKind::Csv { delimiter: b',', quote: Some(b'"'), header: true },
            compression: Compression::Auto,
            max_ratio: 200,
        }
    );
    assert!(matches!(&orders.quality.ruleset, RulesetRef::Inline(text) if text.starts_with("Rules = [ IsComplete")));
    assert_eq!(orders.privacy.domain.as_deref(), Some("customers"));
    let columns: Vec<(&str, &Transform)> = orders.privacy.columns.iter().collect();
    assert_eq!(columns[4], ("card_number", &mask(0, 4)));
    assert_eq!(columns[5].1, &Transform::Redact { with: "[REDACTED]".to_owned() });
    assert_eq!(orders.privacy.columns.get("customer_id"), Some(&Transform::Encrypt { key: KeyScope::Domain }));
    assert_eq!(orders.integrity.retention, Some(RetentionSpec { mode: RetentionMode::Governance, days: 365 }));
    let statistics = CatalogStatistics::Counts;
    assert_eq!(
        orders.catalog,
        Some(CatalogSpec { database: "lake".to_owned(), table: "orders".to_owned(), statistics })
    );
    let clicks = policy.dataset("clicks").unwrap();
    assert_eq!(
        clicks.format,
        FormatSpec { kind: FormatKind::JsonLines, compression: Compression::Auto, max_ratio: 200 }
    );
    assert_eq!(clicks.quality.ruleset, RulesetRef::S3(key("policy/clicks.dqdl")));
    assert_eq!(clicks.quality.on_fail, OnFail::Publish);
    assert_eq!((clicks.privacy.undeclared, clicks.privacy.output), (Undeclared::Keep, OutputFormat::Parquet));
    assert_eq!(clicks.integrity.retention, None);
}

#[test]
fn the_policies_in_this_repository_are_without_fault() {
    for text in
        [include_str!("../../../../infra/policy/pipeline.yaml"), include_str!("../../../../tests/e2e/policy.yaml")]
    {
        if let Err(problems) = Policy::parse(text) {
            panic!("{problems}");
        }
    }
}

#[test]
fn what_is_left_out_has_the_safe_default() {
    let policy =
        Policy::parse(&with_privacy("{ columns: { a: { transform: redact }, b: { transform: mask } } }")).unwrap();
    let dataset = &policy.datasets[0];
    assert_eq!(dataset.quality.on_fail, OnFail::Quarantine);
    assert_eq!(dataset.privacy.undeclared, Undeclared::Drop);
    assert_eq!(dataset.privacy.output, OutputFormat::Same);
    assert_eq!(dataset.privacy.columns.get("b"), Some(&mask(0, 0)));
    assert_eq!(dataset.integrity, IntegritySpec::default());
}

#[test]
fn every_problem_is_listed_at_once_by_path_and_line() {
    let text = "\
version: 2
datasets:
  - name: Orders
    match: 'orders/['
    format: { type: cvs, compression: gz }
    quality:
      ruleset: {}
      on_fail: drop_row
    privacy:
      columns:
        email: { transform: tokn }
        card: { transform: redact_text, entities: [e-mail] }
        name: { transform: mask, keep_last: 400, char: ab }
        plain: token
        born.on: { transform: token }
      min_k: 5
    catalog: { database: Lake }
    retention: { days: 3 }
";
    let expected = "\
version: version 2 is not supported; this release reads 1 (line 1, column 10)
datasets[0].name: \"Orders\" is not a name: expected 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit (line 3, column 11)
datasets[0].match: not a glob: unclosed character class; missing ']' (line 4, column 12)
datasets[0].format.type: unknown format \"cvs\"; did you mean \"csv\"? (line 5, column 21)
datasets[0].format.compression: unknown compression \"gz\"; expected one of auto, none, gzip, zstd (line 5, column 39)
datasets[0].quality.ruleset: expected DQDL text, { s3: key } or { glue: name } (line 7, column 16)
datasets[0].quality.on_fail: unknown action \"drop_row\"; did you mean \"drop_rows\"? (line 8, column 16)
datasets[0].privacy.columns.email.transform: unknown transform \"tokn\"; did you mean \"token\"? (line 11, column 29)
datasets[0].privacy.columns.card.entities[0]: \"e-mail\" is not the name of an entity: expected capitals, digits and underscores, at most 64, such as EMAIL_ADDRESS (line 12, column 52)
datasets[0].privacy.columns.name.keep_last: expected a whole number from 0 to 64 (line 13, column 45)
datasets[0].privacy.columns.name.char: \"ab\" is not one visible character (line 13, column 56)
datasets[0].privacy.columns.plain: expected { transform: … }, found text (line 14, column 16)
datasets[0].privacy.min_k: needs `quasi_identifiers`, the columns that others may know of a person (line 16, column 14)
datasets[0].catalog.table: missing (line 17, column 14)
datasets[0].catalog.database: \"Lake\" is not a catalog name: expected 1 to 255 of a-z, 0-9 and '_' (line 17, column 26)
datasets[0].retention: unknown field; expected one of name, match, format, quality, privacy, integrity, catalog, release (line 18, column 5)";
    assert_eq!(Policy::parse(text).unwrap_err().to_string(), expected);
}

#[test]
fn sections_that_contradict_themselves() {
    for (privacy, part) in [
        ("{ columns: { a: { transform: token } } }", "needs the key of a domain"),
        ("{ columns: { a: { transform: encrypt } } }", "needs the key of a domain"),
        ("{}", "nothing would be published"),
        ("{ columns: { a: { transform: drop } }, undeclared: refuse }", "nothing would be published"),
        ("{ columns: { a: { transform: keep, with: x } } }", "columns.a.with: unknown field"),
        ("{ columns: [a] }", "expected columns and their transforms, found a list"),
        ("{ columns: { '': { transform: keep } } }", "1 to 1024 bytes"),
        ("{ undeclared: keep, domain: 7 }", "expected text, found a number; put it in quotes"),
        ("{ undeclared: keep, output: ~ }", "expected text, found nothing"),
        ("keep", "expected fields, found text"),
    ] {
        let problems = problems(&with_privacy(privacy));
        assert!(problems.iter().any(|problem| problem.contains(part)), "{privacy}: {problems:?}");
    }
}

#[test]
fn csv_options() {
    let format = |format: &str| with_privacy("{ undeclared: keep }").replace("{ type: csv }", format);
    let csv = |text: &str| Policy::parse(&format(text)).map(|policy| policy.datasets[0].format.kind.clone());
    assert_eq!(
        csv(r#"{ type: csv, delimiter: "\t", quote: none, header: false }"#),
        Ok(FormatKind::Csv { delimiter: b'\t', quote: None, header: false })
    );
    for (text, part) in [
        ("{ type: csv, delimiter: '\"' }", "quote and delimiter are the same character"),
        ("{ type: csv, delimiter: ä }", "one ASCII character"),
        ("{ type: csv, header: 'true' }", "expected true or false, found text"),
        ("{ type: jsonl, header: true }", "belongs to the format csv only"),
        ("{ compression: auto }", "format.type: missing"),
    ] {
        let problems = problems(&format(text));
        assert!(problems.iter().any(|problem| problem.contains(part)), "{text}: {problems:?}");
    }
}

#[test]
fn yaml_that_is_more_than_a_policy_needs() {
    let deep = format!("version: {}1{}", "[".repeat(40), "]".repeat(40));
    let large = format!("# {}\n", "x".repeat(MAX_POLICY_BYTES));
    for (text, part) in [
        ("", "the file is empty"),
        ("# only a comment", "the file is empty"),
        ("- 1", "expected fields, found a list"),
        ("version: 1\nversion: 1\ndatasets: []", "stands here a second time (line 2, column 1)"),
        ("version: &v 1\ndatasets: []", "anchors are not allowed"),
        ("a: &a [1]\nb: *a", "aliases are not allowed"),
        ("version: !!str 1", "tags are not allowed"),
        ("version: 1\n---\nversion: 1", "more than one document"),
        ("? [a, b]\n: 1", "a key must be a plain name"),
        ("version: [1", "not YAML"),
        ("a: b: c", "not YAML"),
        (&deep, "nested more than 16 levels deep"),
        (&large, "at most 262144 are read"),
        ("datasets: []", "version: missing"),
        ("version: 1\ndatasets: []", "expected 1 to 1000 datasets, found 0"),
        ("version: '1'", "expected a whole number"),
    ] {
        let problems = problems(text);
        assert!(problems.iter().any(|problem| problem.contains(part)), "{text:.80}: {problems:?}");
    }
}

#[test]
fn names_of_datasets_are_unique() {
    let twice = with_privacy("{ undeclared: keep }");
    let second = twice.split_once("datasets:\n").unwrap().1.to_owned();
    let problems = problems(&format!("{twice}{second}"));
    assert_eq!(problems, ["datasets[1].name: the name \"a\" is taken by datasets[0] (line 8, column 5)"]);
}

#[test]
fn patterns_are_counted_over_all_datasets() {
    let text = |datasets: usize| {
        let base = with_privacy("{ undeclared: keep }").replace("'**'", &format!("[{}]", "a,".repeat(100)));
        let dataset = base.split_once("datasets:\n").unwrap().1;
        let named = (0..datasets).map(|index| dataset.replace("name: a", &format!("name: a{index}")));
        format!("version: 1\ndatasets:\n{}", named.collect::<String>())
    };
    assert_eq!(Policy::parse(&text(10)).unwrap().datasets.len(), 10);
    let problems = problems(&text(11));
    assert_eq!(problems.len(), 100);
    assert!(
        problems[0].starts_with("datasets[10].match[0]: one policy holds at most 1000 patterns"),
        "{}",
        problems[0]
    );
}

#[test]
fn the_first_match_wins_and_slashes_count() {
    let dataset = |name: &str, patterns: &str| {
        let text = with_privacy("{ undeclared: keep }").replace("name: a", &format!("name: {name}"));
        text.replace("'**'", patterns).split_once("datasets:\n").unwrap().1.to_owned()
    };
    let text = format!(
        "version: 1\ndatasets:\n{}{}{}",
        dataset("csv", "'in/**/*.csv'"),
        dataset("one", "['in/?.*', 'q/{a,b}/*']"),
        dataset("rest", "'in/**'")
    );
    let policy = Policy::parse(&text).unwrap();
    for (name, expected) in [
        ("in/a.csv", Some("csv")),
        ("in/2026/11/a b+c.csv", Some("csv")),
        ("in/dt=2026/你好 😊.csv", Some("csv")),
        ("in/line\nbreak.csv", Some("csv")),
        ("in/a.txt", Some("one")),
        ("in/ab.txt", Some("rest")),
        ("in/x/", Some("rest")),
        ("q/a/x", Some("one")),
        ("q/c/x", None),
        ("q/a/x/y", None),
        ("in", None),
        ("other/a.csv", None),
        ("IN/a.csv", None),
    ] {
        let found = policy.dataset_for(&key(name)).map(|dataset| dataset.name.as_str());
        assert_eq!(found, expected, "{name:?}");
    }
}

#[test]
fn digests_follow_what_decides_the_result_and_nothing_else() {
    let digests = |text: &str| {
        let policy = Policy::parse(text).unwrap();
        let dataset = &policy.datasets[0];
        (*dataset.quality_digest(), *dataset.privacy_digest())
    };
    let base = digests(EXAMPLE);
    let changed = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        let (quality, privacy) = digests(&EXAMPLE.replacen(from, to, 1));
        (quality != base.0, privacy != base.1)
    };
    assert_eq!(changed("# Every field", "# Each field"), (false, false));
    assert_eq!(changed("orders/**/*.csv", "orders/**"), (false, false));
    assert_eq!(changed("days: 365", "days: 366"), (false, false));
    assert_eq!(changed("compression: auto", "compression: gzip"), (true, true));
    assert_eq!(changed("delimiter: \",\"", "delimiter: \";\""), (true, true));
    assert_eq!(changed("name: orders", "name: orders2"), (true, true));
    assert_eq!(changed("on_fail: quarantine", "on_fail: publish"), (true, false));
    assert_eq!(changed("\"order_id\", IsUnique", "\"order_no\", IsUnique"), (true, false));
    assert_eq!(changed("keep_last: 4", "keep_last: 3"), (false, true));
    assert_eq!(changed("undeclared: drop", "undeclared: refuse"), (false, true));
    assert_eq!(changed("domain: customers", "domain: people"), (false, true));
    assert_eq!(changed("table: orders", "table: orders2"), (false, true));
    // What the catalog is told changes nothing that is published.
    assert_eq!(changed("statistics: counts", "statistics: ranges"), (false, false));
    let swapped = "        country:     { transform: keep }\n        order_id:    { transform: keep }\n";
    let order = "        order_id:    { transform: keep }\n        country:     { transform: keep }\n";
    assert_eq!(changed(order, swapped), (false, false));
}

#[test]
fn digests_are_pinned() {
    // Statement keys hold these: a change here re-runs every object of every dataset.
    let policy = Policy::parse(&with_privacy("{ domain: d, columns: { e: { transform: token } } }")).unwrap();
    // printf '%s' '{"dataset":"a","format":{"compression":"auto","delimiter":44,"header":true,"quote":34,"type":"csv"},
    // "quality":{"on_fail":"quarantine","ruleset":{"inline":"Rules = [ RowCount > 0 ]"}},"version":1}' | sha256sum
    assert_eq!(policy.datasets[0].quality_digest().to_hex(), QUALITY_DIGEST);
    // printf '%s' '{"catalog":null,"dataset":"a","format":{"compression":"auto","delimiter":44,"header":true,"quote":34,
    // "type":"csv"},"privacy":{"columns":{"e":{"transform":"token"}},"domain":"d","output":"same","undeclared":"drop"},
    // "version":1}' | sha256sum
    assert_eq!(policy.datasets[0].privacy_digest().to_hex(), PRIVACY_DIGEST);
}

const QUALITY_DIGEST: &str = "58f187860ffb5b2fd70bde280be161936beb4f6c8292c3a92cc374cb9eb1ab3a";
const PRIVACY_DIGEST: &str = "b87b98f04582a78448ad39fb098b7b52cbc6bbad3fab67393e4f29835a73120a";

proptest! {
    #[test]
    fn hostile_text_ends_in_a_policy_or_in_problems(text in "[\\[\\]{}:,&*!|>'\"%@`#?\\- \n\ta-z0-9~.]{0,200}") {
        if let Err(problems) = Policy::parse(&text) {
            prop_assert!(problems.iter().len() > 0);
        }
    }

    #[test]
    fn a_damaged_example_ends_in_a_policy_or_in_problems(at in 0usize..EXAMPLE.len(), insert in "\\PC{0,3}", cut in 0usize..9) {
        let characters: Vec<char> = EXAMPLE.chars().collect();
        let start = at.min(characters.len());
        let end = start.saturating_add(cut).min(characters.len());
        let (before, after) = (&characters[..start], &characters[end..]);
        let damaged: String = before.iter().copied().chain(insert.chars()).chain(after.iter().copied()).collect();
        if let Err(problems) = Policy::parse(&damaged) {
            prop_assert!(problems.iter().all(|problem| problem.line > 0 && problem.column > 0 && !problem.message.is_empty()));
        }
    }

    #[test]
    fn hostile_patterns_are_compiled_or_refused(pattern in "[*?\\[\\]{}!,\\\\a-c/]{1,64}", name in "[a-c/]{1,12}") {
        let text = with_privacy("{ undeclared: keep }").replace("'**'", &format!("'{pattern}'"));
        if let Ok(policy) = Policy::parse(&text) {
            policy.dataset_for(&key(&name));
        }
    }
}

mod release;
