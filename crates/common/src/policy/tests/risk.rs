//! What the policy says of k, l and t.

use super::{problems, with_privacy};
use crate::policy::{Number, Policy, PrivacySpec, RiskSpec, SmallClasses, Transform};

fn privacy(section: &str) -> PrivacySpec {
    let policy = Policy::parse(&with_privacy(section)).unwrap_or_else(|problems| panic!("{section}: {problems}"));
    policy.datasets.into_iter().next().unwrap().privacy
}

#[test]
fn a_whole_section() {
    let section = "{ columns: { zip: { transform: keep }, born: { transform: keep }, ill: { transform: keep } }, \
                   quasi_identifiers: [zip, born], sensitive: [ill], min_k: 5, min_l: 2, max_t: 0.35, small_classes: suppress }";
    let expected = RiskSpec {
        quasi_identifiers: vec!["zip".to_owned(), "born".to_owned()],
        sensitive: vec!["ill".to_owned()],
        min_k: Some(5),
        min_l: Some(2),
        max_t: Number::parse("0.35"),
        small_classes: SmallClasses::Suppress,
    };
    assert_eq!(privacy(section).risk, Some(expected));
}

#[test]
fn without_a_bound_it_is_told_and_holds_nothing_back() {
    let risk = privacy("{ undeclared: keep, quasi_identifiers: [zip] }").risk.unwrap();
    assert!(!risk.is_gate());
    assert_eq!(risk.small_classes, SmallClasses::Withhold);
    assert_eq!(privacy("{ undeclared: keep }").risk, None);
}

#[test]
fn columns_that_are_not_published_and_bounds_of_nothing_are_refused_with_their_place() {
    for (section, problem) in [
        ("{ undeclared: keep, min_k: 5 }", "min_k: needs `quasi_identifiers`"),
        ("{ undeclared: keep, quasi_identifiers: [] }", "quasi_identifiers: expected 1 to 64 columns, found 0"),
        ("{ undeclared: keep, quasi_identifiers: zip }", "quasi_identifiers: expected a list of columns, found text"),
        ("{ undeclared: keep, quasi_identifiers: [a, a] }", "quasi_identifiers[1]: stands twice (line 7, column 57)"),
        ("{ undeclared: keep, quasi_identifiers: [a], min_k: 1 }", "min_k: expected a whole number from 2 to 1000000"),
        ("{ undeclared: keep, quasi_identifiers: [a], min_l: 2 }", "min_l: needs `sensitive`"),
        ("{ undeclared: keep, quasi_identifiers: [a], max_t: 0.1 }", "max_t: needs `sensitive`"),
        (
            "{ undeclared: keep, quasi_identifiers: [a], sensitive: [b], max_t: 1.5 }",
            "max_t: expected a number from 0 to 1",
        ),
        ("{ undeclared: keep, quasi_identifiers: [a], sensitive: [a] }", "sensitive[0]: is a quasi-identifier too"),
        ("{ undeclared: keep, quasi_identifiers: [a], small_classes: suppress }", "small_classes: needs `min_k`"),
        ("{ undeclared: keep, quasi_identifiers: [a], min_k: 2, small_classes: drop }", "unknown action \"drop\""),
        (
            "{ undeclared: keep, quasi_identifiers: [a], min_k: 2, small_classes: generalize }",
            "small_classes: no quasi-identifier has",
        ),
        (
            "{ columns: { a: { transform: keep } }, quasi_identifiers: [a, b] }",
            "quasi_identifiers[1]: is not in `columns`",
        ),
        (
            "{ columns: { a: { transform: keep }, b: { transform: drop } }, quasi_identifiers: [a], sensitive: [b] }",
            "sensitive[0]: is dropped",
        ),
    ] {
        let problems = problems(&with_privacy(section));
        assert_eq!(problems.len(), 1, "{section}: {problems:?}");
        assert!(problems[0].starts_with("datasets[0].privacy.") && problems[0].contains(problem), "{problems:?}");
    }
}

#[test]
fn each_generalisation_has_its_next_step() {
    let next = |transform: &str| {
        let section = format!(
            "{{ columns: {{ q: {{ transform: generalize, {transform} }}, other: {{ transform: generalize, {transform} }} }}, \
             quasi_identifiers: [q], min_k: 2 }}"
        );
        let before = privacy(&section);
        before.coarser().map(|after| {
            assert_eq!(after.columns.get("other"), before.columns.get("other"), "only quasi-identifiers");
            let Some(Transform::Generalize(generalize)) = after.columns.get("q") else { panic!("another transform") };
            serde_json::to_value(generalize).unwrap()
        })
    };
    for (transform, field, expected) in [
        ("to: number, width: 2.5", "width", "5"),
        ("to: date, part: hour", "part", "day"),
        ("to: date, part: day", "part", "month"),
        ("to: date, part: month", "part", "quarter"),
        ("to: date, part: quarter", "part", "year"),
    ] {
        assert_eq!(next(transform).unwrap()[field], expected, "{transform}");
    }
    assert_eq!(next("to: coordinate, decimals: 2").unwrap()["decimals"], 1);
    for top in ["to: date, part: year", "to: date, part: week", "to: zip3", "to: coordinate, decimals: 0"] {
        assert_eq!(next(top), None, "{top}");
    }
}
