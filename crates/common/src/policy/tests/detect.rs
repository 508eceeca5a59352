//! What counts as personal data, and what is done about columns that nobody named.

use super::{Policy, problems, with_privacy};
use crate::policy::{DetectSpec, EntityChecksum, RedactWith, TestValues, Transform, Undeclared, UndeclaredPii};

fn detect(fields: &str) -> DetectSpec {
    let policy = Policy::parse(&with_privacy(&format!("{{ undeclared: keep, detect: {fields} }}"))).unwrap();
    policy.datasets[0].privacy.detect.clone()
}

#[test]
fn everything_has_a_default_and_every_field_is_read() {
    assert!(detect("{}").is_default());
    let spec = detect(
        r"{ entities: [EMAIL_ADDRESS], test_values: ignore, threshold: 0.5, thresholds: { US_SSN: 1 }, column_share: 0.2,
            allow: ['info@example.org'], allow_patterns: ['x-[0-9]+'],
            custom: [ { name: STAFF, patterns: [ { regex: 'E\d{6}', score: 0.6 } ], values: [E1], context: [staff],
                        needs_context: true, checksum: mod_11_10 } ] }",
    );
    assert_eq!((spec.test_values, spec.entities.unwrap().len()), (TestValues::Ignore, 1));
    assert_eq!(spec.thresholds["US_SSN"].to_string(), "1");
    assert_eq!(spec.custom[0].checksum, Some(EntityChecksum::Mod1110));
    assert_eq!(spec.custom[0].patterns[0].0, r"E\d{6}");
    let shown = format!("{:?} {:?}", spec.allow, spec.custom);
    assert!(!shown.contains("info@") && !shown.contains("E1"), "{shown}");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let custom = |entity: &str| format!("{{ custom: [ {entity} ] }}");
    for (fields, part) in [
        ("{ threshold: 1.01 }".to_owned(), "detect.threshold: expected a number from 0 to 1"),
        ("{ entities: [] }".to_owned(), "at least one entity"),
        ("{ entities: [email] }".to_owned(), "detect.entities[0]: \"email\" is not the name of an entity"),
        ("{ allow: [''] }".to_owned(), "detect.allow[0]: expected 1 to 256 bytes"),
        (
            "{ allow_patterns: ['a*'] }".to_owned(),
            "detect.allow_patterns[0]: cannot be used: it matches the empty text",
        ),
        (custom("{ name: A }"), "it finds nothing"),
        (custom("{ name: A, patterns: [ { regex: '(', score: 0.5 } ] }"), "patterns[0].regex: cannot be used"),
        (custom("{ name: A, patterns: [ { regex: '(a{1000}){1000}', score: 0.5 } ] }"), "too much memory"),
        (custom("{ name: A, patterns: [ { regex: 'a' } ] }"), "patterns[0].score: missing"),
        (custom("{ values: [a] }"), "custom[0].name: missing"),
        ("[]".to_owned(), "expected fields, found a list"),
    ] {
        let problems = problems(&with_privacy(&format!("{{ undeclared: keep, detect: {fields} }}")));
        assert!(problems.iter().any(|problem| problem.contains(part)), "{fields}: {problems:?}");
    }
}

#[test]
fn undeclared_personal_columns_are_looked_for_among_those_kept() {
    let privacy = |fields: &str| Policy::parse(&with_privacy(fields)).unwrap().datasets[0].privacy.clone();
    let refuse = privacy("{ undeclared_pii: refuse }");
    assert_eq!((refuse.undeclared, refuse.undeclared_pii), (Undeclared::Keep, UndeclaredPii::Refuse));
    assert_eq!(privacy("{ undeclared: keep }").undeclared_pii, UndeclaredPii::Allow);
    let problems =
        problems(&with_privacy("{ undeclared: drop, undeclared_pii: mask, columns: { a: { transform: keep } } }"));
    assert!(problems[0].contains("undeclared_pii: looks at columns that are kept"), "{problems:?}");
}

#[test]
fn free_text_is_redacted_by_entity_or_by_token() {
    let column = |fields: &str| {
        let privacy = format!("{{ domain: d, columns: {{ a: {{ transform: redact_text{fields} }} }} }}");
        Policy::parse(&with_privacy(&privacy)).unwrap().datasets[0].privacy.columns.get("a").unwrap().clone()
    };
    let Transform::RedactText { entities: None, with: RedactWith::Entity, .. } = column("") else { panic!("defaults") };
    assert!(!column("").is_keyed() && column(", with: token").is_keyed());
    let Transform::RedactText { entities: Some(entities), .. } = column(", entities: [US_SSN]") else {
        panic!("named")
    };
    assert_eq!(entities, ["US_SSN"]);
}
