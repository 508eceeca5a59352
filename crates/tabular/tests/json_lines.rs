//! JSON Lines: paths, faults and rewriting.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringViewArray};
use arrow_schema::DataType;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sluice_tabular::{
    Caps, Change, ColumnPath, Compression, ErrorKind, Format, Limit, Place, Reader, Rewriter, Source, TabularError,
    WriteOptions, Writer,
};
use support::{Cell, Pieces, bytes, drain, json_lines, names, read, some};

fn project(input: &str, paths: &[&str]) -> Result<Vec<Vec<Cell>>, TabularError> {
    let mut reader = Reader::open(bytes(input), &json_lines().with_block_bytes(64))?;
    reader.project(&paths.iter().map(|path| ColumnPath::from(*path)).collect::<Vec<_>>())?;
    drain(reader).map(|(_, rows)| rows)
}

#[test]
fn paths_are_found_nested_and_with_dots() {
    let input = concat!(
        "{\"customer\":{\"address\":{\"city\":\"Berlin\"}}, \"n\": 1.50}\n",
        "{\"customer.address.city\":\"Oslo\",\"n\":null}\n",
        "\r\n",
        "{\"customer\":{\"address.city\":\"Lim\\u0061 and a longer one\"},\"n\":true}\r\n",
        "{\"customer\":[{\"city\":1}],\"n\":{\"a\" : [1, 2]}}",
    );
    let rows = project(input, &["customer.address.city", "n", "absent"]).unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        rows,
        [
            vec![text("Berlin"), text("1.50"), None],
            vec![text("Oslo"), None, None],
            vec![text("Lima and a longer one"), text("true"), None],
            vec![None, text("{\"a\" : [1, 2]}"), None],
        ]
    );
    let keys_with_escapes = project("{\"em\\u0061il\":\"x\"}\n", &["email"]).unwrap();
    assert_eq!(keys_with_escapes, [some(&["x"])]);
}

#[test]
fn columns_come_up_as_they_are_seen() {
    let input = "{\"a\":{\"b\":1,\"c\":{}},\"d\":[1]}\n{\"a\":2}\n";
    let (columns, rows) = read(bytes(input), &json_lines()).unwrap();
    assert_eq!(columns, ["a.b", "a.c", "d", "a"]);
    assert_eq!(rows[0], [Some("1".to_owned()), Some("{}".to_owned()), Some("[1]".to_owned()), None]);
    assert_eq!(rows[1], [None, None, None, Some("2".to_owned())]);
    let late = format!("{}{}", "{\"a\":1}\n".repeat(20), "{\"a\":1,\"b\":2}\n");
    let reader = Reader::open(bytes(late), &json_lines().with_block_bytes(64)).unwrap();
    assert_eq!(names(&reader), ["a"]);
    let blocks: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(blocks.first().unwrap().batch.num_columns(), 1);
    assert_eq!(blocks.last().unwrap().batch.num_columns(), 2);
    let mut reader = Reader::open(bytes(input), &json_lines()).unwrap();
    reader.require(&["a".into(), "z".into()]).unwrap();
    assert_eq!(names(&reader), ["a", "z", "d"]);
    assert_eq!(drain(reader).unwrap().1[0][0], Some("{\"b\":1,\"c\":{}}".to_owned()));
    assert_eq!(read(bytes(""), &json_lines()).unwrap(), (vec![], vec![]));
}

#[test]
fn faults_name_the_place() {
    let fault = |input: &str| read(bytes(input), &json_lines()).unwrap_err();
    let at = |line, byte_offset| Place { line, byte_offset };
    assert!(matches!(fault("{\"a\":1}\n{\"a\":}\n"), TabularError::Json { place, .. } if place == at(2, 13)));
    assert!(matches!(fault("[1]\n"), TabularError::Json { place, .. } if place == at(1, 0)));
    assert!(matches!(fault("{\"a\":1} x\n"), TabularError::Json { place, .. } if place == at(1, 8)));
    assert!(matches!(fault("{\"a\":\"\u{0}\"}\n"), TabularError::Nul { place } if place == at(1, 6)));
    assert!(matches!(fault("{\"a\":1,\"a\":2}\n"), TabularError::AmbiguousPath { place } if place == at(1, 8)));
    assert!(matches!(fault("{\"a.b\":1,\"a\":{\"b\":2}}\n"), TabularError::AmbiguousPath { .. }));
    let ambiguous = project("{\"a.b\":1,\"a\":{\"b\":2}}\n", &["a.b"]).unwrap_err();
    assert!(matches!(ambiguous, TabularError::AmbiguousPath { .. }));
    assert!(matches!(fault("{\"a\":\"\\ud800\"}\n"), TabularError::Json { .. }));
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(70), "]".repeat(70));
    assert!(matches!(fault(&deep), TabularError::Limit { limit: Limit::Nesting, .. }));
    let nested = format!("{}1{}\n", "{\"a\":".repeat(70), "}".repeat(70));
    assert!(matches!(fault(&nested), TabularError::Limit { limit: Limit::Nesting, .. }));
    let not_utf8 = read(bytes(b"{\"a\":\"\xff\"}\n".to_vec()), &json_lines()).unwrap_err();
    assert!(matches!(not_utf8, TabularError::NotUtf8 { place } if place == at(1, 6)));
}

#[test]
fn caps() {
    let caps = Caps { row_bytes: 100, field_bytes: 20, columns: 4, ..Caps::default() };
    let crossed = |input: String| match read(bytes(input), &json_lines().with_caps(caps.clone())).unwrap_err() {
        TabularError::Limit { limit, .. } => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!(crossed(format!("{{\"a\":\"{}\"}}\n", "x".repeat(30))), Limit::FieldBytes);
    assert_eq!(crossed(format!("{{\"a\":1}}{}\n", " ".repeat(100))), Limit::RowBytes);
    assert_eq!(crossed("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1}\n".to_owned()), Limit::Columns);
    let endless = Source::stream(std::io::Read::take(std::io::repeat(b' '), 1 << 30));
    let error = read(endless, &json_lines().with_caps(caps)).unwrap_err();
    assert!(matches!(error, TabularError::Limit { limit: Limit::RowBytes, .. }));
    let dots = ColumnPath::new(".".repeat(100));
    assert_eq!(
        Reader::open(bytes("{}"), &json_lines()).unwrap().project(&[dots]).unwrap_err().kind(),
        ErrorKind::Usage
    );
}

fn rewrite(input: &str, changes: &[(&str, Change)], values: &[ArrayRef], keep: Option<&BooleanArray>) -> String {
    let mut reader = Reader::open(bytes(input), &json_lines().rewritable()).unwrap();
    let changes: Vec<_> = changes.iter().map(|(path, change)| (ColumnPath::from(*path), change.clone())).collect();
    reader.require(&changes.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()).unwrap();
    let options = WriteOptions::new(Format::JsonLines);
    let mut rewriter = Rewriter::new(Vec::new(), &options, &reader, &changes).unwrap();
    for block in &mut reader {
        rewriter.write(&block.unwrap(), values, keep).unwrap();
    }
    String::from_utf8(rewriter.finish().unwrap()).unwrap()
}

#[test]
fn a_rewrite_changes_only_what_it_names() {
    let input = concat!(
        "{ \"id\": 1.0e3, \"who\": {\"mail\" :\"a@b.c\", \"x\":[1, 2 ]},\"z\" : null }\n",
        "{\"who\":{\"x\":1},\"em\\u0061il\":\"é\"}\n",
        "{\"who.mail\":\"d\",\"id\":7}\n",
    );
    let mail: ArrayRef = Arc::new(StringViewArray::from(vec![Some("t\"1"), None, Some("t3")]));
    let text = Change::Replace(DataType::Utf8View);
    assert_eq!(
        rewrite(input, &[("who.mail", text.clone()), ("email", Change::Remove)], &[Arc::clone(&mail)], None),
        concat!(
            "{ \"id\": 1.0e3, \"who\": {\"mail\" :\"t\\\"1\", \"x\":[1, 2 ]},\"z\" : null }\n",
            "{\"who\":{\"x\":1}}\n",
            "{\"who.mail\":\"t3\",\"id\":7}\n",
        )
    );
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), Some(6), None]));
    let keep = BooleanArray::from(vec![Some(true), None, Some(true)]);
    assert_eq!(
        rewrite(input, &[("id", Change::Replace(DataType::Int64)), ("who", Change::Remove)], &[ids], Some(&keep)),
        "{ \"id\": 5, \"z\" : null }\n{\"who.mail\":\"d\",\"id\":null}\n"
    );
}

#[test]
fn members_are_removed_wherever_they_are() {
    let removed =
        |input: &str| rewrite(input, &[("a", Change::Remove), ("b", Change::Remove)], &[], None).trim_end().to_owned();
    for (input, output) in [
        ("{\"a\":1}", "{}"),
        ("{\"a\":1,\"b\":2}", "{}"),
        ("{\"a\":1,\"c\":2}", "{\"c\":2}"),
        ("{\"c\":1,\"a\":2}", "{\"c\":1}"),
        ("{\"c\":1 , \"a\":2 , \"b\":3 }", "{\"c\":1 }"),
        ("{\"a\":1,\"c\":2,\"b\":3}", "{\"c\":2}"),
        ("{\"c\":1,\"a\":2,\"d\":3}", "{\"c\":1,\"d\":3}"),
    ] {
        assert_eq!(removed(input).replace("1  }", "1 }"), output, "{input}");
        serde_json::from_str::<Value>(&removed(input)).unwrap();
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z ]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[a-c]", inner, 0..3).prop_map(Value::from_iter),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::hash_map("[a-d]", value(), 0..4).prop_map(|map| map.into_iter().collect())
}

/// What a path leads to in a row without dots in its keys.
fn lookup(row: &Map<String, Value>, path: &str) -> Cell {
    let mut value = row.get(path.split('.').next().unwrap())?;
    for key in path.split('.').skip(1) {
        value = value.as_object()?.get(key)?;
    }
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Projected cells are those that `serde_json` finds, however the input is cut.
    #[test]
    fn cells_agree_with_serde_json(
        rows in proptest::collection::vec(object(), 0..20),
        pieces in proptest::collection::vec(1..100usize, 1..6),
        block_bytes in 16..400usize,
    ) {
        let paths = ["a", "b", "a.a", "a.b", "b.a.c"];
        let input: String = rows.iter().map(|row| format!("{}\n", json!(row))).collect();
        let source = Source::stream(Pieces::new(input.into_bytes(), pieces));
        let mut reader = Reader::open(source, &json_lines().with_block_bytes(block_bytes)).unwrap();
        reader.project(&paths.map(ColumnPath::from)).unwrap();
        let (_, cells) = drain(reader).unwrap();
        let expected: Vec<Vec<Cell>> =
            rows.iter().map(|row| paths.iter().map(|path| lookup(row, path)).collect()).collect();
        prop_assert_eq!(cells, expected);
    }

    /// A rewrite without changes gives back the same bytes; one with changes gives the same as editing the value.
    #[test]
    fn rewriting_is_editing(rows in proptest::collection::vec(object(), 1..12)) {
        let input: String = rows.iter().map(|row| format!("{}\n", json!(row))).collect();
        prop_assert_eq!(&rewrite(&input, &[], &[], None), &input);
        let tokens: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..rows.len()).map(|i| format!("t{i}"))));
        let changes = [("a.b", Change::Replace(DataType::Utf8View)), ("b", Change::Remove)];
        let output = rewrite(&input, &changes, &[tokens], None);
        for (i, (line, row)) in output.lines().zip(&rows).enumerate() {
            let mut expected = row.clone();
            expected.remove("b");
            if let Some(member) = expected.get_mut("a").and_then(|a| a.as_object_mut()).and_then(|a| a.get_mut("b")) {
                *member = format!("t{i}").into();
            }
            prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(line).unwrap(), expected);
        }
    }

    /// Any text gives a table or an error, never a panic.
    #[test]
    fn any_text(input in "[{}\\[\\]\",:a.0 \n\\\\u-]{0,60}") {
        prop_assert!(read(bytes(input), &json_lines()).is_ok_or_fault());
    }
}

trait IsOkOrFault {
    fn is_ok_or_fault(&self) -> bool;
}

impl<T> IsOkOrFault for Result<T, TabularError> {
    fn is_ok_or_fault(&self) -> bool {
        self.as_ref().err().is_none_or(TabularError::is_input_fault)
    }
}

#[test]
fn a_written_batch_reads_back_compressed_or_not() {
    let input = "{\"a\":\"x\\ny\",\"b.c\":null}\n{\"a\":\"\",\"b.c\":\"é\"}\n";
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let write = || {
            let reader = Reader::open(bytes(input), &json_lines()).unwrap();
            let options = WriteOptions::new(Format::JsonLines).with_compression(compression);
            let mut writer = Writer::new(Vec::new(), &options, reader.schema()).unwrap();
            for block in reader {
                writer.write(&block.unwrap().batch).unwrap();
            }
            writer.finish().unwrap()
        };
        assert_eq!(write(), write());
        assert_eq!(read(bytes(write()), &json_lines()).unwrap(), read(bytes(input), &json_lines()).unwrap());
    }
}

#[test]
fn what_no_row_has_is_told_at_the_end() {
    let options = json_lines().with_block_bytes(16);
    let mut reader = Reader::open(bytes("{\"a\":1}\n{\"a\":2}\n{\"b\":{\"c\":null}}\n"), &options).unwrap();
    reader.project(&["a".into(), "b.c".into(), "d".into()]).unwrap();
    let unseen =
        |reader: &Reader| reader.columns_without_rows().iter().map(|p| p.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(unseen(&reader), ["a", "b.c", "d"]);
    reader.next().unwrap().unwrap();
    assert_eq!(unseen(&reader), ["b.c", "d"]);
    assert_eq!(reader.by_ref().map(|block| block.unwrap().rows()).sum::<usize>(), 1);
    assert_eq!(unseen(&reader), ["d"]);
}
