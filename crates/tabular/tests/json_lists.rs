//! JSON Lines: paths into lists, held against a model on parsed values.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StringViewArray};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sluice_tabular::{
    Caps, Change, ColumnPath, Format, Limit, ReadOptions, Reader, Rewriter, TabularError, WriteOptions,
};
use support::{Cell, bytes, json_lines, names};

/// A column by rows: the values of each.
fn lists(array: &ArrayRef) -> Vec<Vec<Cell>> {
    array.to_data().validate_full().unwrap();
    let list = array.as_list::<i32>();
    let values = |list: Option<ArrayRef>| -> Vec<Cell> {
        list.iter().flat_map(|list| list.as_string_view().iter()).map(|cell| cell.map(str::to_owned)).collect()
    };
    list.iter().map(values).collect()
}

fn project(input: &str, path: &str) -> Result<Vec<Vec<Cell>>, TabularError> {
    let mut reader = Reader::open(bytes(input), &json_lines().with_block_bytes(64))?;
    reader.project(&[path.into()])?;
    let mut rows = Vec::new();
    for block in reader {
        rows.extend(lists(block?.batch.column(0)));
    }
    Ok(rows)
}

fn cells(texts: &[&str]) -> Vec<Cell> {
    texts.iter().map(|text| (*text != "null").then(|| (*text).to_owned())).collect()
}

const ORDERS: &str = concat!(
    "{\"id\":1,\"items\":[{\"sku\":\"a\", \"by\":{\"mail\":\"x@y.z\"},\"tags\":[\"t\",[1]]}, {\"sku\" : null},7,null]}\n",
    "{\"id\":2,\"items\":[]}\n",
    "{\"id\":3,\"items\":null}\n",
    "{\"id\":4}\n",
    "{\"id\":5,\"items\":{\"sku\":\"alone\",\"by\":{\"mail\":\"\\u0061@b.c\"},\"tags\":\"one\"}}\n",
    "{\"id\":6,\"items\":[[{\"sku\":\"deeper\"}]]}\n",
);

#[test]
fn values_in_lists_are_found() {
    let rows = |path: &str| project(ORDERS, path).unwrap();
    assert_eq!(rows("items[*].sku"), [&["a", "null"] as &[_], &[], &[], &[], &["alone"], &[]].map(cells));
    assert_eq!(rows("items[*].by.mail"), [&["x@y.z"] as &[_], &[], &[], &[], &["a@b.c"], &[]].map(cells));
    assert_eq!(rows("items[*].tags[*]"), [&["t", "[1]"] as &[_], &[], &[], &[], &["one"], &[]].map(cells));
    assert_eq!(rows("items[*].tags[*][*]"), [&["t", "1"] as &[_], &[], &[], &[], &["one"], &[]].map(cells));
    // Lists of lists need a step for each.
    assert_eq!(rows("items[*][*].sku"), [&["a", "null"] as &[_], &[], &[], &[], &["alone"], &["deeper"]].map(cells));
    assert_eq!(rows("items[*]")[0][2..], cells(&["7", "null"]));
    assert_eq!(rows("id[*]")[3], cells(&["4"]));
}

#[test]
fn unseen_is_what_could_have_been_there() {
    let unseen = |input: &str| {
        let mut reader = Reader::open(bytes(input), &json_lines()).unwrap();
        reader.project(&["a[*].b".into()]).unwrap();
        reader.by_ref().for_each(drop);
        !reader.columns_without_rows().is_empty()
    };
    assert!(unseen("{\"x\":1}\n"));
    assert!(unseen("{\"a\":[{\"c\":1}]}\n{\"a\":[]}\n"), "b may have another name there");
    assert!(!unseen("{\"a\":[]}\n{\"a\":null}\n{}\n"), "nothing was in any list");
    assert!(!unseen("{\"a\":[{\"b\":null}]}\n"));
}

#[test]
fn undeclared_columns_are_found_inside_lists() {
    let open = |input: &str, asked: &[&str]| {
        let options = ReadOptions { open_lists: true, ..json_lines() };
        let mut reader = Reader::open(bytes(input), &options).unwrap();
        reader.require(&asked.iter().map(|path| ColumnPath::from(*path)).collect::<Vec<_>>()).unwrap();
        let found = names(&reader);
        reader
            .for_each(|block| block.unwrap().batch.columns().iter().for_each(|c| c.to_data().validate_full().unwrap()));
        found
    };
    assert_eq!(
        open(ORDERS, &[]),
        ["id", "items[*].sku", "items[*].by.mail", "items[*].tags[*]", "items[*].tags[*][*]", "items[*]", "items"]
            .map(str::to_owned)
            .into_iter()
            .chain(["items.sku", "items.by.mail", "items.tags", "items[*][*].sku"].map(str::to_owned))
            .collect::<Vec<_>>()
    );
    // What is declared takes lists and lone objects alike; what is not beside it comes up.
    assert_eq!(
        open("{\"a\":{\"b\":1,\"c\":2}}\n{\"a\":[{\"b\":[3]},\"x\"]}\n{\"a\":[]}\n{\"a\":null}\n", &["a[*].b"]),
        ["a[*].b", "a[*].c", "a[*]"]
    );
    assert_eq!(
        names(&Reader::open(bytes(ORDERS), &json_lines()).unwrap()),
        ["id", "items", "items.sku", "items.by.mail", "items.tags"]
    );
}

#[test]
fn hostile_lists() {
    let options = |caps: Caps| ReadOptions { open_lists: true, ..json_lines().with_caps(caps) };
    let crossed = |input: String, caps: Caps| match Reader::open(bytes(input), &options(caps)).unwrap_err() {
        TabularError::Limit { limit, .. } => limit,
        other => panic!("{other:?}"),
    };
    let few = Caps { elements: 5, ..Caps::default() };
    assert_eq!(crossed("{\"a\":[[1,2],[3],4]}\n".to_owned(), few.clone()), Limit::Elements);
    assert!(Reader::open(bytes("{\"a\":[1,2,3,4,5]}\n{\"a\":[1]}\n"), &options(few)).is_ok());
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(70), "]".repeat(70));
    assert_eq!(crossed(deep, Caps::default()), Limit::Nesting);
    let wide: Vec<String> = (0..40).map(|key| format!("{{\"k{key}\":[[1]]}}")).collect();
    assert_eq!(
        crossed(format!("{{\"a\":[{}]}}\n", wide.join(",")), Caps { columns: 20, ..Caps::default() }),
        Limit::Columns
    );
    for line in ["{\"a[*]\":1}\n", "{\"x\":{\"a[*].b\":1}}\n", "{\"a\\u005b*]\":1}\n"] {
        let error = Reader::open(bytes(line), &options(Caps::default())).unwrap_err();
        assert!(matches!(error, TabularError::KeyLikePath { .. }), "{line} {error}");
        assert!(Reader::open(bytes(line), &json_lines()).is_ok(), "a key like any other where lists stay shut");
    }
    for line in ["{\"a\":[1,]}\n", "{\"a\":[1 2]}\n", "{\"a\":[", "{\"a\":[{\"b\":1]}\n"] {
        assert!(matches!(project(line, "a[*].b"), Err(TabularError::Json { .. })), "{line}");
    }
    assert!(matches!(project("{\"a\":[],\"a\":[]}\n", "a[*]"), Err(TabularError::AmbiguousPath { .. })));
}

/// New values: the row's list with `f` of each value.
fn mapped(array: &ArrayRef, f: impl Fn(&str) -> String) -> ArrayRef {
    let list = array.as_list::<i32>();
    let values: StringViewArray = list.values().as_string_view().iter().map(|cell| cell.map(&f)).collect();
    let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
    Arc::new(ListArray::new(field, list.offsets().clone(), Arc::new(values), None))
}

fn of_text() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)))
}

/// Writes a table again with the values of some paths in angle brackets, or without them.
fn rewrite(input: &str, changes: &[(&str, Change)]) -> String {
    let options = ReadOptions { open_lists: true, ..json_lines().rewritable() };
    let mut reader = Reader::open(bytes(input), &options).unwrap();
    let changes: Vec<_> = changes.iter().map(|(path, change)| (ColumnPath::from(*path), change.clone())).collect();
    reader.require(&changes.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()).unwrap();
    let mut rewriter = Rewriter::new(Vec::new(), &WriteOptions::new(Format::JsonLines), &reader, &changes).unwrap();
    for block in &mut reader {
        let block = block.unwrap();
        let mut values = Vec::new();
        for (path, change) in &changes {
            let column = block.batch.column_by_name(path.as_str()).unwrap();
            match change {
                Change::Replace(_) => values.push(mapped(column, |text| format!("<{text}>"))),
                Change::ReplaceChanged(_) => values.push(mapped(column, |text| text.replace("secret", "*"))),
                Change::Remove => {}
            }
        }
        rewriter.write(&block, &values, None).unwrap();
    }
    String::from_utf8(rewriter.finish().unwrap()).unwrap()
}

#[test]
fn a_rewrite_changes_elements_and_no_other_byte() {
    let replaced =
        rewrite(ORDERS, &[("items[*].sku", Change::Replace(of_text())), ("items[*].tags[*]", Change::Remove)]);
    let expected = ORDERS
        .replace("\"sku\":\"a\"", "\"sku\":\"<a>\"")
        .replace("\"sku\":\"alone\"", "\"sku\":\"<alone>\"")
        .replace("\"tags\":[\"t\",[1]]", "\"tags\":[]")
        .replace(",\"tags\":\"one\"", "");
    assert_eq!(replaced, expected);
    let input = "{\"n\" : [1.50, \"secret\", true , \"\\u0041\", {\"a\":[]}, null], \"m\":[\"x\" ,\"y\", \"z\" ]}\n";
    let masked = rewrite(input, &[("n[*]", Change::ReplaceChanged(of_text())), ("m[*]", Change::Remove)]);
    assert_eq!(masked, input.replace("secret", "*").replace("[\"x\" ,\"y\", \"z\" ]", "[ ]"));
}

fn select(input: &str, paths: &[&str], replaced: Option<&str>) -> Result<String, TabularError> {
    let mut reader = Reader::open(bytes(input), &json_lines().rewritable().with_block_bytes(64)).unwrap();
    reader.project(&paths.iter().map(|path| ColumnPath::from(*path)).collect::<Vec<_>>()).unwrap();
    let columns: Vec<_> =
        paths.iter().map(|path| (ColumnPath::from(*path), (Some(*path) == replaced).then(of_text))).collect();
    let mut rewriter = Rewriter::select(Vec::new(), &WriteOptions::new(Format::JsonLines), &reader, &columns)?;
    for block in &mut reader {
        let block = block?;
        let column = replaced.and_then(|path| block.batch.column_by_name(path));
        let values: Vec<ArrayRef> = column.iter().map(|column| mapped(column, |text| format!("<{text}>"))).collect();
        rewriter.write(&block, &values, None)?;
    }
    Ok(String::from_utf8(rewriter.finish()?).unwrap())
}

#[test]
fn a_selection_holds_nothing_else() {
    assert_eq!(
        select(ORDERS, &["id", "items[*].sku", "items[*].tags[*]"], Some("items[*].sku")).unwrap(),
        concat!(
            "{\"id\":1,\"items\":[{\"sku\":\"<a>\",\"tags\":[\"t\",[1]]},{\"sku\":null},null,null]}\n",
            "{\"id\":2,\"items\":[]}\n",
            "{\"id\":3}\n",
            "{\"id\":4}\n",
            "{\"id\":5,\"items\":{\"sku\":\"<alone>\",\"tags\":\"one\"}}\n",
            "{\"id\":6,\"items\":[null]}\n",
        )
    );
    assert_eq!(
        select("{\"a\":{\"b\":[{\"c\":1,\"d\":2},{\"d\":3}]},\"e\":[[1],[]]}\n", &["a.b[*].c", "e[*][*]"], None)
            .unwrap(),
        "{\"a\":{\"b\":[{\"c\":1},{}]},\"e\":[[1],[]]}\n"
    );
    for paths in [
        &["items", "items[*].sku"] as &[_],
        &["items.sku", "items[*].sku"],
        &["items[*]", "items[*].sku"],
        &["items[*].by", "items[*].by.mail"],
        &["a", "a.b[*].c"],
    ] {
        assert!(matches!(select(ORDERS, paths, None), Err(TabularError::Option { .. })), "{paths:?}");
    }
}

/// A path taken apart; `None` is the step into a list.
type Steps = &'static [Option<&'static str>];

const PATHS: &[(&str, Steps)] = &[
    ("a[*]", &[Some("a"), None]),
    ("a[*].b", &[Some("a"), None, Some("b")]),
    ("a[*][*]", &[Some("a"), None, None]),
    ("a[*].b[*]", &[Some("a"), None, Some("b"), None]),
    ("a[*].b.c", &[Some("a"), None, Some("b"), Some("c")]),
    ("a.b[*].c", &[Some("a"), Some("b"), None, Some("c")]),
];

/// Puts every value on a path in angle brackets, and lists them.
fn model_replace(value: &mut Value, steps: Steps, found: &mut Vec<Cell>) {
    match (steps.split_first(), value) {
        (None, value) => {
            let text = match &*value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            if let Some(text) = &text {
                *value = format!("<{text}>").into();
            }
            found.push(text);
        }
        (Some((None, rest)), Value::Array(list)) => {
            list.iter_mut().for_each(|element| model_replace(element, rest, found));
        }
        (Some((None, rest)), alone) => model_replace(alone, rest, found),
        (Some((Some(key), rest)), Value::Object(members)) => {
            if let Some(member) = members.get_mut(*key) {
                model_replace(member, rest, found);
            }
        }
        (Some((Some(_), _)), _) => {}
    }
}

fn model_select(value: &Value, steps: Steps) -> Option<Value> {
    let (first, rest) = match steps.split_first() {
        None => return Some(value.clone()),
        Some(step) => step,
    };
    match (first, value) {
        (None, Value::Array(list)) => {
            let empty = |element: &Value| if element.is_object() { json!({}) } else { Value::Null };
            Some(list.iter().map(|element| model_select(element, rest).unwrap_or_else(|| empty(element))).collect())
        }
        (None, alone) => model_select(alone, rest),
        (Some(key), Value::Object(members)) => {
            model_select(members.get(*key)?, rest).map(|value| json!({ *key: value }))
        }
        (Some(_), _) => None,
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\é]{0,16}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner),]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec(("[abc]", inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members)))
}

proptest! {
    #[test]
    fn lists_are_as_in_the_model(rows in prop::collection::vec(object(value()), 1..8), path in prop::sample::select(PATHS)) {
        let (path, steps) = path;
        let input: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let mut changed = rows.clone();
        let found: Vec<Vec<Cell>> = changed.iter_mut().map(|row| {
            let mut found = Vec::new();
            model_replace(row, steps, &mut found);
            found
        }).collect();
        prop_assert_eq!(project(&input, path).unwrap(), found);
        let parsed = |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
        prop_assert_eq!(parsed(&rewrite(&input, &[(path, Change::Replace(of_text()))])), changed.clone());
        prop_assert_eq!(rewrite(&input, &[(path, Change::ReplaceChanged(of_text()))]), input.clone());
        let selected = |rows: &[Value]| -> Vec<Value> {
            rows.iter().map(|row| model_select(row, steps).unwrap_or_else(|| json!({}))).collect()
        };
        prop_assert_eq!(parsed(&select(&input, &[path], None).unwrap()), selected(&rows));
        prop_assert_eq!(parsed(&select(&input, &[path], Some(path)).unwrap()), selected(&changed));
    }

    #[test]
    fn any_line_is_answered(line in "[\\[\\]{}:,\"a*.0n \\\\]{0,40}") {
        let options = ReadOptions { open_lists: true, ..json_lines() };
        drop(Reader::open(bytes(line.clone()), &options).map(|reader| reader.map(drop).count()));
        drop(project(&line, "a[*].a"));
    }
}
