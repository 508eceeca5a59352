//! What the tests share.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{self, Read, Write};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use sluice_tabular::{Block, CsvOptions, Format, ReadOptions, Reader, Source, TabularError};

/// A cell, or NULL.
pub(crate) type Cell = Option<String>;

/// A source that returns pieces of the sizes of `pieces`, again and again.
pub(crate) struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    pieces: Vec<usize>,
    next: usize,
}

impl Pieces {
    pub(crate) fn new(bytes: Vec<u8>, pieces: Vec<usize>) -> Self {
        Self { bytes: io::Cursor::new(bytes), pieces, next: 0 }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.pieces[self.next % self.pieces.len()].clamp(1, out.len().max(1));
        self.next += 1;
        let size = size.min(out.len());
        self.bytes.read(&mut out[..size])
    }
}

/// A source that fails after some bytes.
pub(crate) struct Failing(pub(crate) io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::new(io::ErrorKind::ConnectionReset, "peer went away")),
            n => Ok(n),
        }
    }
}

pub(crate) fn csv() -> ReadOptions {
    ReadOptions::new(Format::Csv(CsvOptions::default()))
}

pub(crate) fn json_lines() -> ReadOptions {
    ReadOptions::new(Format::JsonLines)
}

pub(crate) fn bytes(data: impl Into<Vec<u8>>) -> Source {
    Source::Bytes(data.into().into())
}

/// The text cells of a block, row by row. Every array is validated.
pub(crate) fn cells(block: &Block) -> Vec<Vec<Cell>> {
    for column in block.batch.columns() {
        column.to_data().validate_full().unwrap();
    }
    let cell = |column: usize, row: usize| {
        let array = block.batch.column(column).as_string_view();
        array.is_valid(row).then(|| array.value(row).to_owned())
    };
    (0..block.rows()).map(|row| (0..block.batch.num_columns()).map(|column| cell(column, row)).collect()).collect()
}

/// Column names and rows.
pub(crate) type Table = (Vec<String>, Vec<Vec<Cell>>);

pub(crate) fn drain(reader: Reader) -> Result<Table, TabularError> {
    let mut rows = Vec::new();
    let mut names = names(&reader);
    for block in reader {
        let block = block?;
        assert_eq!(block.first_row, rows.len() as u64);
        names = block.batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
        rows.extend(cells(&block));
    }
    Ok((names, rows))
}

pub(crate) fn names(reader: &Reader) -> Vec<String> {
    reader.schema().fields().iter().map(|field| field.name().clone()).collect()
}

pub(crate) fn read(source: impl Into<Source>, options: &ReadOptions) -> Result<Table, TabularError> {
    drain(Reader::open(source, options)?)
}

pub(crate) fn some(cells: &[&str]) -> Vec<Cell> {
    cells.iter().map(|cell| Some((*cell).to_owned())).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
