//! Figures of tables whose figures are known.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::float_cmp, missing_docs)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_select::filter::filter_record_batch;
use proptest::prelude::*;
use sluice_risk::{Assessor, Columns, Figures, Options, RiskError, Violation};

fn batch(columns: &[(&str, Vec<Option<&str>>)]) -> RecordBatch {
    RecordBatch::try_from_iter(
        columns.iter().map(|(name, values)| (*name, Arc::new(StringArray::from(values.clone())) as _)),
    )
    .unwrap()
}

fn figures(quasi: &[&str], sensitive: &[&str], options: Options, batches: &[RecordBatch]) -> Figures {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let columns = Columns { quasi_identifiers: owned(quasi), sensitive: owned(sensitive) };
    let mut assessor = Assessor::new(columns, options).unwrap();
    for batch in batches {
        assessor.push(batch).unwrap();
    }
    assessor.figures().unwrap()
}

/// Table 2 of Machanavajjhala et al. 2007: the 4-anonymous inpatients.
fn inpatients() -> RecordBatch {
    let some = |values: [&'static str; 12]| values.into_iter().map(Some).collect::<Vec<_>>();
    batch(&[
        (
            "zip",
            some([
                "130**", "130**", "130**", "130**", "1485*", "1485*", "1485*", "1485*", "130**", "130**", "130**",
                "130**",
            ]),
        ),
        ("age", some(["<30", "<30", "<30", "<30", "≥40", "≥40", "≥40", "≥40", "3*", "3*", "3*", "3*"])),
        (
            "condition",
            some([
                "heart", "heart", "viral", "viral", "cancer", "heart", "viral", "viral", "cancer", "cancer", "cancer",
                "cancer",
            ]),
        ),
    ])
}

#[test]
fn the_published_table_has_its_published_figures() {
    let found = figures(&["zip", "age"], &["condition"], Options { min_k: 5, ..Options::default() }, &[inpatients()]);
    assert_eq!((found.rows, found.classes, found.k, found.unique_rows), (12, 3, 4, 0));
    assert_eq!(found.rows_below_min_k, 12);
    assert_eq!(found.sizes.from_2_to_4, 3);
    let diversity = &found.diversity[0];
    // All who are in their thirties have cancer: the homogeneity attack.
    assert_eq!((diversity.distinct_l, diversity.entropy_l), (1, 1.0));
    // Cancer is 5 of 12 in the table and all of the class.
    assert!((diversity.closeness_t.unwrap() - 7.0 / 12.0).abs() < 1e-12);
}

#[test]
fn entropy_of_evenly_spread_values_is_their_number() {
    let values = vec![Some("a"), Some("b"), Some("c"), Some("d")];
    let found = figures(&["q"], &["s"], Options::default(), &[batch(&[("q", vec![Some("x"); 4]), ("s", values)])]);
    assert!((found.diversity[0].entropy_l - 4.0).abs() < 1e-12);
    assert_eq!(found.diversity[0].closeness_t, Some(0.0));
}

#[test]
fn a_null_is_a_value_and_not_an_empty_text() {
    let found = figures(&["q"], &[], Options::default(), &[batch(&[("q", vec![None, Some(""), None])])]);
    assert_eq!((found.classes, found.k, found.unique_rows), (2, 1, 1));
    assert_eq!(found.uniqueness(), 1.0 / 3.0);
}

#[test]
fn values_do_not_run_together() {
    let rows = batch(&[("a", vec![Some("ab"), Some("a")]), ("b", vec![Some("c"), Some("bc")])]);
    assert_eq!(figures(&["a", "b"], &[], Options::default(), &[rows]).classes, 2);
}

#[test]
fn too_many_sensitive_values_are_said_and_not_guessed() {
    let rows = batch(&[("q", vec![Some("x"); 3]), ("s", vec![Some("1"), Some("2"), Some("3")])]);
    let found = figures(&["q"], &["s"], Options { most_values: 2, ..Options::default() }, &[rows]);
    assert_eq!((found.diversity[0].closeness_t, found.diversity[0].distinct_l), (None, 3));
}

#[test]
fn a_table_without_rows_has_no_class() {
    let found = figures(&["q"], &["s"], Options::default(), &[batch(&[("q", vec![]), ("s", vec![])])]);
    assert_eq!((found.rows, found.classes, found.k), (0, 0, 0));
}

#[test]
fn columns_must_be_named_and_there() {
    let columns = |names: &[&str]| Columns {
        quasi_identifiers: names.iter().map(|name| (*name).to_owned()).collect(),
        sensitive: Vec::new(),
    };
    assert!(matches!(Assessor::new(columns(&[]), Options::default()), Err(RiskError::NoQuasiIdentifiers)));
    let mut assessor = Assessor::new(columns(&["nobody"]), Options::default()).unwrap();
    assert!(matches!(assessor.push(&inpatients()), Err(RiskError::NoColumn(_))));
}

#[test]
fn bounds_are_told_in_the_order_of_k_l_and_t() {
    let found = figures(&["zip", "age"], &["condition"], Options::default(), &[inpatients()]);
    let bounds = |min_k, min_l, max_t| Options { min_k, min_l, max_t, ..Options::default() };
    assert_eq!(found.violation(&bounds(5, 2, Some(0.1))), Some(Violation::K));
    assert_eq!(found.violation(&bounds(4, 2, Some(0.1))), Some(Violation::L));
    assert_eq!(found.violation(&bounds(4, 1, Some(0.1))), Some(Violation::T));
    assert_eq!(found.violation(&bounds(4, 1, Some(0.6))), None);
}

#[test]
fn more_classes_than_memory_are_an_error_and_a_big_class_is_none() {
    let many: Vec<String> = (0..400).map(|number: u32| number.to_string()).collect();
    let options = Options { most_in_memory: 10, most_in_partition: 2, ..Options::default() };
    let columns = || Columns { quasi_identifiers: vec!["q".to_owned()], sensitive: Vec::new() };
    let table = |values: Vec<&str>| batch(&[("q", values.into_iter().map(Some).collect())]);
    let mut assessor = Assessor::new(columns(), options).unwrap();
    assessor.push(&table(many.iter().map(String::as_str).collect())).unwrap();
    assert!(matches!(assessor.figures(), Err(RiskError::TooManyPairs)));
    let mut assessor = Assessor::new(columns(), options).unwrap();
    assessor.push(&table(vec!["x"; 4_000])).unwrap();
    assert_eq!(assessor.figures().unwrap().k, 4_000);
}

proptest! {
    /// What is on disk and what is in memory is one table, and counting by hand agrees.
    #[test]
    fn spilling_changes_nothing(rows in prop::collection::vec((0_u8..20, 0_u8..5), 0..400), most in 1_usize..50) {
        let (quasi, sensitive): (Vec<String>, Vec<String>) = rows.iter().map(|(q, s)| (q.to_string(), s.to_string())).unzip();
        let column = |values: &[String]| Arc::new(StringArray::from_iter_values(values)) as _;
        let all = RecordBatch::try_from_iter([("q", column(&quasi)), ("s", column(&sensitive))]).unwrap();
        let whole = figures(&["q"], &["s"], Options { min_k: 3, ..Options::default() }, std::slice::from_ref(&all));
        let half = all.num_rows() / 2;
        let parts = [all.slice(0, half), all.slice(half, all.num_rows() - half)];
        let spilled = figures(&["q"], &["s"], Options { min_k: 3, most_in_memory: most, ..Options::default() }, &parts);
        prop_assert_eq!((spilled.rows, spilled.classes, spilled.k, spilled.rows_below_min_k), (whole.rows, whole.classes, whole.k, whole.rows_below_min_k));
        prop_assert_eq!(&spilled.sizes, &whole.sizes);
        prop_assert_eq!(spilled.diversity[0].distinct_l, whole.diversity[0].distinct_l);
        let mut classes: HashMap<u8, Vec<u8>> = HashMap::new();
        for (q, s) in &rows {
            classes.entry(*q).or_default().push(*s);
        }
        prop_assert_eq!(whole.classes, classes.len() as u64);
        prop_assert_eq!(whole.k, classes.values().map(Vec::len).min().unwrap_or(0) as u64);
        let below: usize = classes.values().map(Vec::len).filter(|size| *size < 3).sum();
        prop_assert_eq!(whole.rows_below_min_k, below as u64);
    }

    /// Without the rows of the classes that offend, what is left keeps k and l, and no row of another class is gone.
    #[test]
    fn what_is_left_keeps_the_bounds(
        rows in prop::collection::vec((0_u8..30, 0_u8..4), 0..300),
        min_k in 1_u64..8,
        min_l in 0_u64..4,
        most in 1_usize..60,
    ) {
        let (quasi, sensitive): (Vec<String>, Vec<String>) = rows.iter().map(|(q, s)| (q.to_string(), s.to_string())).unzip();
        let column = |values: &[String]| Arc::new(StringArray::from_iter_values(values)) as _;
        let all = RecordBatch::try_from_iter([("q", column(&quasi)), ("s", column(&sensitive))]).unwrap();
        let options = Options { min_k, min_l, most_in_memory: most, ..Options::default() };
        let columns = Columns { quasi_identifiers: vec!["q".to_owned()], sensitive: vec!["s".to_owned()] };
        let mut assessor = Assessor::new(columns, options).unwrap();
        assessor.push(&all).unwrap();
        let (before, offending) = assessor.finish().unwrap();
        let offending = offending.unwrap();
        prop_assert_eq!(before.violation(&options).is_none(), offending.is_empty());
        let left = filter_record_batch(&all, &offending.others(&all).unwrap()).unwrap();
        let after = figures(&["q"], &["s"], options, std::slice::from_ref(&left));
        prop_assert_eq!(after.violation(&options), None);
        let mut classes: HashMap<u8, Vec<u8>> = HashMap::new();
        for (q, s) in &rows {
            classes.entry(*q).or_default().push(*s);
        }
        let keeps = |values: &&Vec<u8>| {
            let distinct: std::collections::HashSet<&u8> = values.iter().collect();
            values.len() as u64 >= min_k && distinct.len() as u64 >= min_l
        };
        prop_assert_eq!(left.num_rows(), classes.values().filter(keeps).map(Vec::len).sum::<usize>());
    }
}
