use super::{HandOverSpec, Policy, problems};

fn with(hand_over: &str) -> String {
    format!(
        "version: 1\ndatasets:\n  - name: a\n    match: '**'\n    format: {{ type: csv }}\n    privacy: {{ undeclared: keep }}\n    quality:\n      ruleset: 'Rules = [ RowCount > 0 ]'\n{hand_over}"
    )
}

const ROLE: &str = "arn:aws:iam::111122223333:role/lake/glue-quality";

#[test]
fn a_whole_section_is_read_and_a_policy_without_one_hands_nothing_over() {
    let of = |text: &str| Policy::parse(text).unwrap().dataset("a").unwrap().clone();
    let plain = of(&with(""));
    assert_eq!(plain.quality.hand_over, None);
    let handed = of(&with(&format!("      hand_over: {{ database: lake, table: raw_a, role_arn: '{ROLE}' }}\n")));
    let expected = HandOverSpec {
        database: "lake".to_owned(),
        table: "raw_a".to_owned(),
        role_arn: ROLE.to_owned(),
        workers: 5,
        mib_per_second: 20,
    };
    assert_eq!(handed.quality.hand_over, Some(expected));
    assert_ne!(plain.quality_digest(), handed.quality_digest());
}

#[test]
fn what_is_incomplete_is_refused_with_every_problem() {
    let found = problems(&with("      hand_over: { table: raw_a, workers: 1, role: x }\n")).join("\n");
    for part in ["hand_over.database", "hand_over.role_arn", "hand_over.workers", "hand_over.role"] {
        assert!(found.contains(part), "{part}: {found}");
    }
    for arn in [
        "x",
        "arn:aws:iam::1:role/a",
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/a b",
    ] {
        let found =
            problems(&with(&format!("      hand_over: {{ database: l, table: t, role_arn: '{arn}' }}\n"))).join("\n");
        assert!(found.contains("role_arn") && found.contains("arn:aws:iam::"), "{arn}: {found}");
    }
}
