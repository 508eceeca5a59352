//! The published schema and the loader say the same about fields, words and bounds.

use serde_json::Value;

use super::{EXAMPLE, Policy};
use crate::policy::privacy::{OUTPUTS, PRIVACY_FIELDS, UNDECLARED};
use crate::policy::transforms::{self, LATER_TRANSFORMS, TRANSFORMS};
use crate::policy::{detect, hand_over, load, reference, release, risk, sections};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schema/pipeline-policy.schema.json")).unwrap()
}

fn fields(schema: &Value) -> Vec<String> {
    assert_eq!(schema["additionalProperties"], Value::Bool(false), "{schema}");
    let mut names: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    names.sort_unstable();
    names
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

fn words<T>(table: &[(&str, T)]) -> Vec<Value> {
    table.iter().map(|(word, _)| Value::from(*word)).collect()
}

#[test]
fn fields_agree() {
    let schema = schema();
    assert_eq!(fields(&schema), sorted(load::POLICY_FIELDS));
    for (definition, known) in [
        ("dataset", load::DATASET_FIELDS),
        ("format", sections::FORMAT_FIELDS),
        ("quality", sections::QUALITY_FIELDS),
        ("ruleset", sections::RULESET_FIELDS),
        ("hand_over", hand_over::HAND_OVER_FIELDS),
        ("reference", reference::REFERENCE_FIELDS),
        ("reference_table", reference::TABLE_FIELDS),
        ("privacy", PRIVACY_FIELDS),
        ("subjects", crate::policy::subjects::SUBJECTS_FIELDS),
        ("comprehend", crate::policy::comprehend::COMPREHEND_FIELDS),
        ("detect", detect::DETECT_FIELDS),
        ("custom_entity", detect::CUSTOM_FIELDS),
        ("entity_pattern", detect::PATTERN_FIELDS),
        ("integrity", sections::INTEGRITY_FIELDS),
        ("retention", sections::RETENTION_FIELDS),
        ("catalog", sections::CATALOG_FIELDS),
        ("release", release::RELEASE_FIELDS),
        ("budget", release::BUDGET_FIELDS),
        ("release_column", release::RELEASE_COLUMN_FIELDS),
    ] {
        assert_eq!(fields(&schema["$defs"][definition]), sorted(known), "{definition}");
    }
}

#[test]
fn words_agree() {
    let definitions = &schema()["$defs"];
    let words_of = |definition: &str, field: &str| definitions[definition]["properties"][field]["enum"].clone();
    for (definition, field, table) in [
        ("format", "type", words(sections::FORMAT_TYPES)),
        ("format", "compression", words(sections::COMPRESSIONS)),
        ("quality", "on_fail", words(sections::ON_FAIL)),
        ("privacy", "undeclared", words(UNDECLARED)),
        ("privacy", "undeclared_pii", words(detect::UNDECLARED_PII)),
        ("detect", "test_values", words(detect::TEST_VALUES)),
        ("custom_entity", "checksum", words(detect::ENTITY_CHECKSUMS)),
        ("privacy", "output", words(OUTPUTS)),
        ("privacy", "small_classes", words(risk::SMALL_CLASSES)),
        ("retention", "mode", words(sections::RETENTION_MODES)),
        ("catalog", "statistics", words(sections::CATALOG_STATISTICS)),
    ] {
        assert_eq!(words_of(definition, field), Value::from(table), "{definition}.{field}");
    }
    let alternatives = definitions["transform"]["oneOf"].as_array().unwrap();
    assert_eq!(alternatives.len(), TRANSFORMS.len());
    for (alternative, (word, transform)) in alternatives.iter().zip(TRANSFORMS) {
        assert_eq!(alternative["properties"]["transform"]["const"], Value::from(*word));
        assert_eq!(fields(alternative), sorted(transform.fields()), "{word}");
    }
}

#[test]
fn words_of_transforms_agree() {
    let schema = schema();
    let alternatives = schema["$defs"]["transform"]["oneOf"].as_array().unwrap();
    let words_of = |transform: &str, field: &str| {
        let alternative = alternatives.iter().find(|one| one["properties"]["transform"]["const"] == transform).unwrap();
        alternative["properties"][field]["enum"].clone()
    };
    for (transform, field, table) in [
        ("token", "key", words(transforms::KEY_SCOPES)),
        ("encrypt", "key", words(transforms::KEY_SCOPES)),
        ("hash", "key", words(transforms::KEY_SCOPES)),
        ("hash", "algorithm", words(transforms::HASH_ALGORITHMS)),
        ("hash", "construction", words(transforms::HASH_CONSTRUCTIONS)),
        ("fpe", "key", words(transforms::KEY_SCOPES)),
        ("fpe", "check", words(transforms::CHECK_DIGITS)),
        ("fpe", "unfit", words(transforms::UNFIT_OR_TOKEN)),
        ("generalize", "to", words(transforms::GENERALIZE_TO)),
        ("generalize", "part", words(transforms::DATE_PARTS)),
        ("generalize", "order", words(transforms::DATE_ORDERS)),
        ("generalize", "unfit", words(transforms::UNFIT)),
        ("clip", "unfit", words(transforms::UNFIT)),
        ("shift_date", "order", words(transforms::DATE_ORDERS)),
        ("shift_date", "unfit", words(transforms::UNFIT)),
        ("noise", "distribution", words(transforms::DISTRIBUTIONS)),
        ("noise", "unfit", words(transforms::UNFIT)),
        ("surrogate", "kind", words(transforms::SURROGATES)),
        ("surrogate", "key", words(transforms::KEY_SCOPES)),
        ("redact_text", "with", words(transforms::REDACT_WITH)),
        ("redact_text", "key", words(transforms::KEY_SCOPES)),
    ] {
        assert_eq!(words_of(transform, field), Value::from(table), "{transform}.{field}");
    }
}

#[test]
fn what_the_schema_requires_the_loader_requires() {
    let definitions = &schema()["$defs"];
    // Taking a required field out of the example must be refused by name.
    for (definition, line) in [
        ("dataset", "  - name: orders "),
        ("dataset", "    match: \"orders"),
        ("format", "      type: csv "),
        ("catalog", "database: lake, "),
    ] {
        let field = line.trim_start_matches([' ', '-']).split(':').next().unwrap();
        let required = definitions[definition]["required"].as_array().unwrap();
        assert!(required.contains(&Value::from(field)), "{definition}.{field}");
        let renamed = line.replace(field, "x");
        let problems = Policy::parse(&EXAMPLE.replacen(line, &renamed, 1)).unwrap_err().to_string();
        assert!(problems.contains(&format!("{field}: missing")), "{problems}");
    }
}

#[test]
fn the_schema_does_not_offer_what_the_loader_refuses() {
    let text = schema().to_string();
    for later in LATER_TRANSFORMS {
        assert!(!text.contains(&format!("\"{later}\"")), "{later}");
    }
}

/// Bounds and defaults of the schema are tried on the loader.
#[test]
fn bounds_agree() {
    let definitions = &schema()["$defs"];
    let days = &definitions["retention"]["properties"]["days"];
    let shown = &definitions["transform"]["oneOf"][3]["properties"]["keep_last"];
    for (bounds, text) in [(days, "days: 365"), (shown, "keep_last: 4")] {
        let name = text.split(':').next().unwrap();
        let (minimum, maximum) = (bounds["minimum"].as_i64().unwrap(), bounds["maximum"].as_i64().unwrap());
        for (value, accepted) in [(minimum - 1, false), (minimum, true), (maximum, true), (maximum + 1, false)] {
            let policy = Policy::parse(&EXAMPLE.replacen(text, &format!("{name}: {value}"), 1));
            assert_eq!(policy.is_ok(), accepted, "{name}: {value}");
        }
    }
}
