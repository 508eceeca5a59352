//! Rows in the order of `ListObjectVersions`, on disk: keys in UTF-8 order, the versions of a key newest first.
//!
//! Runs that fit into memory are sorted and written one after the other, then merged into one file of which every thousandth
//! place is remembered.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sluice_common::ObjectKey;
use sluice_common::port::{ListCursor, VersionEntry, VersionPage};

use crate::error::InventoryError;

/// Rows of a page, as S3 gives them.
const PAGE_ROWS: usize = 1000;

/// Bytes of rows that are sorted at once.
const RUN_BYTES: usize = 16 << 20;

/// What a row costs beside its texts.
const ROW_BYTES: usize = 160;

/// Runs that are merged at once; an inventory of more is merged in rounds.
const MAX_RUNS: usize = 64;

/// Where a row stands in the order.
fn compare(left: &VersionEntry, right: &VersionEntry) -> Ordering {
    let place = |row: &VersionEntry| (!row.is_latest, Reverse(row.last_modified), !row.is_delete_marker);
    let by_key = left.key.as_str().cmp(right.key.as_str());
    by_key.then_with(|| place(left).cmp(&place(right))).then_with(|| left.version_id.cmp(&right.version_id))
}

/// Sorts rows.
#[derive(Debug)]
pub struct Sorter {
    directory: PathBuf,
    run: Vec<VersionEntry>,
    run_bytes: usize,
    runs: Vec<File>,
}

impl Sorter {
    /// A sorter that writes into a directory for temporary files.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn new(directory: &Path) -> Result<Self, InventoryError> {
        tempfile::tempfile_in(directory)?;
        Ok(Self { directory: directory.to_owned(), run: Vec::new(), run_bytes: 0, runs: Vec::new() })
    }

    /// Takes a row.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn push(&mut self, row: VersionEntry) -> Result<(), InventoryError> {
        self.run_bytes += ROW_BYTES + row.key.as_str().len() + row.version_id.len() + row.etag.len();
        self.run.push(row);
        if self.run_bytes > RUN_BYTES { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<(), InventoryError> {
        let mut run = std::mem::take(&mut self.run);
        self.run_bytes = 0;
        run.sort_unstable_by(compare);
        let mut out = BufWriter::new(tempfile::tempfile_in(&self.directory)?);
        for row in &run {
            write_row(&mut out, row)?;
        }
        self.runs.push(rewound(out)?);
        if self.runs.len() >= MAX_RUNS {
            let merged = self.merge(|_, _| {})?;
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Merges all runs into one, telling each row's offset.
    fn merge(&mut self, mut tell: impl FnMut(&VersionEntry, u64)) -> Result<File, InventoryError> {
        let mut readers: Vec<BufReader<File>> =
            std::mem::take(&mut self.runs).into_iter().map(BufReader::new).collect();
        let mut heads = BinaryHeap::new();
        for (run, reader) in readers.iter_mut().enumerate() {
            heads.extend(read_row(reader)?.map(|row| Reverse(Head { row, run })));
        }
        let mut out = BufWriter::new(tempfile::tempfile_in(&self.directory)?);
        let mut offset = 0;
        while let Some(Reverse(Head { row, run })) = heads.pop() {
            tell(&row, offset);
            offset += write_row(&mut out, &row)?;
            if let Some(reader) = readers.get_mut(run) {
                heads.extend(read_row(reader)?.map(|row| Reverse(Head { row, run })));
            }
        }
        rewound(out)
    }

    /// All rows in order.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn finish(mut self) -> Result<Sorted, InventoryError> {
        self.spill()?;
        let (mut places, mut rows) = (Vec::new(), 0_usize);
        let file = self.merge(|row, offset| {
            if rows.is_multiple_of(PAGE_ROWS) {
                places.push((row.key.as_str().to_owned(), offset));
            }
            rows += 1;
        })?;
        Ok(Sorted { places, file: Mutex::new(BufReader::new(file)) })
    }
}

/// The next row of a run.
#[derive(PartialEq, Eq)]
struct Head {
    row: VersionEntry,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.row, &other.row).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Rows in order.
#[derive(Debug)]
pub struct Sorted {
    /// Every thousandth row's key and offset.
    places: Vec<(String, u64)>,
    file: Mutex<BufReader<File>>,
}

impl Sorted {
    /// The rows under a prefix behind a cursor: behind its version, or behind all versions of its key.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn page(&self, prefix: &str, from: Option<&ListCursor>) -> io::Result<VersionPage> {
        let first = from.map_or(prefix, |from| from.key_marker.as_str().max(prefix));
        // The last place before the first key that may count: its key may begin before that place.
        let place = self.places.partition_point(|(key, _)| key.as_str() < first).saturating_sub(1);
        let offset = self.places.get(place).map_or(0, |(_, offset)| *offset);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        let mut page = VersionPage::default();
        let mut is_behind = from.is_none_or(|from| from.version_id_marker.is_none());
        while let Some(row) = read_row(&mut *file)? {
            let key = row.key.as_str();
            if let Some(from) = from {
                match key.cmp(from.key_marker.as_str()) {
                    Ordering::Less => continue,
                    Ordering::Equal if from.version_id_marker.is_none() => continue,
                    Ordering::Equal if !is_behind => {
                        is_behind = from.version_id_marker.as_deref() == Some(row.version_id.as_str());
                        continue;
                    }
                    Ordering::Equal | Ordering::Greater => {}
                }
            }
            if !key.starts_with(prefix) {
                if key < prefix {
                    continue;
                }
                break;
            }
            if page.entries.len() == PAGE_ROWS {
                page.next = page.entries.last().map(|last| ListCursor {
                    key_marker: last.key.as_str().to_owned(),
                    version_id_marker: Some(last.version_id.clone()),
                });
                break;
            }
            page.entries.push(row);
        }
        Ok(page)
    }
}

fn rewound(out: BufWriter<File>) -> Result<File, InventoryError> {
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// Writes a row and returns its length.
fn write_row(out: &mut impl Write, row: &VersionEntry) -> io::Result<u64> {
    let flags = u8::from(row.is_latest) | (u8::from(row.is_delete_marker) << 1);
    let mut bytes = Vec::with_capacity(ROW_BYTES);
    bytes.push(flags);
    bytes.extend(row.size_bytes.to_le_bytes());
    bytes.extend(row.last_modified.as_microsecond().to_le_bytes());
    for text in [row.key.as_str(), &row.version_id, &row.etag] {
        let length = u32::try_from(text.len()).map_err(|_too_long| io::ErrorKind::InvalidData)?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    out.write_all(&bytes)?;
    Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

fn read_row(input: &mut impl Read) -> io::Result<Option<VersionEntry>> {
    let mut flags = [0];
    if input.read(&mut flags)? == 0 {
        return Ok(None);
    }
    let [flags] = flags;
    let size_bytes = u64::from_le_bytes(array(input)?);
    let time = Timestamp::from_microsecond(i64::from_le_bytes(array(input)?));
    let (key, version_id, etag) = (text(input)?, text(input)?, text(input)?);
    Ok(Some(VersionEntry {
        key: ObjectKey::new(key).map_err(|_impossible| io::ErrorKind::InvalidData)?,
        version_id,
        is_latest: flags & 1 != 0,
        is_delete_marker: flags & 2 != 0,
        size_bytes,
        last_modified: time.map_err(|_impossible| io::ErrorKind::InvalidData)?,
        etag,
    }))
}

fn array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(input: &mut impl Read) -> io::Result<String> {
    let length = u32::from_le_bytes(array(input)?);
    let mut bytes = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_not_utf8| io::ErrorKind::InvalidData.into())
}
