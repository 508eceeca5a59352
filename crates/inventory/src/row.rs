//! Rows of data files as those of `ListObjectVersions`.

use std::fs::File;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use sluice_common::ObjectKey;
use sluice_common::port::VersionEntry;
use sluice_tabular::{ColumnPath, CsvOptions, Format, ReadOptions, Reader};

use crate::error::InventoryError;
use crate::manifest::{FileFormat, Manifest};

/// Version ids of objects that were written without versioning, as listings show them.
const NULL: &str = "null";

/// A column that is needed: its name in CSV and in Parquet.
struct Column(&'static str, &'static str);

const KEY: Column = Column("Key", "key");
const VERSION_ID: Column = Column("VersionId", "version_id");
const IS_LATEST: Column = Column("IsLatest", "is_latest");
const IS_DELETE_MARKER: Column = Column("IsDeleteMarker", "is_delete_marker");
const SIZE: Column = Column("Size", "size");
const LAST_MODIFIED: Column = Column("LastModifiedDate", "last_modified_date");
const ETAG: Column = Column("ETag", "e_tag");

const NEEDED: [Column; 7] = [KEY, VERSION_ID, IS_LATEST, IS_DELETE_MARKER, SIZE, LAST_MODIFIED, ETAG];

/// Hands over every row of a data file.
///
/// # Errors
/// When the file is malformed, lacks a column or says something impossible, or whoever takes the rows fails.
pub fn read_all(
    file: File,
    manifest: &Manifest,
    mut take: impl FnMut(VersionEntry) -> Result<(), InventoryError>,
) -> Result<(), InventoryError> {
    let format = match manifest.format {
        FileFormat::Csv => Format::Csv(CsvOptions { header: false, ..CsvOptions::default() }),
        FileFormat::Parquet => Format::Parquet,
    };
    let mut reader = Reader::open(file, &ReadOptions::new(format))?;
    let columns: Vec<ColumnPath> = NEEDED.iter().map(|column| name(column, manifest)).collect::<Result<_, _>>()?;
    // An empty file has no columns to choose from.
    if !reader.schema().fields().is_empty() {
        reader.project(&columns)?;
    }
    for block in reader {
        let batch = block?.batch;
        for at in 0..batch.num_rows() {
            take(Row { batch: &batch, at, is_encoded: manifest.format == FileFormat::Csv }.entry()?)?;
        }
    }
    Ok(())
}

/// The column as the reader names it.
fn name(column: &Column, manifest: &Manifest) -> Result<ColumnPath, InventoryError> {
    let Column(csv, parquet) = column;
    match manifest.format {
        FileFormat::Parquet => Ok(ColumnPath::from(*parquet)),
        FileFormat::Csv => {
            let at = manifest.columns.iter().position(|known| known == csv);
            let missing = InventoryError::Row("a column is missing: list all versions, with size, time and ETag");
            at.map(|at| ColumnPath::from(format!("col_{at}").as_str())).ok_or(missing)
        }
    }
}

/// A row of a batch whose columns are those of [`NEEDED`].
struct Row<'a> {
    batch: &'a RecordBatch,
    at: usize,
    is_encoded: bool,
}

impl Row<'_> {
    fn entry(&self) -> Result<VersionEntry, InventoryError> {
        let key = self.text(0).ok_or(InventoryError::Row("a row has no key"))?;
        let key = if self.is_encoded { decode(key)? } else { key.to_owned() };
        let version_id = self.text(1).filter(|id| !id.is_empty()).unwrap_or(NULL).to_owned();
        let is_delete_marker = self.flag(3);
        Ok(VersionEntry {
            key: ObjectKey::new(key).map_err(|_impossible| InventoryError::Row("a key is empty or too long"))?,
            version_id,
            // Without versions every object is the latest of its key.
            is_latest: self.flag(2).unwrap_or(true),
            is_delete_marker: is_delete_marker.unwrap_or(false),
            size_bytes: self.number(4)?,
            last_modified: self.time(5)?,
            etag: format!("\"{}\"", self.text(6).unwrap_or_default().trim_matches('"')),
        })
    }

    fn column(&self, index: usize) -> Option<&ArrayRef> {
        self.batch.columns().get(index).filter(|column| column.is_valid(self.at))
    }

    fn text(&self, index: usize) -> Option<&str> {
        let column = self.column(index)?;
        column.as_string_view_opt().map(|texts| texts.value(self.at))
    }

    fn flag(&self, index: usize) -> Option<bool> {
        if let Some(flags) = self.column(index)?.as_boolean_opt() {
            return Some(flags.value(self.at));
        }
        self.text(index).and_then(|text| text.parse().ok())
    }

    /// A delete marker has no size.
    fn number(&self, index: usize) -> Result<u64, InventoryError> {
        let impossible = || InventoryError::Row("a size is no number");
        let Some(column) = self.column(index) else { return Ok(0) };
        if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            return u64::try_from(numbers.value(self.at)).map_err(|_negative| impossible());
        }
        match self.text(index) {
            None | Some("") => Ok(0),
            Some(text) => text.parse().map_err(|_not_a_number| impossible()),
        }
    }

    fn time(&self, index: usize) -> Result<Timestamp, InventoryError> {
        let impossible = || InventoryError::Row("a time is none");
        let column = self.column(index).ok_or_else(impossible)?;
        let time = if let Some(times) = column.as_primitive_opt::<TimestampMillisecondType>() {
            Timestamp::from_millisecond(times.value(self.at)).ok()
        } else if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            Timestamp::from_microsecond(times.value(self.at)).ok()
        } else if let Some(times) = column.as_primitive_opt::<Int64Type>() {
            Timestamp::from_millisecond(times.value(self.at)).ok()
        } else {
            self.text(index).and_then(|text| text.parse().ok())
        };
        time.ok_or_else(impossible)
    }
}

/// Keys in CSV are encoded as in forms, where a space is `+` and a plus `%2B`.
fn decode(key: &str) -> Result<String, InventoryError> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(String::from).map_err(|_not_utf8| InventoryError::Row("a key is not UTF-8"))
}
