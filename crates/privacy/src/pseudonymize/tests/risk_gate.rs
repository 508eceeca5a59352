//! k, l and t of tables as they are written.

use std::collections::HashMap;

use super::*;
use sluice_risk::Violation;

fn section(small_classes: &str) -> String {
    format!(
        "
columns:
  zip: {{ transform: keep }}
  born: {{ transform: generalize, to: number, width: 10 }}
  ill: {{ transform: keep }}
quasi_identifiers: [zip, born]
sensitive: [ill]
min_k: 3
small_classes: {small_classes}
"
    )
}

fn table(rows: &[(u8, u16, u8)]) -> String {
    let lines = rows.iter().map(|(zip, born, ill)| format!("z{zip},{},i{ill}\n", 1900 + born));
    std::iter::once("zip,born,ill\n".to_owned()).chain(lines).collect()
}

fn attempt(input: &str, plan: Plan) -> (String, Risk) {
    let source = Bytes::copy_from_slice(input.as_bytes());
    let finished = run(source, &ReadOptions::new(csv()), Vec::new(), &WriteOptions::new(csv()), plan).unwrap();
    (String::from_utf8(finished.sink).unwrap(), finished.risk.unwrap())
}

/// The smallest class of a table that was written, counted by hand.
fn k_of(output: &str) -> usize {
    let mut classes: HashMap<&str, usize> = HashMap::new();
    for line in output.lines().skip(1) {
        *classes.entry(line.rsplit_once(',').unwrap().0).or_default() += 1;
    }
    classes.into_values().min().unwrap_or(0)
}

#[test]
fn classes_are_those_of_what_is_written_not_of_what_was_read() {
    // Four birth years, two decades: told of the input k would be 1.
    let input = table(&[(1, 51, 0), (1, 52, 1), (1, 53, 2), (1, 61, 0), (1, 62, 0), (1, 69, 0)]);
    let (output, risk) = attempt(&input, plan(&section("withhold")));
    assert_eq!((risk.figures.k, risk.violation, k_of(&output)), (3, None, 3));
    assert!(risk.may_be_published());
    // All who were born in the sixties have the same illness.
    assert_eq!(risk.figures.diversity[0].distinct_l, 1);
}

#[test]
fn withhold_has_no_remedy_and_suppress_leaves_the_small_classes_out() {
    let input = table(&[(1, 51, 0), (1, 52, 1), (1, 53, 2), (2, 51, 0), (2, 61, 0)]);
    let privacy = privacy(&section("withhold"));
    let (_, risk) = attempt(&input, Plan::new(&privacy, None).unwrap());
    assert_eq!((risk.figures.k, risk.violation), (1, Some(Violation::K)));
    assert!(risk.remedy(&privacy, None).unwrap().is_none());

    let privacy = super::privacy(&section("suppress"));
    let (_, risk) = attempt(&input, Plan::new(&privacy, None).unwrap());
    let (plan, remedy) = risk.remedy(&privacy, None).unwrap().unwrap();
    assert_eq!(remedy, Remedy::Suppressed);
    let (output, risk) = attempt(&input, plan);
    assert_eq!(output, "zip,born,ill\nz1,1950,i0\nz1,1950,i1\nz1,1950,i2\n");
    assert_eq!((risk.figures.k, risk.rows_suppressed, risk.may_be_published()), (3, 2, true));
}

#[test]
fn a_table_of_which_every_row_is_left_out_is_not_published() {
    let privacy = privacy(&section("suppress"));
    let input = table(&[(1, 51, 0), (2, 52, 1)]);
    let (_, risk) = attempt(&input, Plan::new(&privacy, None).unwrap());
    let (plan, _) = risk.remedy(&privacy, None).unwrap().unwrap();
    let (_, risk) = attempt(&input, plan);
    assert_eq!((risk.figures.rows, risk.rows_suppressed, risk.may_be_published()), (0, 2, false));
}

#[test]
fn generalize_goes_one_step_for_the_whole_table() {
    let privacy = privacy(&section("generalize"));
    let input = table(&[(1, 42, 0), (1, 43, 0), (1, 51, 0), (1, 61, 1), (1, 62, 1), (1, 73, 0)]);
    let (_, risk) = attempt(&input, Plan::new(&privacy, None).unwrap());
    let (plan, remedy) = risk.remedy(&privacy, None).unwrap().unwrap();
    assert_eq!(remedy, Remedy::Generalized);
    let (output, risk) = attempt(&input, plan);
    assert_eq!((risk.figures.k, risk.figures.classes, k_of(&output)), (3, 2, 3));
    assert!(output.contains("1940") && output.contains("1960") && !output.contains("1950"), "{output}");
}

#[test]
fn rows_that_fail_are_out_before_classes_are_counted() {
    let input = table(&[(1, 51, 0), (1, 52, 1), (1, 53, 2), (2, 51, 0)]);
    let source = Bytes::copy_from_slice(input.as_bytes());
    let last = |first_row: u64, rows: usize| {
        let in_block = usize::try_from(3 - first_row).unwrap();
        (in_block < rows).then_some(in_block..in_block + 1).into_iter().collect()
    };
    let write = WriteOptions::new(csv());
    let plan = plan(&section("withhold"));
    let finished = run_without(source, &ReadOptions::new(csv()), Vec::new(), &write, plan, last).unwrap();
    let risk = finished.risk.unwrap();
    assert_eq!((risk.figures.rows, risk.figures.k, risk.violation), (3, 3, None));
}

#[test]
fn quasi_identifiers_that_are_not_there_are_named() {
    let lines = "undeclared: keep\nquasi_identifiers: [nobody]\nmin_k: 2";
    let error = pseudonymize(&csv(), b"a\n1\n", lines).unwrap_err();
    assert_eq!((error.disposition(), error.reason()), (Disposition::Quarantine, "policy_column_missing"));
    assert!(error.to_string().contains("`nobody`"));
    let error = pseudonymize(&Format::JsonLines, b"{\"a\":1}\n", lines).unwrap_err();
    assert_eq!(error.reason(), "policy_column_missing");
}

#[test]
fn json_lines_and_columns_that_nobody_declared_are_looked_at_too() {
    let lines = "undeclared: keep\nquasi_identifiers: [a.b, c]\nmin_k: 2\nsmall_classes: suppress";
    let input =
        "{\"a\":{\"b\":1},\"c\":\"x\"}\n{\"a\":{\"b\":1},\"c\":\"x\"}\n{\"a\":{\"b\":2},\"c\":\"x\"}\n{\"c\":\"x\"}\n";
    let privacy = privacy(lines);
    let attempt = |plan| {
        let source = Bytes::copy_from_slice(input.as_bytes());
        let (read, write) = (ReadOptions::new(Format::JsonLines), WriteOptions::new(Format::JsonLines));
        run(source, &read, Vec::new(), &write, plan).unwrap()
    };
    let risk = attempt(Plan::new(&privacy, None).unwrap()).risk.unwrap();
    assert_eq!((risk.figures.classes, risk.figures.k), (3, 1));
    let (plan, _) = risk.remedy(&privacy, None).unwrap().unwrap();
    let finished = attempt(plan);
    assert_eq!(String::from_utf8(finished.sink).unwrap(), "{\"a\":{\"b\":1},\"c\":\"x\"}\n".repeat(2));
}

proptest! {
    /// Whatever the table, what may be published has classes of at least `min_k` rows, and only rows of small classes are
    /// missing.
    #[test]
    fn what_is_published_is_k_anonymous(
        rows in prop::collection::vec((0_u8..6, 0_u16..60, 0_u8..4), 0..120),
        suppress in any::<bool>(),
    ) {
        let privacy = privacy(&section(if suppress { "suppress" } else { "generalize" }));
        let input = table(&rows);
        let (mut output, mut risk) = attempt(&input, Plan::new(&privacy, None).unwrap());
        let first = output.clone();
        if !risk.may_be_published()
            && let Some((plan, _)) = risk.remedy(&privacy, None).unwrap()
        {
            (output, risk) = attempt(&input, plan);
        }
        prop_assert_eq!(risk.figures.k, k_of(&output) as u64);
        if risk.may_be_published() {
            prop_assert!(rows.is_empty() || k_of(&output) >= 3, "{}", output);
        }
        if suppress {
            let mut sizes: HashMap<&str, usize> = HashMap::new();
            for line in first.lines().skip(1) {
                *sizes.entry(line.rsplit_once(',').unwrap().0).or_default() += 1;
            }
            let large = |line: &&str| sizes[line.rsplit_once(',').unwrap().0] >= 3;
            let expected: Vec<&str> = first.lines().skip(1).filter(large).collect();
            prop_assert_eq!(output.lines().skip(1).collect::<Vec<_>>(), expected);
        }
    }
}
