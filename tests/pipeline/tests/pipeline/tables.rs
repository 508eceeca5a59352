//! Tables in every format, and reading them back.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use arrow_array::{RecordBatch, StringViewArray};
use arrow_cast::display::array_value_to_string;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source, WriteOptions, Writer};

pub(crate) const COLUMNS: [&str; 4] = ["id", "email", "name", "city"];

/// Three people. The first and the last have one address.
pub(crate) const PEOPLE: [[&str; 4]; 3] = [
    ["1", "ada@example.org", "Ada Lovelace", "London"],
    ["2", "grace@example.org", "Grace Hopper", "New York"],
    ["3", "ada@example.org", "Ada King", "Paris"],
];

pub(crate) fn csv() -> Vec<u8> {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    for row in PEOPLE {
        text.push_str(&row.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

pub(crate) fn json_lines() -> Vec<u8> {
    let line = |row: [&str; 4]| {
        let cells = COLUMNS.iter().zip(row).map(|(name, cell)| format!("\"{name}\": \"{cell}\""));
        format!("{{{}}}\n", cells.collect::<Vec<_>>().join(", "))
    };
    PEOPLE.map(line).concat().into_bytes()
}

pub(crate) fn parquet() -> Vec<u8> {
    let fields: Vec<Field> = COLUMNS.iter().map(|name| Field::new(*name, DataType::Utf8View, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let column = |index: usize| Arc::new(StringViewArray::from_iter_values(PEOPLE.iter().map(|row| row[index]))) as _;
    let batch = RecordBatch::try_new(Arc::clone(&schema), (0..COLUMNS.len()).map(column).collect()).unwrap();
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), schema).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

pub(crate) fn csv_format() -> Format {
    Format::Csv(CsvOptions::default())
}

/// Rows as names and texts.
pub(crate) fn read(bytes: Bytes, format: Format) -> Vec<BTreeMap<String, String>> {
    let reader = Reader::open(Source::Bytes(bytes), &ReadOptions::new(format)).unwrap();
    let mut rows = Vec::new();
    for block in reader {
        let batch = block.unwrap().batch;
        let schema = batch.schema();
        let cell = |row: usize, column: usize| {
            let text = array_value_to_string(batch.column(column), row).unwrap();
            (schema.field(column).name().clone(), text)
        };
        rows.extend(
            (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(row, column)).collect()),
        );
    }
    rows
}
