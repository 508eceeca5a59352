//! Whole tables: what a profile says of them, and that suggested rules hold.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::format_push_string,
    clippy::panic,
    reason = "a test stops at what is not as it expects"
)]

use bytes::Bytes;
use proptest::prelude::*;
use sluice_profile::suggest::{candidates, judged, notes};
use sluice_profile::{CellType, Profile, Profiler, profile};
use sluice_quality::{EvaluationOptions, NoHistory, check};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader};

fn open(text: &str, format: Format) -> Reader {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    Reader::open(bytes, &ReadOptions::new(format).with_block_bytes(256)).unwrap()
}

fn csv(text: &str) -> Reader {
    open(text, Format::Csv(CsvOptions::default()))
}

fn profile_of(text: &str) -> Profile {
    profile(csv(text)).unwrap()
}

#[test]
fn types_missing_values_and_places() {
    let found = profile_of(
        "id,when,what,flag\n1,2024-01-01,a,true\n2,2024-01-02T10:00:00Z,\"\",false\n2,,  ,true\n-4,2024-01-01,é9,TRUE\n",
    );
    assert_eq!(found.rows, 4);
    let [id, when, what, flag] = found.columns.as_slice() else { panic!() };
    assert_eq!((id.cell_type, id.is_type_inferred), (CellType::Integral, true));
    assert_eq!((id.distinct.values, id.distinct.once, id.distinct.is_exact), (3, 2, true));
    assert_eq!(id.distinct.repeats.first[0].row, 2);
    assert_eq!(id.distinct.repeats.first[0].first_row, 1);
    let numbers = id.numbers.as_ref().unwrap();
    assert_eq!((numbers.count, numbers.negative, numbers.zeros), (4, 1, 0));
    let values = numbers.values.as_ref().unwrap();
    assert_eq!((values.min, values.max, values.sum, values.mean), (-4.0, 2.0, 1.0, 0.25));
    assert_eq!(when.cell_type, CellType::Timestamp);
    assert_eq!((when.nulls.count, &when.nulls.first_rows[..]), (1, &[2][..]));
    assert_eq!(when.completeness, 0.75);
    assert_eq!(when.times.as_ref().unwrap().latest, "2024-01-02T10:00:00Z");
    assert_eq!((what.cell_type, what.empty.first_rows[0], what.whitespace.first_rows[0]), (CellType::String, 1, 2));
    assert_eq!(what.lengths.as_ref().unwrap().max, 2);
    assert_eq!(what.shapes.as_ref().unwrap().values.len(), 2);
    assert_eq!(flag.cell_type, CellType::Boolean);
    assert_eq!(found.duplicate_rows.count, 0);
}

#[test]
fn whole_rows_that_repeat_are_named() {
    let found = profile_of("a,b\n1,2\n2,1\n1,2\n,2\n,2\n");
    assert_eq!(found.duplicate_rows.count, 2);
    let rows: Vec<_> = found.duplicate_rows.first.iter().map(|repeat| (repeat.row, repeat.first_row)).collect();
    assert_eq!(rows, [(2, 0), (4, 3)]);
}

#[test]
fn outliers_are_named_where_they_stand() {
    let mut text = String::from("n\n");
    for row in 0..1_000 {
        text.push_str(if row == 700 { "100000\n" } else { ["1\n", "2\n", "3\n", "4\n"][row % 4] });
    }
    let found = profile_of(&text);
    let outliers = &found.columns[0].numbers.as_ref().unwrap().outliers;
    assert_eq!((outliers.count, outliers.is_exact), (1, true));
    assert_eq!((outliers.first[0].row, outliers.first[0].value), (700, Some(100_000.0)));
    assert!(notes(&found).iter().any(|note| note.ends_with("1 number far from the others, in row 700")));
}

#[test]
fn a_few_odd_cells_among_numbers_are_named() {
    let mut text = String::from("n\n");
    for row in 0..100 {
        text.push_str(if row == 42 { "n/a\n" } else { "7\n" });
    }
    let found = profile_of(&text);
    assert_eq!(found.columns[0].cell_type, CellType::String);
    assert!(
        notes(&found).iter().any(|note| note.contains("99.00 %") && note.ends_with("not in row 42")),
        "{:?}",
        notes(&found)
    );
}

#[test]
fn columns_of_json_lines_that_come_up_late_are_null_before() {
    let mut text = String::new();
    for row in 0..50 {
        text.push_str(&format!("{{\"a\":{row}}}\n"));
    }
    text.push_str("{\"a\":50,\"b\":true}\n");
    let found = profile(open(&text, Format::JsonLines)).unwrap();
    let late = &found.columns[1];
    assert_eq!((late.nulls.count, late.cell_type), (50, CellType::Boolean));
    assert_eq!(late.nulls.first_rows, (0..10).collect::<Vec<u64>>());
}

#[test]
fn what_is_concealed_is_nowhere_in_the_json() {
    let mut text = String::from("name,salary,born,city\n");
    for row in 0..60 {
        text.push_str(&format!("Secretname{row},{},19{:02}-03-04,Hidden\n", 777_000 + row, 20 + row));
    }
    text.push_str("Secretname,99999999,1999-01-01,Hidden\n");
    let found = profile_of(&text);
    let open_json = serde_json::to_string(&found).unwrap();
    for secret in ["Secretname", "Hidden", "777000", "99999999", "1999-01-01"] {
        assert!(open_json.contains(secret), "{secret}");
    }
    let json = serde_json::to_string(&found.clone().concealed(|_| false)).unwrap();
    for secret in ["Secretname", "Hidden", "777", "9999", "1999", "A-Z", "Aaaa"] {
        assert!(!json.contains(secret), "{secret} in {json}");
    }
    let one = serde_json::to_string(&found.concealed(|name| name == "city")).unwrap();
    assert!(one.contains("Hidden") && !one.contains("Secretname"));
}

#[test]
fn an_empty_table_and_a_table_without_rows_are_profiled() {
    assert!(profile_of("").columns.is_empty());
    let found = profile_of("a,b\n");
    assert_eq!((found.rows, found.columns.len(), found.columns[0].cell_type), (0, 2, CellType::Unknown));
    assert_eq!(found.columns[0].completeness, 1.0);
}

/// Tables whose columns, names and cells are as odd as they get.
fn tables() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        4 => "[0-9]{1,3}",
        2 => "-?[0-9]{1,2}\\.[0-9]{1,2}",
        3 => "(red|green|blue)",
        2 => Just(String::new()),
        1 => Just("\"\"".to_owned()),
        1 => Just("   ".to_owned()),
        1 => "20[0-9]{2}-0[1-9]-[0-2][1-8]",
        1 => Just("\"a\"\"b\\,\n%\"".to_owned()),
        1 => "(true|false)",
        1 => "[A-Z]{2}-[0-9]{4}",
    ];
    let name = prop_oneof![
        Just("plain"),
        Just("\"with \"\"quotes\"\"\""),
        Just("`tick`"),
        Just("2024-01-01"),
        Just("a b.c"),
        Just("back\\slash"),
        Just("\"line\nbreak\"")
    ];
    (
        prop::collection::vec((name, prop::collection::vec(cell.boxed(), 1..4)), 1..5),
        prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 5), 0..60),
    )
        .prop_map(|(columns, rows)| {
            // Columns are told apart by their number; each draws from a few values of its own.
            let mut text: Vec<String> = vec![
                columns
                    .iter()
                    .enumerate()
                    .map(|(index, (name, _))| match name.strip_suffix('"') {
                        Some(open) => format!("{open}{index}\""),
                        None if *name == "2024-01-01" && index == 0 => (*name).to_owned(),
                        None => format!("{name}{index}"),
                    })
                    .collect::<Vec<_>>()
                    .join(","),
            ];
            for row in rows {
                let cells: Vec<&str> = columns
                    .iter()
                    .zip(&row)
                    .map(|((_, cells), index)| cells[index.index(cells.len())].as_str())
                    .collect();
                text.push(cells.join(","));
            }
            text.join("\n") + "\n"
        })
}

fn suggested(text: &str) -> String {
    let found = profile_of(text);
    let mut suggestions = judged(candidates(&found), csv(text), &EvaluationOptions::at(0)).unwrap();
    suggestions.notes = notes(&found);
    suggestions.to_dqdl("t.csv\nRules = []")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_suggested_parses_and_passes(text in tables()) {
        let dqdl = suggested(&text);
        let ruleset = sluice_dqdl::parse(&dqdl).map_err(|problems| TestCaseError::fail(format!("{problems}\n{dqdl}")))?;
        let report = check(csv(&text), &ruleset, &EvaluationOptions::at(0), &NoHistory).unwrap();
        prop_assert!(report.passed(), "{dqdl}\n{:?}", report.rules);
        prop_assert!(!report.rules.is_empty());
    }

    #[test]
    fn however_a_table_is_split_its_profile_is_the_same(text in tables(), cut in 0usize..20) {
        let whole = profile_of(&text);
        let mut parts = [Profiler::new(&csv(&text).schema()), Profiler::new(&csv(&text).schema())];
        for (index, block) in csv(&text).enumerate() {
            parts[usize::from(index >= cut)].update(&block.unwrap()).unwrap();
        }
        let [mut first, second] = parts;
        first.merge(&second);
        let merged = first.finish();
        prop_assert_eq!(merged.rows, whole.rows);
        prop_assert_eq!(&merged.duplicate_rows, &whole.duplicate_rows);
        for (ours, theirs) in merged.columns.iter().zip(&whole.columns) {
            prop_assert_eq!(&ours.types, &theirs.types);
            prop_assert_eq!(&ours.top_values, &theirs.top_values);
            prop_assert_eq!(&ours.nulls, &theirs.nulls);
            prop_assert_eq!(ours.distinct.values, theirs.distinct.values);
            prop_assert_eq!(&ours.lengths, &theirs.lengths);
        }
    }
}

#[test]
fn a_real_looking_table_gets_the_rules_a_person_would_write() {
    let mut text = String::from("id,country,price,code,email\n");
    for row in 0..200 {
        let country = ["DE", "US", "FR"][row % 3];
        let email = if row % 10 == 0 { String::new() } else { format!("u{row}@example.org") };
        text.push_str(&format!("{},{country},{}.50,AB-{:04},{email}\n", row + 1, row, row));
    }
    let dqdl = suggested(&text);
    for rule in [
        "RowCount > 0",
        "ColumnCount = 5",
        "IsComplete \"id\"",
        "IsUnique \"id\"",
        "ColumnValues \"country\" in [\"DE\", \"US\", \"FR\"]",
        "ColumnDataType \"price\" = \"DOUBLE\"",
        "ColumnValues \"price\" >= 0",
        "ColumnValues \"code\" matches \"[A-Z]{2}-[0-9]{4}\"",
        "Completeness \"email\" >= 0.85",
    ] {
        assert!(dqdl.contains(rule), "{rule} is missing from\n{dqdl}");
    }
    assert!(!dqdl.contains("IsUnique \"country\""));
}
