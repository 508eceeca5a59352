//! CSV: what a file means, compared with tables and with the `csv` crate.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use proptest::prelude::*;
use sluice_tabular::{
    Caps, ColumnPath, CsvOptions, ErrorKind, Format, Limit, Place, ReadOptions, Reader, Source, TabularError,
    WriteOptions, Writer,
};
use support::{Cell, Pieces, bytes, cells, csv, drain, names, read, some};

fn with(change: impl FnOnce(&mut CsvOptions)) -> ReadOptions {
    let mut options = CsvOptions::default();
    change(&mut options);
    ReadOptions::new(Format::Csv(options))
}

#[test]
fn what_a_file_means() {
    let null: Cell = None;
    let text = |text: &str| Some(text.to_owned());
    let table: &[(&str, &[&str], Vec<Vec<Cell>>)] = &[
        ("", &[], vec![]),
        ("\n\r\n\n", &[], vec![]),
        ("\u{feff}", &[], vec![]),
        ("a,b\n", &["a", "b"], vec![]),
        ("a,b", &["a", "b"], vec![]),
        ("\u{feff}a,b\r\n1,2\r\n", &["a", "b"], vec![some(&["1", "2"])]),
        ("a,b\n1,2", &["a", "b"], vec![some(&["1", "2"])]),
        ("a,b\n,\"\"\n", &["a", "b"], vec![vec![null.clone(), text("")]]),
        ("a,b\n\n1,2\n\r\n3,4\n", &["a", "b"], vec![some(&["1", "2"]), some(&["3", "4"])]),
        ("a\n\n1\n\r\n", &["a"], vec![vec![null.clone()], some(&["1"]), vec![null.clone()]]),
        ("a,b\n\"1\r\n2\",\"x\"\"y\"\r\n", &["a", "b"], vec![some(&["1\r\n2", "x\"y"])]),
        ("a,b\n\"\"\"\",\"\"\"\"\"\"\n", &["a", "b"], vec![some(&["\"", "\"\""])]),
        ("a,b\n5\" pipe,it's \"fine\"\n", &["a", "b"], vec![some(&["5\" pipe", "it's \"fine\""])]),
        ("a,b\nx\ry,z\n", &["a", "b"], vec![some(&["x\ry", "z"])]),
        ("\"a,1\",\"b\"\"\"\n1,2\n", &["a,1", "b\""], vec![some(&["1", "2"])]),
        ("a,,c\n1,2,3\n", &["a", "col_1", "c"], vec![some(&["1", "2", "3"])]),
        ("a\nthirteen bytes and more é\n", &["a"], vec![some(&["thirteen bytes and more é"])]),
    ];
    for (input, names, rows) in table {
        for block_bytes in [16, 1 << 20] {
            let read = read(bytes(*input), &csv().with_block_bytes(block_bytes)).unwrap();
            assert_eq!(read.0, *names, "{input:?}");
            assert_eq!(read.1, *rows, "{input:?}");
        }
    }
}

#[test]
fn dialects() {
    let headless = read(bytes("1;2\n3;4\n"), &with(|o| (o.header, o.delimiter) = (false, b';'))).unwrap();
    assert_eq!(headless, (vec!["col_0".into(), "col_1".into()], vec![some(&["1", "2"]), some(&["3", "4"])]));
    let single = read(bytes("a,b\n'x,y','it''s'\n"), &with(|o| o.quote = Some(b'\''))).unwrap();
    assert_eq!(single.1, [some(&["x,y", "it's"])]);
    let unquoted = read(bytes("a,b\n\"x,y\"\n"), &with(|o| o.quote = None)).unwrap();
    assert_eq!(unquoted.1, [some(&["\"x", "y\""])]);
    let nulls = with(|o| o.null_text = vec!["NULL".into(), "\\N".into()]);
    let nulls = read(bytes("a,b,c,d\nNULL,\\N,,\"NULL\"\n"), &nulls).unwrap();
    assert_eq!(nulls.1, [vec![None, None, Some(String::new()), Some("NULL".to_owned())]]);
    for options in [with(|o| o.delimiter = b'\n'), with(|o| o.quote = Some(b',')), with(|o| o.delimiter = 0xe9)] {
        assert_eq!(Reader::open(bytes("a"), &options).unwrap_err().kind(), ErrorKind::Usage);
    }
}

#[test]
fn errors_name_the_place() {
    let at = |line, byte_offset| Place { line, byte_offset };
    let fault = |input: &[u8]| read(bytes(input), &csv()).unwrap_err();
    assert!(matches!(fault(b"a,b\n\"1\n2\",3\n4\n"), TabularError::Ragged { line: 4, expected: 2, found: 1 }));
    assert!(matches!(fault(b"a,b\n1,2,\n"), TabularError::Ragged { line: 2, expected: 2, found: 3 }));
    assert!(matches!(fault(b"a,b\n1,\"2\n3\n"), TabularError::UnterminatedQuote { place } if place == at(2, 6)));
    assert!(matches!(fault(b"a,b\n1,\"2"), TabularError::UnterminatedQuote { place } if place == at(2, 6)));
    assert!(matches!(fault(b"a,b\n1,\"2\"x\n"), TabularError::TextAfterQuote { place } if place == at(2, 9)));
    assert!(matches!(fault(b"a,b\n1,\"2\"\rx\n"), TabularError::TextAfterQuote { place } if place == at(2, 9)));
    assert!(matches!(fault(b"\xef\xbb\xbfa,b\n1,2\n1,\x002\n"), TabularError::Nul { place } if place == at(3, 13)));
    assert!(matches!(fault(b"a,b\n1,\xff\n"), TabularError::NotUtf8 { place } if place == at(2, 6)));
    assert!(matches!(fault(b"a\xff,b\n"), TabularError::NotUtf8 { place } if place == at(1, 1)));
    assert!(matches!(fault(b"a,b,a\n"), TabularError::DuplicateColumn { first: 1, second: 3 }));
    assert!(matches!(fault(b"\xff\xfea\0"), TabularError::Utf16));
    for input in [&b"a,b\n1\n"[..], b"a\n\"", b"a,a\n", b"a\0"] {
        assert!(fault(input).is_input_fault());
    }
}

#[test]
fn errors_hold_no_cells() {
    for input in ["a,b\nsecret\n", "a,b\n1,\"secret\n", "a,b\n\"secret\"secret,1\n", "secret,secret\n", "a\nsecret\0\n"]
    {
        let error = read(bytes(input), &csv()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn caps() {
    let caps = Caps { row_bytes: 100, field_bytes: 40, columns: 8, ..Caps::default() };
    let options = |block_bytes| csv().with_caps(caps.clone()).with_block_bytes(block_bytes);
    let crossed = |input: &str, block_bytes| match read(bytes(input), &options(block_bytes)).unwrap_err() {
        TabularError::Limit { limit, place, .. } => (limit, place.unwrap().line),
        other => panic!("{other:?}"),
    };
    let cell = |n| "x".repeat(n);
    for block_bytes in [16, 4096] {
        let (long_cell, long_row) = (cell(41), [cell(36), cell(36), cell(36)].join(","));
        assert_eq!(crossed(&format!("a,b\n1,2\n{long_cell},1\n"), block_bytes), (Limit::FieldBytes, 3));
        assert_eq!(crossed(&format!("a,b,c\n1,2,3\n{long_row}\n"), block_bytes), (Limit::RowBytes, 3));
        assert_eq!(crossed("a,b,c,d,e,f,g,h,i\n", block_bytes), (Limit::Columns, 1));
        assert!(read(bytes(format!("a,b\n{},{}\n", cell(40), cell(40))), &options(block_bytes)).is_ok());
    }
}

#[test]
fn one_endless_row_is_refused_without_holding_it() {
    let gigabyte = Source::stream(std::io::Read::take(std::io::repeat(b'x'), 1 << 30));
    let caps = Caps { row_bytes: 1 << 20, ..Caps::default() };
    let error = read(gigabyte, &csv().with_caps(caps)).unwrap_err();
    assert!(matches!(error, TabularError::Limit { limit: Limit::RowBytes, .. }), "{error}");
    let columns = format!("{}\n", ",".repeat(99_999));
    let error = read(bytes(columns), &csv()).unwrap_err();
    assert!(matches!(error, TabularError::Limit { limit: Limit::Columns, allowed: 4_096, .. }), "{error}");
}

#[test]
fn projection() {
    let open = || Reader::open(bytes("a,b,c\n1,2,3\n4,5,6\n"), &csv()).unwrap();
    let mut reader = open();
    reader.project(&["c".into(), "a".into()]).unwrap();
    assert_eq!(drain(reader).unwrap(), (vec!["c".into(), "a".into()], vec![some(&["3", "1"]), some(&["6", "4"])]));
    let mut reader = open();
    reader.project(&[]).unwrap();
    assert_eq!(reader.map(|block| block.unwrap().rows()).sum::<usize>(), 2);
    let error = open().project(&[ColumnPath::new("d")]).unwrap_err();
    assert_eq!(error.to_string(), "column `d` does not exist; the input has 3 columns");
}

#[test]
fn a_block_may_outlive_the_next() {
    let input = format!("a\n{}", "a cell that does not fit a view\n".repeat(1000));
    let blocks: Vec<_> =
        Reader::open(bytes(input), &csv().with_block_bytes(256)).unwrap().map(Result::unwrap).collect();
    assert!(blocks.len() > 100);
    assert!(blocks.iter().flat_map(cells).all(|row| row == some(&["a cell that does not fit a view"])));
}

fn written(rows: &[Vec<Cell>], terminator: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(terminator).flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| cell.as_deref().unwrap_or_default())).unwrap();
    }
    writer.into_inner().unwrap()
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof![
        4 => "[a-z0-9 ]{0,5}",
        2 => "[a-zé,\"\r\n' ]{0,20}",
        1 => "[ -~]{0,80}",
        1 => any::<String>().prop_map(|text| text.replace('\0', "")),
    ];
    (1..6usize).prop_flat_map(move |columns| {
        proptest::collection::vec(proptest::collection::vec(cell.clone(), columns), 0..40)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any table, however it is cut into pieces and blocks, reads as the `csv` crate reads it.
    #[test]
    fn agrees_with_the_csv_crate(
        rows in table(),
        crlf in any::<bool>(),
        pieces in proptest::collection::vec(1..200usize, 1..8),
        block_bytes in 16..600usize,
    ) {
        let as_cells: Vec<Vec<Cell>> = rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect();
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let input = written(&as_cells, terminator);
        let mut theirs = csv::ReaderBuilder::new().has_headers(false).terminator(terminator).from_reader(input.as_slice());
        let theirs: Vec<Vec<String>> =
            theirs.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
        let options = with(|o| (o.header, o.null_text) = (false, vec![])).with_block_bytes(block_bytes);
        let (_, ours) = read(Source::stream(Pieces::new(input.clone(), pieces)), &options).unwrap();
        let ours: Vec<Vec<String>> = ours.into_iter().map(|row| row.into_iter().map(Option::unwrap).collect()).collect();
        prop_assert_eq!(ours, theirs);
    }

    /// Any bytes give the same answer however they are cut into pieces, and never a panic.
    #[test]
    fn any_bytes_any_pieces(
        input in "[a-c,\"\r\n\u{feff}é]{0,120}",
        pieces in proptest::collection::vec(1..40usize, 1..8),
        block_bytes in 16..200usize,
    ) {
        let options = csv().with_block_bytes(block_bytes);
        let whole = read(bytes(input.clone()), &options).map_err(|error| error.to_string());
        let cut = read(Source::stream(Pieces::new(input.clone().into_bytes(), pieces)), &options);
        prop_assert_eq!(&whole, &cut.map_err(|error| error.to_string()));
        // The size of a block decides which of two faults is met first, never whether there is one.
        let large = read(bytes(input), &csv());
        prop_assert_eq!(whole.is_ok(), large.is_ok());
        if let (Ok(small), Ok(large)) = (whole, large) {
            prop_assert_eq!(small, large);
        }
    }

    /// What is written reads back, NULL and empty text told apart, and the same twice.
    #[test]
    fn a_written_table_reads_back(
        rows in table(),
        nulls in proptest::collection::vec(any::<bool>(), 8),
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t'), Just(b'|')],
    ) {
        prop_assume!(!rows.is_empty());
        let mut next = nulls.iter().cycle();
        let rows: Vec<Vec<Cell>> = rows.iter()
            .map(|row| row.iter().map(|cell| (!next.next().unwrap()).then(|| cell.clone())).collect())
            .collect();
        let header: Vec<Vec<Cell>> = vec![(0..rows[0].len()).map(|i| Some(format!("h{i}"))).collect()];
        let json: Vec<serde_json::Value> = rows.iter()
            .map(|row| row.iter().enumerate().map(|(i, cell)| (format!("h{i}"), serde_json::Value::from(cell.clone()))).collect())
            .collect();
        let lines: String = json.iter().map(|row| format!("{row}\n")).collect();
        let mut reader = Reader::open(bytes(lines), &support::json_lines()).unwrap();
        let paths: Vec<ColumnPath> = header[0].iter().flatten().map(ColumnPath::new).collect();
        reader.project(&paths).unwrap();
        let format = Format::Csv(CsvOptions { delimiter, ..CsvOptions::default() });
        let mut options = WriteOptions::new(format.clone());
        options.neutralise_formulas = false;
        let mut writer = Writer::new(Vec::new(), &options, reader.schema()).unwrap();
        for block in reader {
            writer.write(&block.unwrap().batch).unwrap();
        }
        let output = writer.finish().unwrap();
        let (_, read_back) = read(bytes(output), &ReadOptions::new(format)).unwrap();
        prop_assert_eq!(read_back, rows);
    }
}

#[test]
fn formulas_are_neutralised_and_numbers_are_not() {
    let reader = Reader::open(bytes("a,b\n=1+1,-12.5\n\"@x,y\",＝1\n"), &csv()).unwrap();
    assert_eq!(names(&reader), ["a", "b"]);
    let options = WriteOptions::new(Format::Csv(CsvOptions::default()));
    let mut writer = Writer::new(Vec::new(), &options, reader.schema()).unwrap();
    for block in reader {
        writer.write(&block.unwrap().batch).unwrap();
    }
    let output = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(output, "a,b\n'=1+1,-12.5\n\"'@x,y\",'＝1\n");
}
