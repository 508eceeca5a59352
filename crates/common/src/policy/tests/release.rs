//! The `release` section.

use super::{Policy, problems};
use crate::policy::{NumberBounds, ReleaseColumn};

fn with_release(release: &str) -> String {
    format!("{}    release: {release}\n", super::with_privacy("{ columns: { a: { transform: keep } } }"))
}

#[test]
fn a_section_is_read_as_it_says() {
    let text = with_release(
        "{ budget: { epsilon: 4, delta: 1e-6 }, person: id, max_rows_per_person: 3, columns: { amount: { min: -5, max: 1000, step: 0.01 }, country: { values: [US, DE] } } }",
    );
    let policy = Policy::parse(&text).unwrap();
    let release = policy.datasets[0].release.as_ref().unwrap();
    assert_eq!(release.budget.to_string(), "ε = 4, δ = 0.000001");
    assert_eq!((release.person.as_deref(), release.max_rows_per_person), (Some("id"), 3));
    let bounds = NumberBounds { min: -5.0, max: 1000.0, step: 0.01 };
    assert_eq!(release.column("amount"), Some(&ReleaseColumn::Number(bounds)));
    let values = vec!["US".to_owned(), "DE".to_owned()];
    assert_eq!(release.column("country"), Some(&ReleaseColumn::Category { values }));
}

#[test]
fn every_fault_is_named() {
    for (release, expected) in [
        ("{ columns: {} }", "budget: missing"),
        ("{ budget: { epsilon: 0 }, columns: {} }", "epsilon: expected more than 0"),
        ("{ budget: { epsilon: -1 }, columns: {} }", "epsilon: expected a decimal number"),
        ("{ budget: { epsilon: 0.0000001 }, columns: {} }", "at most 6 digits"),
        ("{ budget: { epsilon: 1, delta: 1 }, columns: {} }", "delta: expected less than 1"),
        ("{ budget: { epsilon: 1 }, max_rows_per_person: 2, columns: {} }", "needs `person`"),
        ("{ budget: { epsilon: 1 }, columns: { a: { min: 1, max: 1 } } }", "expected min < max"),
        ("{ budget: { epsilon: 1 }, columns: { a: { min: 0, max: 1, step: 1e-12 } } }", "4,294,967,296 steps"),
        ("{ budget: { epsilon: 1 }, columns: { a: { min: 0, max: .inf } } }", "max: expected a finite number"),
        ("{ budget: { epsilon: 1 }, columns: { a: { min: 0, values: [x] } } }", "either `values` or"),
        ("{ budget: { epsilon: 1 }, columns: { a: { values: [x, x] } } }", "values[1]: stands twice"),
        ("{ budget: { epsilon: 1 }, columns: { a: { values: [] } } }", "1 to 1,000 values"),
    ] {
        let found = problems(&with_release(release)).join("\n");
        assert!(found.contains(expected), "{release}: {found}");
    }
}
