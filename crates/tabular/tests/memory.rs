//! Memory does not grow with the input. Alone in its process, so that no other test is measured with it.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::io::{self, Read};

use sluice_tabular::{Reader, Source};
use support::csv;

/// Bytes of the generated table.
const TABLE_BYTES: usize = 24 << 20;

/// The same rows again and again.
struct Rows {
    row: &'static [u8],
    left: usize,
    at: usize,
}

impl Read for Rows {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(self.left).min(self.row.len() - self.at);
        out[..n].copy_from_slice(&self.row[self.at..self.at + n]);
        self.at = (self.at + n) % self.row.len();
        self.left -= n;
        Ok(n)
    }
}

/// Resident memory of this process in bytes (`proc_pid_statm(5)`, pages of 4 KiB).
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn memory_does_not_grow_with_the_input() {
    let row = b"0123456789,\"quoted, text\",a cell that is longer than a view and says nothing at all\n";
    let source = Rows { row, left: TABLE_BYTES / row.len() * row.len(), at: 0 };
    let reader = Reader::open(Source::stream(source), &csv()).unwrap_or_else(|error| panic!("{error}"));
    let first = resident_bytes();
    let (mut rows, mut most) = (0, 0);
    for block in reader {
        rows += block.unwrap().rows();
        most = most.max(resident_bytes());
    }
    assert_eq!(rows, TABLE_BYTES / row.len() - 1);
    assert!(most < first + (12 << 20), "from {first} to {most} bytes");
}
