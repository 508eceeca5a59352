//! Tables: every cell is counted once and where it stands, however the rows come.

#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail")]

use sluice_detect::{ColumnClass, Detector, Options, TableOptions, TableReport, VoteRule, scan_table};
use sluice_tabular::{CsvOptions, Format, ReadOptions, Reader, Source};
use std::io::Cursor;

fn scan(csv: String, block_bytes: usize) -> TableReport {
    let options = ReadOptions::new(Format::Csv(CsvOptions::default())).with_block_bytes(block_bytes);
    let reader = Reader::open(Source::stream(Cursor::new(csv)), &options).expect("a table");
    let detector = Detector::new(&Options::default()).expect("options");
    let kept = TableOptions { positions: 4, examples: 2 };
    scan_table(reader, &detector, kept, VoteRule::default()).expect("readable")
}

/// Rows of which few have an address, and names of which there are few: in blocks of any size the same rows are
/// named, the same cells counted, the same examples kept.
#[test]
fn rows_are_counted_across_blocks() {
    let names = ["Anna Smith", "José García", "Grace O'Neil", ""];
    let row = |number: usize| {
        let note = match number {
            511 | 512 | 1025 | 1300 | 1999 => format!("mail u{number}@example.org"),
            _ => format!("all good with {number}"),
        };
        format!("{note},{}\n", names[number % names.len()])
    };
    let csv = format!("note,full_name\n{}", (0..2000).map(row).collect::<String>());
    for block_bytes in [1 << 20, 4096, 100] {
        let report = scan(csv.clone(), block_bytes);
        let [note, name] = report.columns.as_slice() else { panic!("two columns") };
        assert_eq!((report.rows, note.cells, note.nulls, name.cells, name.nulls), (2000, 2000, 0, 1500, 500));
        let found = &note.found[0];
        assert_eq!((found.share.entity.as_str(), found.share.cells, found.counts), ("EMAIL_ADDRESS", 5, false));
        assert_eq!(found.trace.rows, [511, 512, 1025, 1300]);
        assert_eq!(found.trace.examples, ["u511@example.org", "u512@example.org"]);
        assert!(matches!(&name.class, ColumnClass::Of(share) if share.entity == "PERSON" && share.cells == 1500));
        assert_eq!(name.found[0].trace.rows, [0, 1, 2, 4]);
        assert_eq!(name.found[0].trace.examples, ["Anna Smith", "José García"]);
    }
}
