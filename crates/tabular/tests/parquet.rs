//! Parquet: types, nesting, rewriting and hostile files.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::io::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use sluice_tabular::{
    Caps, Change, ColumnPath, Compression, CsvOptions, ErrorKind, Format, Limit, ReadOptions, Reader, Rewriter, Source,
    TabularError, WriteOptions, Writer,
};
use support::{bytes, csv, gzip, names, read, zstd};

fn options() -> ReadOptions {
    ReadOptions::new(Format::Parquet)
}

/// Columns: id, a struct with a struct (some NULL), a list, a time.
fn table() -> RecordBatch {
    let city = StringArray::from(vec![Some("Berlin"), Some("hidden"), None, Some("Oslo, a text that is not short")]);
    let address_fields = Fields::from(vec![Field::new("city", DataType::Utf8, true)]);
    let address = StructArray::new(address_fields.clone(), vec![Arc::new(city)], None);
    let customer_fields = Fields::from(vec![
        Field::new("address", DataType::Struct(address_fields), false),
        Field::new("age", DataType::Int32, true),
    ]);
    let age = Int32Array::from(vec![Some(1), Some(2), None, Some(4)]);
    let valid = NullBuffer::from(vec![true, false, true, true]);
    let customer = StructArray::new(customer_fields, vec![Arc::new(address), Arc::new(age)], Some(valid));
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(3)]),
    ]);
    let time = TimestampMicrosecondArray::from(vec![0, 1, 2, 3]).with_timezone("UTC");
    RecordBatch::try_from_iter(vec![
        ("id", Arc::new(Int64Array::from(vec![10, 11, 12, 13])) as ArrayRef),
        ("customer", Arc::new(customer)),
        ("list", Arc::new(list)),
        ("at", Arc::new(time)),
    ])
    .unwrap()
}

fn file(batch: &RecordBatch, group_rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn open(bytes: Vec<u8>, options: &ReadOptions) -> Reader {
    Reader::open(support::bytes(bytes), options).unwrap()
}

#[test]
fn structs_are_flat_columns_and_types_stay() {
    let reader = open(file(&table(), 3), &options());
    assert_eq!(names(&reader), ["id", "customer.address.city", "customer.age", "list", "at"]);
    let schema = reader.schema();
    assert_eq!(schema.field(0).data_type(), &DataType::Int64);
    assert_eq!(schema.field(1).data_type(), &DataType::Utf8View);
    assert!(schema.field(1).is_nullable());
    assert_eq!(schema.field(4).data_type(), table().schema().field(3).data_type());
    let blocks: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(blocks.iter().map(|block| (block.first_row, block.rows())).collect::<Vec<_>>(), [(0, 3), (3, 1)]);
    let city = blocks[0].batch.column(1).as_string_view();
    // The value of a struct that is NULL is NULL.
    assert_eq!(city.iter().collect::<Vec<_>>(), [Some("Berlin"), None, None]);
    assert_eq!(blocks[0].batch.column(2).as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(1), None, None]);
}

#[test]
fn projection_by_dotted_path() {
    let mut reader = open(file(&table(), 10), &options());
    reader.project(&["at".into(), "customer.address.city".into()]).unwrap();
    let block = reader.next().unwrap().unwrap();
    assert_eq!(block.batch.num_columns(), 2);
    assert_eq!(block.batch.column(1).as_string_view().value(3), "Oslo, a text that is not short");
    let mut reader = open(file(&table(), 10), &options());
    assert_eq!(reader.project(&["customer".into()]).unwrap_err().kind(), ErrorKind::Usage);
    reader.project(&[]).unwrap();
    assert_eq!(reader.map(|block| block.unwrap().rows()).sum::<usize>(), 4);
}

#[test]
fn a_rewrite_keeps_nesting_and_types() {
    let mut reader = open(file(&table(), 10), &options().rewritable());
    let changes: Vec<(ColumnPath, Change)> =
        vec![("customer.address.city".into(), Change::Replace(DataType::Utf8View)), ("id".into(), Change::Remove)];
    let mut rewriter = Rewriter::new(Vec::new(), &WriteOptions::new(Format::Parquet), &reader, &changes).unwrap();
    let tokens: ArrayRef = Arc::new(StringViewArray::from(vec![Some("t0"), Some("t1"), None, Some("t3")]));
    let keep = BooleanArray::from(vec![true, true, false, true]);
    for block in &mut reader {
        let block = block.unwrap();
        assert_eq!(rewriter.write(&block, &[], None).unwrap_err().kind(), ErrorKind::Usage);
        rewriter.write(&block, &[Arc::clone(&tokens)], Some(&keep)).unwrap();
    }
    let mut again = open(rewriter.finish().unwrap(), &options());
    assert_eq!(names(&again), ["customer.address.city", "customer.age", "list", "at"]);
    let block = again.next().unwrap().unwrap();
    let city = block.batch.column(0).as_string_view();
    assert_eq!(city.iter().collect::<Vec<_>>(), [Some("t0"), None, Some("t3")]);
    let expected = arrow_select::filter::filter(table().column(2), &keep).unwrap();
    assert_eq!(block.batch.column(2).as_list::<i32>(), expected.as_list::<i32>());
}

#[test]
fn written_files_are_the_same_twice_and_read_back() {
    let write = || {
        let reader = Reader::open(support::bytes("a,b\n1,x\n,\"\"\n"), &csv()).unwrap();
        let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), reader.schema()).unwrap();
        for block in reader {
            writer.write(&block.unwrap().batch).unwrap();
        }
        writer.finish().unwrap()
    };
    assert_eq!(write(), write());
    let plain = read(bytes("a,b\n1,x\n,\"\"\n"), &csv()).unwrap();
    assert_eq!(read(bytes(write()), &options()).unwrap(), plain);
    for wrapped in [gzip(&write()), zstd(&write())] {
        assert_eq!(read(bytes(wrapped), &options()).unwrap(), plain);
    }
    let wrapped = WriteOptions::new(Format::Parquet).with_compression(Compression::Gzip);
    assert_eq!(Writer::new(Vec::new(), &wrapped, Arc::new(Schema::empty())).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn typed_columns_become_text() {
    let batch = table();
    let write = |format| {
        let mut writer = Writer::new(Vec::new(), &WriteOptions::new(format), batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    };
    let lines = write(Format::JsonLines);
    assert_eq!(
        lines.lines().next().unwrap(),
        "{\"id\":10,\"customer\":{\"address\":{\"city\":\"Berlin\"},\"age\":1},\"list\":[1,null],\"at\":\"1970-01-01T00:00:00Z\"}"
    );
    let flat = open(file(&batch, 10), &options());
    let csv_format = Format::Csv(CsvOptions::default());
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(csv_format), flat.schema()).unwrap();
    for block in flat {
        writer.write(&block.unwrap().batch).unwrap();
    }
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(text.lines().nth(2).unwrap(), "11,,,,1970-01-01T00:00:00.000001Z");
}

#[test]
fn sources() {
    assert_eq!(read(bytes(""), &options()).unwrap(), (vec![], vec![]));
    let stream = Source::stream(std::io::Cursor::new(file(&table(), 10)));
    assert_eq!(Reader::open(stream, &options()).unwrap_err().kind(), ErrorKind::Usage);
    let mut on_disk = tempfile::tempfile().unwrap();
    on_disk.write_all(&file(&table(), 10)).unwrap();
    assert_eq!(Reader::open(on_disk, &options()).unwrap().map(|block| block.unwrap().rows()).sum::<usize>(), 4);
}

fn outcome(bytes: Vec<u8>, options: &ReadOptions) -> Result<usize, TabularError> {
    let mut rows = 0;
    for block in Reader::open(support::bytes(bytes), options)? {
        let block = block?;
        for column in block.batch.columns() {
            column.to_data().validate_full().unwrap();
        }
        rows += block.rows();
    }
    Ok(rows)
}

#[test]
fn every_truncation_is_an_input_fault() {
    let whole = file(&table(), 3);
    for cut in 1..whole.len() {
        let error = outcome(whole[..cut].to_vec(), &options()).unwrap_err();
        assert!(error.is_input_fault(), "{cut}: {error:?}");
    }
}

#[test]
fn every_flipped_byte_is_a_table_or_an_input_fault() {
    let whole = file(&table(), 3);
    for at in 0..whole.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= bit;
            if let Err(error) = outcome(damaged, &options()) {
                assert!(error.is_input_fault(), "byte {at}: {error:?}");
            }
        }
    }
}

#[test]
fn declared_sizes_are_capped() {
    let crossed = |batch: &RecordBatch, caps: Caps| match outcome(file(batch, 1 << 20), &options().with_caps(caps)) {
        Err(TabularError::Limit { limit, .. }) => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!(crossed(&table(), Caps { footer_bytes: 100, ..Caps::default() }), Limit::FooterBytes);
    assert_eq!(crossed(&table(), Caps { columns: 4, ..Caps::default() }), Limit::Columns);
    assert_eq!(crossed(&table(), Caps { nesting: 2, ..Caps::default() }), Limit::Nesting);
    assert_eq!(crossed(&table(), Caps { inflated_bytes: 100, ..Caps::default() }), Limit::InflatedBytes);
    assert_eq!(crossed(&table(), Caps { page_bytes: 16, ..Caps::default() }), Limit::PageBytes);
    let zeros: ArrayRef = Arc::new(StringArray::from(vec!["0".repeat(1 << 20)]));
    let zeros = RecordBatch::try_from_iter(vec![("zeros", zeros)]).unwrap();
    assert_eq!(crossed(&zeros, Caps { page_bytes: 1 << 19, ..Caps::default() }), Limit::PageBytes);
}
