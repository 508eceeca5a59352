//! Lists in Parquet whose elements are columns: read row by row, replaced where they stand, everything else as it was.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, Int64Array, LargeListArray, ListArray, RecordBatch, StringArray, StringViewArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use sluice_tabular::{Block, Change, ColumnPath, Format, ReadOptions, Reader, Rewriter, Source, WriteOptions};

/// What an element holds: a text, a number, a list of texts.
type Item = (Option<String>, Option<i64>, Option<Vec<Option<String>>>);
/// A row has a list of elements, some of them NULL; or none.
type Row = Option<Vec<Option<Item>>>;

fn list(lengths: &[Option<usize>], values: ArrayRef, element: &str) -> ListArray {
    let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0)));
    let nulls = NullBuffer::from_iter(lengths.iter().map(Option::is_some));
    let field = Field::new(element, values.data_type().clone(), true);
    ListArray::new(Arc::new(field), offsets, values, Some(nulls))
}

/// A column `items`, as other writers name their elements, between two plain ones.
fn table(rows: &[Row]) -> RecordBatch {
    let items: Vec<&Option<Item>> = rows.iter().flatten().flatten().collect();
    let of = |item: &Option<Item>| item.clone().unwrap_or_default();
    let tags: Vec<Option<Vec<Option<String>>>> = items.iter().map(|item| of(item).2).collect();
    let texts: StringArray = tags.iter().flatten().flatten().cloned().collect();
    let tags: Vec<Option<usize>> = tags.iter().map(|tags| tags.as_ref().map(Vec::len)).collect();
    let tags = list(&tags, Arc::new(texts), "element");
    let email: StringArray = items.iter().map(|item| of(item).0).collect();
    let n: Int64Array = items.iter().map(|item| of(item).1).collect();
    let fields = Fields::from(vec![
        Field::new("email", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
        Field::new("tags", tags.data_type().clone(), true),
    ]);
    let nulls = NullBuffer::from_iter(items.iter().map(|item| item.is_some()));
    let items = StructArray::new(fields, vec![Arc::new(email), Arc::new(n), Arc::new(tags)], Some(nulls));
    let lengths: Vec<Option<usize>> = rows.iter().map(|row| row.as_ref().map(Vec::len)).collect();
    let id: Int64Array = (0..rows.len() as i64).collect();
    RecordBatch::try_from_iter_with_nullable(vec![
        ("id", Arc::new(id.clone()) as ArrayRef, true),
        ("items", Arc::new(list(&lengths, Arc::new(items), "array_element")), true),
        ("last", Arc::new(id), true),
    ])
    .unwrap()
}

fn written(batch: &RecordBatch, group_rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn open(bytes: Vec<u8>, options: &ReadOptions) -> Reader {
    Reader::open(Source::Bytes(bytes.into()), options).unwrap()
}

/// Every row of every column as text.
fn shown<'b>(batches: impl IntoIterator<Item = &'b RecordBatch>) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("null");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|array| ArrayFormatter::try_new(array.as_ref(), &options).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|one| one.value(row).to_string()).collect()));
    }
    rows
}

fn batches(reader: Reader) -> Vec<RecordBatch> {
    reader.map(|block| block.unwrap().batch).collect()
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect(),
        other => panic!("{other}"),
    }
}

/// The values of a column inside lists, each made louder, in lists of the same lengths.
fn louder(array: &ArrayRef) -> ArrayRef {
    let list = array.as_list::<i32>();
    let values: StringViewArray = texts(list.values()).into_iter().map(|text| text.map(|text| text + "!")).collect();
    let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
    Arc::new(ListArray::new(field, list.offsets().clone(), Arc::new(values), list.nulls().cloned()))
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = || prop::option::of("[a-zé]{0,20}");
    let tags = prop::option::of(prop::collection::vec(text(), 0..4));
    let item = prop::option::weighted(0.8, (text(), any::<Option<i64>>(), tags));
    prop::collection::vec(prop::option::weighted(0.8, prop::collection::vec(item, 0..5)), 1..30)
}

proptest! {
    #[test]
    fn what_lists_hold_is_read_by_row_and_replaced_in_its_place(rows in rows(), group_rows in 1usize..40, block_rows in 1usize..40) {
        let options = ReadOptions { block_rows, ..ReadOptions::new(Format::Parquet) }.rewritable();
        let mut reader = open(written(&table(&rows), group_rows), &options);
        let paths = ["items[*].email", "items[*].tags[*]"].map(ColumnPath::from);
        reader.require(&paths).unwrap();
        let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        prop_assert_eq!(names, ["id", "items[*].email", "items[*].n", "items[*].tags[*]", "last"]);
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)));
        let change = |path: &str, change: Change| (ColumnPath::from(path), change);
        let changes = [
            change("items[*].email", Change::Replace(list.clone())),
            change("items[*].n", Change::Remove),
            change("items[*].tags[*]", Change::Replace(list)),
        ];
        let write = WriteOptions::new(Format::Parquet);
        let mut writer = Rewriter::new(Vec::new(), &write, &reader, &changes).unwrap();
        let mut emails: Vec<Vec<Option<String>>> = Vec::new();
        for block in &mut reader {
            let block: Block = block.unwrap();
            let column = block.batch.column(1).as_list::<i32>();
            emails.extend((0..column.len()).map(|row| if column.is_null(row) { Vec::new() } else { texts(&column.value(row)) }));
            let values = [louder(block.batch.column(1)), louder(block.batch.column(3))];
            writer.write(&block, &values, None).unwrap();
        }
        let of = |row: &Row| row.iter().flatten().map(|item| item.as_ref().and_then(|item| item.0.clone())).collect();
        prop_assert_eq!(emails, rows.iter().map(of).collect::<Vec<Vec<Option<String>>>>());

        let louder = |text: &Option<String>| text.as_ref().map(|text| format!("{text}!"));
        let expected: Vec<Row> = rows.iter().map(|row| row.as_ref().map(|items| items.iter().map(|item| item.as_ref().map(|(email, n, tags)| {
            (louder(email), *n, tags.as_ref().map(|tags| tags.iter().map(louder).collect()))
        })).collect())).collect();
        let expected = written(&table(&expected), 100);
        let mut expected = open(expected, &ReadOptions::new(Format::Parquet));
        let mut found = open(writer.finish().unwrap(), &ReadOptions::new(Format::Parquet));
        let kept = ["id", "items[*].email", "items[*].tags[*]", "last"].map(ColumnPath::from);
        let names: Vec<String> = found.schema().fields().iter().map(|field| field.name().clone()).collect();
        prop_assert_eq!(names, ["id", "items", "last"]);
        expected.project(&kept).unwrap();
        found.project(&kept).unwrap();
        prop_assert_eq!(shown(&batches(found)), shown(&batches(expected)));
    }

    #[test]
    fn an_untouched_list_stays_as_it_was(rows in rows(), group_rows in 1usize..40) {
        let original = written(&table(&rows), group_rows);
        let mut reader = open(original.clone(), &ReadOptions::new(Format::Parquet).rewritable());
        reader.require(&[ColumnPath::from("items[*].email")]).unwrap();
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let changes = [(ColumnPath::from("items[*].email"), Change::Replace(list))];
        let mut writer = Rewriter::new(Vec::new(), &WriteOptions::new(Format::Parquet), &reader, &changes).unwrap();
        for block in &mut reader {
            let block = block.unwrap();
            writer.write(&block, &[Arc::clone(block.batch.column(1))], None).unwrap();
        }
        let plain = ReadOptions::new(Format::Parquet);
        let (found, original) = (open(writer.finish().unwrap(), &plain), open(original, &plain));
        prop_assert_eq!(found.schema(), original.schema(), "names of elements and types too");
        prop_assert_eq!(shown(&batches(found)), shown(&batches(original)));
    }
}

#[test]
fn large_lists_and_lists_of_lists_are_opened_too() {
    let inner = list(&[Some(2), None, Some(0), Some(1)], Arc::new(StringArray::from(vec!["a", "b", "c"])), "item");
    let field = Arc::new(Field::new("item", inner.data_type().clone(), true));
    let grid = LargeListArray::new(field, OffsetBuffer::from_lengths([3, 0, 1]), Arc::new(inner), None);
    let batch = RecordBatch::try_from_iter(vec![("grid", Arc::new(grid) as ArrayRef)]).unwrap();
    let options = ReadOptions { open_lists: true, ..ReadOptions::new(Format::Parquet) };
    let reader = open(written(&batch, 2), &options);
    assert_eq!(reader.schema().field(0).name(), "grid[*][*]");
    let found = batches(reader);
    let rows: Vec<Vec<Option<String>>> = found
        .iter()
        .flat_map(|batch| {
            let column = batch.column(0).as_list::<i32>().clone();
            (0..column.len()).map(move |row| texts(&column.value(row))).collect::<Vec<_>>()
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [vec![text("a"), text("b")], vec![], vec![text("c")]]);
}

#[test]
fn a_list_of_which_nothing_is_left_goes_with_its_elements() {
    let rows: Vec<Row> = vec![Some(vec![Some((Some("canary".to_owned()), None, None))]), None];
    let mut reader = open(written(&table(&rows), 10), &ReadOptions::new(Format::Parquet).rewritable());
    reader.open_lists(&[ColumnPath::from("items[*].email")]).unwrap();
    let gone = ["items[*].email", "items[*].n", "items[*].tags"].map(|path| (ColumnPath::from(path), Change::Remove));
    let mut writer = Rewriter::new(Vec::new(), &WriteOptions::new(Format::Parquet), &reader, &gone).unwrap();
    for block in &mut reader {
        writer.write(&block.unwrap(), &[], None).unwrap();
    }
    let bytes = writer.finish().unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"canary"));
    assert_eq!(shown(&batches(open(bytes, &ReadOptions::new(Format::Parquet)))), [["0", "0"], ["1", "1"]]);
}

#[test]
fn a_path_into_what_is_no_list_is_no_column() {
    let bytes = written(&table(&[None]), 10);
    for path in ["id[*]", "items[*]", "items[*].email[*]", "items[*].e_mail", "items.email"] {
        let mut reader = open(bytes.clone(), &ReadOptions::new(Format::Parquet));
        assert!(reader.project(&[ColumnPath::from(path)]).is_err(), "{path}");
    }
}
