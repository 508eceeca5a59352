//! Arbitrary and damaged bytes through every reader and rewriter: an answer or an error, in bounded memory, never a panic.
#![allow(
    clippy::pedantic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its fixtures too"
)]

mod support;

use std::sync::{Arc, LazyLock};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;
use sluice_tabular::{
    Caps, ColumnPath, Compression, CsvOptions, ErrorKind, Format, ReadOptions, Reader, Rewriter, Source, TabularError,
    WriteOptions, Writer,
};
use support::{Pieces, gzip, zstd};

const CAPS: Caps = Caps {
    inflated_bytes: 1 << 18,
    ratio: 20,
    ratio_floor_bytes: 1 << 14,
    row_bytes: 1 << 11,
    field_bytes: 1 << 9,
    columns: 24,
    nesting: 6,
    elements: 64,
    footer_bytes: 1 << 14,
    page_bytes: 1 << 16,
};
const BLOCK_BYTES: usize = 256;
/// What the arrays of one block may take: views and offsets of cells that are as small as can be, or one Parquet batch.
const BLOCK_MEMORY_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy)]
enum Use {
    Read,
    Project,
    Rewrite,
}

fn formats() -> [Format; 4] {
    let odd = CsvOptions { delimiter: b';', quote: None, header: false, null_text: vec!["NULL".to_owned()] };
    [Format::Csv(CsvOptions::default()), Format::Csv(odd), Format::JsonLines, Format::Parquet]
}

fn options(format: &Format, how: Use) -> ReadOptions {
    let options = ReadOptions::new(format.clone()).with_caps(CAPS).with_block_bytes(BLOCK_BYTES);
    if matches!(how, Use::Rewrite) { options.rewritable() } else { options }
}

/// Reads to the end, and gives the rows.
fn drive(input: Vec<u8>, format: &Format, how: Use, pieces: &[usize]) -> Result<usize, TabularError> {
    let options = options(format, how);
    let source = match format {
        Format::Parquet => Source::Bytes(input.into()),
        _ => Source::stream(Pieces::new(input, pieces.to_vec())),
    };
    let mut reader = Reader::open(source, &options)?;
    if matches!(how, Use::Project) {
        let names: Vec<ColumnPath> =
            reader.schema().fields().iter().map(|field| field.name().as_str().into()).collect();
        reader.project(&names.into_iter().rev().take(2).collect::<Vec<_>>())?;
    }
    let mut rewriter = match how {
        Use::Rewrite => Some(Rewriter::new(Vec::new(), &WriteOptions::new(format.clone()), &reader, &[])?),
        Use::Read | Use::Project => None,
    };
    let mut rows = 0;
    for block in reader {
        let block = block?;
        let memory_bytes = block.batch.get_array_memory_size();
        assert!(memory_bytes <= BLOCK_MEMORY_BYTES, "a block of {memory_bytes} bytes");
        rows += block.rows();
        if let Some(rewriter) = &mut rewriter {
            rewriter.write(&block, &[], None)?;
        }
    }
    if let Some(rewriter) = rewriter {
        rewriter.finish()?;
    }
    Ok(rows)
}

/// Whatever comes, it is the input's fault, or the caller's who asked for what it does not have.
fn check(input: &[u8], pieces: &[usize]) {
    for format in formats() {
        for how in [Use::Read, Use::Project, Use::Rewrite] {
            if let Err(error) = drive(input.to_vec(), &format, how, pieces) {
                assert_ne!(error.kind(), ErrorKind::Io, "{format:?} {how:?}: {error:?}");
                assert!(error.to_string().chars().count() < 300, "{error}");
            }
        }
    }
}

const CSV: &str = "id,name,\"odd \"\"name\"\"\"\r\n1,\"a,b\nc\",x\n2,Müller,\n\n3,\"x\"\"y\",\"\"\n";
const LINES: &str = "{\"id\":1,\"n\":{\"a\":\"x\\ny\",\"b\":[1,{\"c\":null}]}}\n\
    {\"n\" : {\"b\":[],\"a\":\"\\ud83d\\ude00\"}, \"id\":-1.5e3}\n{\"id\":null,\"k.l\":true,\"k\":{\"m\":{}}}\n";

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let plain = [CSV.as_bytes().to_vec(), LINES.as_bytes().to_vec(), parquet()];
    let packed = plain.iter().flat_map(|seed| [gzip(seed), zstd(seed)]);
    plain.iter().cloned().chain(packed).collect()
});

fn parquet() -> Vec<u8> {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter((0..40).map(|i| (i % 7 != 0).then_some(i))));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..40).map(|i| format!("a name of row {}", i % 5))));
    let fields =
        vec![Arc::new(Field::new("x", DataType::Int64, true)), Arc::new(Field::new("y", DataType::Utf8, true))];
    let nested: ArrayRef = Arc::new(StructArray::new(fields.into(), vec![ids.clone(), names.clone()], None));
    let batch = RecordBatch::try_from_iter([("id", ids), ("name", names), ("nested", nested)]).unwrap();
    let mut writer = Writer::new(Vec::new(), &WriteOptions::new(Format::Parquet), batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap()
}

/// What happens to files.
#[derive(Debug, Clone)]
enum Damage {
    Flip {
        at: prop::sample::Index,
        bits: u8,
    },
    Cut {
        at: prop::sample::Index,
    },
    Insert {
        at: prop::sample::Index,
        bytes: Vec<u8>,
    },
    Repeat {
        at: prop::sample::Index,
        length: usize,
        times: usize,
    },
    /// The end of another file.
    Splice {
        at: prop::sample::Index,
        other: prop::sample::Index,
    },
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let hostile = prop::sample::select(vec![
        &b"\""[..],
        b"\n",
        b"\r\n",
        b"\0",
        b",",
        b"{",
        b"[[[[[[[[",
        b"\xff\xfe",
        b"\\u",
        b"PAR1",
    ]);
    prop_oneof![
        4 => (index(), 1u8..).prop_map(|(at, bits)| Damage::Flip { at, bits }),
        1 => index().prop_map(|at| Damage::Cut { at }),
        2 => (index(), hostile).prop_map(|(at, bytes)| Damage::Insert { at, bytes: bytes.to_vec() }),
        1 => (index(), 1usize..40, 2usize..200).prop_map(|(at, length, times)| Damage::Repeat { at, length, times }),
        1 => (index(), index()).prop_map(|(at, other)| Damage::Splice { at, other }),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &[Damage]) -> Vec<u8> {
    for one in damage {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match one {
            Damage::Flip { at, bits } => bytes[at.index(length)] ^= bits,
            Damage::Cut { at } => bytes.truncate(at.index(length)),
            Damage::Insert { at, bytes: more } => drop(bytes.splice(at.index(length)..at.index(length), more.clone())),
            Damage::Repeat { at, length: part, times } => {
                let at = at.index(length);
                let part = bytes[at..(at + part).min(length)].repeat(*times);
                drop(bytes.splice(at..at, part));
            }
            Damage::Splice { at, other } => {
                let other = other.get(SEEDS.as_slice());
                bytes.truncate(at.index(length));
                bytes.extend_from_slice(&other[at.index(other.len())..]);
            }
        }
    }
    bytes
}

#[test]
fn the_seeds_are_read_whole() {
    let formats = formats();
    for (seed, format, rows) in [(0, 0, 3), (1, 2, 3), (2, 3, 40), (3, 0, 3), (6, 2, 3), (8, 3, 40)] {
        for how in [Use::Read, Use::Project, Use::Rewrite] {
            assert_eq!(drive(SEEDS[seed].clone(), &formats[format], how, &[7]).unwrap(), rows, "seed {seed} {how:?}");
        }
    }
}

#[test]
fn what_crosses_a_cap_is_stopped() {
    let forced = |packed: Vec<u8>| drive(packed, &formats()[0], Use::Read, &[1 << 16]).unwrap_err().kind();
    assert_eq!(forced(gzip("a,b\n1,2\n".repeat(1 << 16).as_bytes())), ErrorKind::Limit);
    assert_eq!(forced(zstd("a,b\n1,2\n".repeat(1 << 16).as_bytes())), ErrorKind::Limit);
    assert_eq!(forced([&b"a\n"[..], &[b'x'; 1 << 12]].concat()), ErrorKind::Limit);
    assert_eq!(forced(",".repeat(64).into_bytes()), ErrorKind::Limit);
    let chosen = options(&Format::JsonLines, Use::Read).with_compression(Compression::Gzip);
    let damaged = Reader::open(Source::Bytes(LINES.into()), &chosen).map(|_| ()).unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes(input in prop::collection::vec(any::<u8>(), 0..600), pieces in prop::collection::vec(1usize..80, 1..4)) {
        check(&input, &pieces);
    }

    #[test]
    fn arbitrary_text_of_the_formats(
        input in "[\\[\\]{},;:\"'\\\\\r\n a-c0-2.eé\u{0}]{0,400}",
        pieces in prop::collection::vec(1usize..80, 1..4),
    ) {
        check(input.as_bytes(), &pieces);
    }

    #[test]
    fn damaged_files(
        seed in any::<prop::sample::Index>(),
        wounds in prop::collection::vec(damage(), 1..6),
        pieces in prop::collection::vec(1usize..80, 1..4),
    ) {
        check(&damaged(seed.get(SEEDS.as_slice()).clone(), &wounds), &pieces);
    }
}
