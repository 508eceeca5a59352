//! Which rows of a column are not NULL, read from its definition levels alone: they stand at the beginning of each page, so
//! that the values after them are neither decompressed nor decoded.
//! <https://parquet.apache.org/docs/file-format/data-pages/>

use std::io::{BufReader, Read};

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

use crate::error::TabularError;
use crate::parquet::chunks::{At, Chunks};
use crate::parquet::guard::{column_range, damaged, page_at};
use crate::parquet::thrift::{NotThrift, Thrift, Wire};

/// Bytes of a page that are read at once: levels take some KiB.
const BUFFER_BYTES: usize = 16 << 10;

/// The deprecated encoding of levels, by its number in `parquet.thrift`.
const BIT_PACKED: i64 = 4;

/// The definition levels of one column of a row group.
pub(crate) struct Presence {
    chunks: Chunks,
    at: u64,
    end: u64,
    is_compressed: bool,
    /// Whether rows can be NULL at all.
    is_optional: bool,
    levels: Levels,
    left_in_page: usize,
}

impl Presence {
    /// Whether the column can be read so: neither nested nor repeated, and in a codec that gives the beginning of a page
    /// for less than the whole.
    pub(crate) fn can_read(column: &ColumnChunkMetaData) -> bool {
        let described = column.column_descr();
        described.max_rep_level() == 0
            && described.max_def_level() <= 1
            && matches!(column.compression(), Compression::UNCOMPRESSED | Compression::ZSTD(_))
    }

    pub(crate) fn open(column: &ColumnChunkMetaData, chunks: &Chunks) -> Result<Self, TabularError> {
        let (at, end) = column_range(column, chunks)?;
        Ok(Self {
            chunks: chunks.clone(),
            at,
            end,
            is_compressed: column.compression() != Compression::UNCOMPRESSED,
            is_optional: column.column_descr().max_def_level() > 0,
            levels: Levels::default(),
            left_in_page: 0,
        })
    }

    /// Which of the next rows are not NULL.
    pub(crate) fn next_rows(&mut self, rows: usize) -> Result<BooleanBuffer, TabularError> {
        if !self.is_optional {
            return Ok(BooleanBuffer::new_set(rows));
        }
        let mut present = BooleanBufferBuilder::new(rows);
        while present.len() < rows {
            if self.left_in_page == 0 {
                self.open_page()?;
                continue;
            }
            let part = self.left_in_page.min(rows - present.len());
            self.levels
                .append(part, &mut present)
                .map_err(|NotLevels| damaged("the levels of a column are damaged"))?;
            self.left_in_page -= part;
        }
        Ok(present.finish())
    }

    fn open_page(&mut self) -> Result<(), TabularError> {
        if self.at >= self.end {
            return Err(damaged("a column has fewer rows than its row group"));
        }
        let (page, header) = page_at(&self.chunks, self.at, self.end)?;
        let data = data_page_of(&header).map_err(|NotThrift| damaged("a page header is damaged"))?;
        let start = self.at.saturating_add(page.header);
        self.at = start.saturating_add(page.stored);
        let Some(data) = data else { return Ok(()) };
        let failed = |error: std::io::Error| match self.chunks.fault.take() {
            Some(source) => TabularError::Read { source },
            None => damaged(&format!("a page cannot be decompressed: {error}")),
        };
        self.left_in_page = data.rows;
        let stored = At::new(&self.chunks, start).take(page.stored);
        self.levels = match data.levels {
            DataLevels::Apart { repetition, definition } => {
                let mut levels = BufReader::with_capacity(BUFFER_BYTES, stored);
                std::io::copy(&mut (&mut levels).take(repetition), &mut std::io::sink()).map_err(failed)?;
                Levels::hybrid(read_exactly(levels, definition).map_err(failed)?)
            }
            DataLevels::Inside { is_packed } => {
                let mut page_bytes = self.inflate(stored).map_err(failed)?;
                let length = if is_packed {
                    data.rows.div_ceil(8) as u64
                } else {
                    let mut length = [0; 4];
                    page_bytes.read_exact(&mut length).map_err(failed)?;
                    u32::from_le_bytes(length).into()
                };
                if length > page.inflated {
                    return Err(damaged("the levels of a page are longer than it"));
                }
                let bytes = read_exactly(page_bytes, length).map_err(failed)?;
                if is_packed { Levels::packed(bytes) } else { Levels::hybrid(bytes) }
            }
        };
        Ok(())
    }

    fn inflate<'r>(&self, stored: impl Read + 'r) -> std::io::Result<Box<dyn Read + 'r>> {
        let stored = BufReader::with_capacity(BUFFER_BYTES, stored);
        Ok(if self.is_compressed {
            Box::new(zstd::stream::read::Decoder::with_buffer(stored)?)
        } else {
            Box::new(stored)
        })
    }
}

fn read_exactly(input: impl Read, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

/// What a data page's header says of its rows and their levels.
struct DataPage {
    rows: usize,
    levels: DataLevels,
}

enum DataLevels {
    /// In front of what is compressed, after those of repetition (version 2); lengths in bytes.
    Apart { repetition: u64, definition: u64 },
    /// The first of what is compressed (version 1), in the deprecated encoding when `is_packed`.
    Inside { is_packed: bool },
}

/// Fields 5, `DataPageHeader`, and 8, `DataPageHeaderV2`, of a `PageHeader`; `None` for other pages.
fn data_page_of(header: &[u8]) -> Result<Option<DataPage>, NotThrift> {
    let mut thrift = Thrift::new(header);
    let mut last = 0;
    while let Some((id, wire)) = thrift.field(last)? {
        match (id, wire) {
            (5, Wire::Struct) => {
                let [rows, _, definition_encoding, ..] = integers(&mut thrift)?;
                let is_packed = definition_encoding == BIT_PACKED;
                return Ok(Some(DataPage { rows: usize::try_from(rows)?, levels: DataLevels::Inside { is_packed } }));
            }
            (8, Wire::Struct) => {
                let [rows, _, _, _, definition, repetition] = integers(&mut thrift)?;
                let (repetition, definition) = (u64::try_from(repetition)?, u64::try_from(definition)?);
                return Ok(Some(DataPage {
                    rows: usize::try_from(rows)?,
                    levels: DataLevels::Apart { repetition, definition },
                }));
            }
            _ => thrift.skip(wire)?,
        }
        last = id;
    }
    Ok(None)
}

/// The first six fields of a struct, as far as they are integers.
fn integers(thrift: &mut Thrift<'_>) -> Result<[i64; 6], NotThrift> {
    let mut found = [0; 6];
    let mut last = 0;
    while let Some((id, wire)) = thrift.field(last)? {
        let place = usize::try_from(id - 1).ok().and_then(|index| found.get_mut(index));
        match (wire, place) {
            (Wire::Integer, Some(place)) => *place = thrift.integer()?,
            _ => thrift.skip(wire)?,
        }
        last = id;
    }
    Ok(found)
}

/// Levels that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NotLevels;

/// Levels of one bit each: runs of equal ones, and ones bit by bit
/// (<https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>).
#[derive(Debug, Default)]
struct Levels {
    bytes: Vec<u8>,
    /// Where the next run begins.
    next_run: usize,
    run: Run,
    left_in_run: usize,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    Equal(bool),
    /// From this bit on, the lowest of each byte first.
    Bits(usize),
}

impl Default for Run {
    fn default() -> Self {
        Self::Equal(false)
    }
}

impl Levels {
    fn hybrid(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Levels of the deprecated encoding, which has the highest bit of each byte first and no runs.
    fn packed(mut bytes: Vec<u8>) -> Self {
        for byte in &mut bytes {
            *byte = byte.reverse_bits();
        }
        let (next_run, left_in_run) = (bytes.len(), bytes.len() * 8);
        Self { bytes, next_run, run: Run::Bits(0), left_in_run }
    }

    /// Appends the next levels.
    fn append(&mut self, levels: usize, out: &mut BooleanBufferBuilder) -> Result<(), NotLevels> {
        let mut wanted = levels;
        while wanted > 0 {
            if self.left_in_run == 0 {
                self.open_run()?;
                continue;
            }
            let part = self.left_in_run.min(wanted);
            match &mut self.run {
                Run::Equal(level) => out.append_n(part, *level),
                Run::Bits(bit) => {
                    out.append_packed_range(*bit..*bit + part, &self.bytes);
                    *bit += part;
                }
            }
            self.left_in_run -= part;
            wanted -= part;
        }
        Ok(())
    }

    /// Reads the head of a run; each takes a byte at least, so that this ends.
    fn open_run(&mut self) -> Result<(), NotLevels> {
        let head = self.number()?;
        let length = usize::try_from(head >> 1).ok().ok_or(NotLevels)?;
        if head & 1 == 0 {
            let level = self.byte()?;
            self.run = Run::Equal(level == 1);
            self.left_in_run = length;
            return if level <= 1 { Ok(()) } else { Err(NotLevels) };
        }
        let bytes = length.min(self.bytes.len() - self.next_run);
        self.run = Run::Bits(self.next_run * 8);
        self.left_in_run = bytes * 8;
        self.next_run += bytes;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, NotLevels> {
        let byte = self.bytes.get(self.next_run).copied().ok_or(NotLevels)?;
        self.next_run += 1;
        Ok(byte)
    }

    /// An unsigned number of seven bits a byte.
    fn number(&mut self) -> Result<u64, NotLevels> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(NotLevels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(mut levels: Levels, count: usize) -> Result<Vec<bool>, NotLevels> {
        let mut out = BooleanBufferBuilder::new(0);
        levels.append(count / 2, &mut out)?;
        levels.append(count - count / 2, &mut out)?;
        Ok(out.finish().iter().collect())
    }

    #[test]
    fn runs_and_bits_follow_each_other() {
        // Three ones, eight bits, two zeros.
        let levels = Levels::hybrid(vec![6, 1, 3, 0b1010_0110, 4, 0]);
        let wanted = [true, true, true, false, true, true, false, false, true, false, true, false, false];
        assert_eq!(bits(levels, 13).unwrap(), wanted);
        assert_eq!(bits(Levels::packed(vec![0b1101_0000]), 5).unwrap(), [true, true, false, true, false]);
    }

    #[test]
    fn damaged_levels_are_refused() {
        for bytes in [vec![], vec![6], vec![6, 2], vec![0xff; 12], vec![3], vec![0, 1, 0, 1], vec![4, 1]] {
            assert_eq!(bits(Levels::hybrid(bytes.clone()), 3), Err(NotLevels), "{bytes:?}");
        }
    }
}
