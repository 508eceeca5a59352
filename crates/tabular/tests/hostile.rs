//! Bombs, truncation and failing sources.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::io::{Cursor, Read};

use sluice_tabular::{Caps, Compression, ErrorKind, Limit, Source, TabularError, spool};
use support::{Failing, bytes, csv, gzip, json_lines, read, zstd};

const TABLE: &str = "id,name\n1,\"a,b\"\n2,Müller\n3,\"x\"\"y\"\n";
const LINES: &str = "{\"id\":1,\"n\":{\"a\":\"x\\ny\"}}\n{\"id\":2,\"n\":[1,true]}\n";

#[test]
fn every_truncation_is_a_table_or_an_input_fault() {
    for (whole, options) in [(TABLE, csv()), (LINES, json_lines())] {
        let table = read(bytes(whole), &options).unwrap();
        for cut in 0..whole.len() {
            if let Err(error) = read(bytes(&whole.as_bytes()[..cut]), &options) {
                assert!(error.is_input_fault(), "{cut}: {error:?}");
            }
        }
        for packed in [gzip(whole.as_bytes()), zstd(whole.as_bytes())] {
            assert_eq!(read(bytes(packed.clone()), &options).unwrap(), table);
            // Shorter than its magic it is text.
            for cut in 4..packed.len() {
                let error = read(bytes(&packed[..cut]), &options).unwrap_err();
                assert!(matches!(error, TabularError::Compression { .. }), "{cut}: {error:?}");
            }
        }
    }
}

#[test]
fn every_flipped_byte_of_a_compressed_table_is_caught() {
    let packed = zstd(TABLE.as_bytes());
    let table = read(bytes(TABLE), &csv()).unwrap();
    for at in 0..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 0x40;
        match read(bytes(damaged), &csv()) {
            Ok(read) => assert_eq!(read, table, "byte {at}"),
            Err(error) => assert!(error.is_input_fault(), "byte {at}: {error:?}"),
        }
    }
}

#[test]
fn members_and_frames_follow_each_other_but_nothing_else_does() {
    let (head, tail) = TABLE.split_at(10);
    for pack in [gzip, zstd] {
        let joined = [pack(head.as_bytes()), pack(tail.as_bytes())].concat();
        assert_eq!(read(bytes(joined.clone()), &csv()).unwrap(), read(bytes(TABLE), &csv()).unwrap());
        let error = read(bytes([joined, b"garbage".to_vec()].concat()), &csv()).unwrap_err();
        assert!(matches!(error, TabularError::Compression { .. }), "{error:?}");
    }
    let chosen = csv().with_compression(Compression::Gzip);
    assert!(matches!(read(bytes(TABLE), &chosen).unwrap_err(), TabularError::Compression { codec: "gzip", .. }));
    assert_eq!(read(bytes(""), &chosen).unwrap().1.len(), 0);
}

fn bomb(codec: &str) -> Vec<u8> {
    let row = "a,b\n".repeat(1 << 18);
    let rows = Read::take(Cursor::new(row.clone()), row.len() as u64);
    let mut out = Vec::new();
    match codec {
        "gzip" => {
            let mut packer = flate2::read::GzEncoder::new(rows.chain(Cursor::new(row)), flate2::Compression::best());
            packer.read_to_end(&mut out).unwrap();
        }
        _ => out = zstd::encode_all(rows.chain(Cursor::new(row)), 3).unwrap(),
    }
    out
}

#[test]
fn bombs_are_stopped_by_ratio_and_by_size() {
    for codec in ["gzip", "zstd"] {
        let packed = bomb(codec);
        assert_eq!(read(bytes(packed.clone()), &csv()).unwrap().1.len(), (1 << 19) - 1);
        let ratio = Caps { ratio: 50, ratio_floor_bytes: 1 << 16, ..Caps::default() };
        let error = read(bytes(packed.clone()), &csv().with_caps(ratio)).unwrap_err();
        assert!(matches!(error, TabularError::Limit { limit: Limit::Ratio, allowed: 50, .. }), "{error:?}");
        let size = Caps { inflated_bytes: 1 << 20, ..Caps::default() };
        let error = read(bytes(packed), &csv().with_caps(size)).unwrap_err();
        assert!(matches!(error, TabularError::Limit { limit: Limit::InflatedBytes, .. }), "{error:?}");
    }
}

#[test]
fn a_failing_source_is_no_bad_table() {
    for pack in [|bytes: &[u8]| bytes.to_vec(), gzip, zstd] {
        let packed = pack(TABLE.as_bytes());
        for cut in 0..packed.len() {
            let source = Source::stream(Failing(Cursor::new(packed[..cut].to_vec())));
            let error = read(source, &csv()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{cut}: {error:?}");
            assert!(!error.is_input_fault());
            let TabularError::Read { source } = error else { panic!("{cut}") };
            assert_eq!(source.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn spooling_is_capped_and_leaves_no_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = spool(Cursor::new(TABLE), directory.path(), 1 << 20).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    assert_eq!(read(file, &csv()).unwrap(), read(bytes(TABLE), &csv()).unwrap());
    let error = spool(Cursor::new(TABLE), directory.path(), 10).unwrap_err();
    assert!(matches!(error, TabularError::Limit { limit: Limit::SpoolBytes, allowed: 10, .. }));
    let failing = Failing(Cursor::new(Vec::new()));
    assert_eq!(spool(failing, directory.path(), 10).unwrap_err().kind(), ErrorKind::Io);
}
