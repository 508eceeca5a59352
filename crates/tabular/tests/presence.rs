//! Columns of which only NULL or not is wanted agree with the same columns read whole.
#![allow(
    clippy::pedantic,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use proptest::prelude::*;
use sluice_tabular::{ColumnPath, CsvOptions, Format, ReadOptions, Reader, TabularError};
use support::{bytes, csv, json_lines};

/// Which rows have a value, by column.
type Present = Vec<Vec<bool>>;

fn present(input: &[u8], options: &ReadOptions, only: &[&str]) -> Result<Present, TabularError> {
    let paths: Vec<ColumnPath> = only.iter().map(|name| ColumnPath::from(*name)).collect();
    let mut reader = Reader::open(bytes(input), options)?;
    reader.only_presence(&paths)?;
    let mut found: Present = vec![Vec::new(); reader.schema().fields().len()];
    for block in reader {
        let block = block?;
        for (column, present) in block.batch.columns().iter().zip(&mut found) {
            present.extend((0..column.len()).map(|row| column.is_valid(row)));
        }
    }
    Ok(found)
}

fn file(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn table(texts: &[Option<String>]) -> RecordBatch {
    let numbers = Int64Array::from_iter(texts.iter().map(|text| text.as_ref().map(|text| text.len() as i64)));
    let all = Int64Array::from_iter_values(0..texts.len() as i64);
    RecordBatch::try_from_iter_with_nullable([
        ("text", Arc::new(StringArray::from_iter(texts)) as ArrayRef, true),
        ("number", Arc::new(numbers), true),
        ("all", Arc::new(all), false),
    ])
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parquet_levels_are_those_of_the_values(
        runs in prop::collection::vec((prop::option::of("[a-z]{0,20}"), 1usize..40), 0..30),
        group_rows in 1usize..300,
        page_rows in 1usize..100,
        block_rows in 1usize..100,
        second_version: bool,
        codec in prop::sample::select(vec![
            Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default()),
        ]),
    ) {
        let texts: Vec<Option<String>> = runs.into_iter().flat_map(|(text, times)| vec![text; times]).collect();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(group_rows))
            .set_data_page_row_count_limit(page_rows)
            .set_write_batch_size(page_rows)
            .set_writer_version(if second_version { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
            .set_compression(codec)
            .build();
        let input = file(&table(&texts), properties);
        let mut options = ReadOptions::new(Format::Parquet);
        options.block_rows = block_rows;
        let whole = present(&input, &options, &[]).unwrap();
        for only in [&["text"][..], &["number", "all"], &["text", "number", "all"]] {
            prop_assert_eq!(&present(&input, &options, only).unwrap(), &whole);
        }
    }

    #[test]
    fn csv_cells_are_null_as_they_are_when_read_whole(
        rows in prop::collection::vec(["|NA|\"\"|\"NA\"|x|\"a,\"\"b\nc\"", "|NA|\"\"|\"x\"|long enough for a view"], 0..40),
        crlf: bool,
        block_bytes in 16usize..300,
        names_null: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let body: String = rows.iter().map(|[a, b]| format!("{a},{b}{end}")).collect();
        let input = format!("a,b{end}{body}");
        let null_text = if names_null { vec![String::new(), "NA".to_owned()] } else { vec![String::new()] };
        let format = Format::Csv(CsvOptions { null_text, ..CsvOptions::default() });
        let options = ReadOptions::new(format).with_block_bytes(block_bytes);
        let whole = present(input.as_bytes(), &options, &[]).unwrap();
        for only in [&["a"][..], &["b"], &["a", "b"]] {
            prop_assert_eq!(&present(input.as_bytes(), &options, only).unwrap(), &whole);
        }
    }

    #[test]
    fn damaged_parquet_is_an_error_or_read(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let texts: Vec<Option<String>> = (0..200).map(|row| (row % 3 > 0).then(|| "text".repeat(row % 7))).collect();
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let mut input = file(&table(&texts), properties);
        let data_bytes = input.len() / 2;
        for (at, byte) in flips {
            input[at.index(data_bytes)] ^= byte;
        }
        let _error_or_not = present(&input, &ReadOptions::new(Format::Parquet), &["text", "number", "all"]);
    }
}

#[test]
fn an_unknown_column_is_refused_and_json_lines_stay_text() {
    let mut reader = Reader::open(bytes("a,b\n1,2\n"), &csv()).unwrap();
    let error = reader.only_presence(&[ColumnPath::from("c")]).unwrap_err();
    assert!(matches!(error, TabularError::UnknownColumn { columns: 2, .. }), "{error}");
    let whole = present(b"{\"a\":1}\n{\"a\":null}\n", &json_lines(), &["a"]).unwrap();
    assert_eq!(whole, [[true, false]]);
}
