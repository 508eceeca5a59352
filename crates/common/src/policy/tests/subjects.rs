//! `subjects` of the privacy section.

use crate::policy::{CohortSize, Policy};

fn parse(section: &str) -> Result<Policy, String> {
    let yaml = format!(
        "version: 1\ndatasets:\n  - name: t\n    match: \"**\"\n    format: {{ type: csv }}\n    quality: {{ ruleset: \"Rules = [ RowCount > 0 ]\" }}\n    privacy:\n      domain: d\n{section}"
    );
    Policy::parse(&yaml).map_err(|problems| problems.to_string())
}

const ENCRYPTED: &str = "      columns: { email: { transform: encrypt } }\n";

#[test]
fn the_size_is_a_number_or_each() {
    let size = |text: &str| {
        let policy = parse(&format!("      subjects: {{ column: id{text} }}\n{ENCRYPTED}"));
        policy.map(|policy| policy.datasets[0].privacy.subjects.clone().unwrap().cohorts)
    };
    assert_eq!(size(""), Ok(CohortSize::Shared(1_024)));
    assert_eq!(size(", cohorts: 4096"), Ok(CohortSize::Shared(4_096)));
    assert_eq!(size(", cohorts: each"), Ok(CohortSize::Each));
    for wrong in [", cohorts: 0", ", cohorts: 16385", ", cohorts: all", ", cohorts: \"7\"", ", cohort: 7"] {
        assert!(size(wrong).is_err(), "{wrong}");
    }
    assert!(parse(&format!("      subjects: {{ cohorts: 8 }}\n{ENCRYPTED}")).unwrap_err().contains("missing"));
}

#[test]
fn what_could_not_be_destroyed_is_refused() {
    let fpe =
        "      subjects: { column: id }\n      columns: { card: { transform: fpe }, email: { transform: encrypt } }\n";
    assert!(parse(fpe).unwrap_err().contains("would stay readable"));
    let none = "      subjects: { column: id }\n      columns: { email: { transform: token } }\n";
    assert!(parse(none).unwrap_err().contains("no column has the transform `encrypt`"));
}

#[test]
fn a_section_without_it_has_the_digest_it_had() {
    let digest = |section: &str| *parse(section).unwrap().datasets[0].privacy_digest();
    let with = format!("      subjects: {{ column: id }}\n{ENCRYPTED}");
    assert_ne!(digest(&with), digest(ENCRYPTED));
    let json = serde_json::to_string(&parse(ENCRYPTED).unwrap().datasets[0].privacy).unwrap();
    assert!(!json.contains("subjects"), "{json}");
}
