//! A whole table scanned block by block: what each column holds, how sure that is, and where the first of it stands.

use crate::column::{ColumnClass, ColumnVote, EntityShare, VoteRule};
use crate::context::Place;
use crate::detector::Detector;
use crate::memo::CellMemo;
use crate::scan::{Finding, Scanner};
use crate::text::slice;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, DurationFormat, FormatOptions};
use arrow_schema::DataType;
use sluice_tabular::{Block, ColumnPath, Reader, TabularError};
use std::fmt::Write as _;

/// What is kept of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// Positions of rows kept for each entity of a column, the first ones.
    pub positions: usize,
    /// Values kept for each entity of a column, the first ones that differ. They are personal data: zero unless somebody
    /// who may see them asks.
    pub examples: usize,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { positions: 5, examples: 0 }
    }
}

/// Longest example kept, in bytes.
const MAX_EXAMPLE_BYTES: usize = 256;

/// A scan of a table.
#[derive(Debug)]
pub struct TableScan<'d> {
    detector: &'d Detector,
    scanner: Scanner<'d>,
    options: TableOptions,
    columns: Vec<ColumnScan>,
    rows: u64,
}

/// A scan of one column.
pub struct ColumnScan {
    name: String,
    place: Place,
    vote: ColumnVote,
    nulls: u64,
    memo: CellMemo,
    traces: Vec<(usize, String, Trace)>,
}

impl std::fmt::Debug for ColumnScan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ColumnScan({} cells)", self.vote.cells())
    }
}

/// Where an entity was found in a column.
#[derive(Clone, Default)]
pub struct Trace {
    /// The first rows, counted from 0.
    pub rows: Vec<u64>,
    /// The first values that differ, if examples were asked for.
    pub examples: Vec<String>,
}

impl std::fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Trace(rows {:?}, {} examples)", self.rows, self.examples.len())
    }
}

/// What was found in a table.
#[derive(Debug, Clone)]
pub struct TableReport {
    /// Rows scanned.
    pub rows: u64,
    /// The columns, in the table's order.
    pub columns: Vec<ColumnReport>,
}

/// What was found in a column.
#[derive(Debug, Clone)]
pub struct ColumnReport {
    /// Its name or path.
    pub name: String,
    /// Cells that are neither NULL nor empty.
    pub cells: u64,
    /// Cells that are NULL or empty.
    pub nulls: u64,
    /// What the vote says it is.
    pub class: ColumnClass,
    /// Every entity found, the largest share first.
    pub found: Vec<EntityFound>,
}

/// An entity in a column.
#[derive(Debug, Clone)]
pub struct EntityFound {
    /// How much of the column it takes.
    pub share: EntityShare,
    /// Whether the vote counts it.
    pub counts: bool,
    /// Where it stands first.
    pub trace: Trace,
}

impl<'d> TableScan<'d> {
    /// A scan that has seen nothing yet.
    pub fn new(detector: &'d Detector, options: TableOptions) -> Self {
        Self { detector, scanner: detector.scanner(), options, columns: Vec::new(), rows: 0 }
    }

    /// Scans the rows of a block. Columns may come up later, as those of JSON Lines do.
    ///
    /// # Errors
    /// A column whose values have no text.
    pub fn add(&mut self, block: &Block) -> Result<(), TabularError> {
        let schema = block.batch.schema();
        for (index, (field, array)) in schema.fields().iter().zip(block.batch.columns()).enumerate() {
            if self.columns.get(index).is_none_or(|column| column.name != *field.name()) {
                self.place_column(index, field.name());
            }
            if let Some(column) = self.columns.get_mut(index) {
                match elements(field.name(), array, block.first_row) {
                    Some((values, rows)) => column.add_of_rows(&mut self.scanner, &values, &rows, self.options)?,
                    None => column.add(&mut self.scanner, array, block.first_row, self.options)?,
                }
            }
        }
        self.rows = self.rows.max(block.first_row + u64::try_from(block.rows()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn place_column(&mut self, index: usize, name: &str) {
        let known = self.columns.iter().position(|column| column.name == name);
        let column = match known {
            Some(position) => self.columns.remove(position),
            None => ColumnScan::new(self.detector, name),
        };
        self.columns.insert(index.min(self.columns.len()), column);
    }

    /// What was found, judged by a rule.
    pub fn finish(self, rule: VoteRule) -> TableReport {
        TableReport { rows: self.rows, columns: self.columns.into_iter().map(|column| column.report(rule)).collect() }
    }
}

/// Scans every block of a table.
///
/// # Errors
/// What the reader finds wrong with the table.
pub fn scan_table(
    reader: Reader,
    detector: &Detector,
    options: TableOptions,
    rule: VoteRule,
) -> Result<TableReport, TabularError> {
    let mut scan = TableScan::new(detector, options);
    for block in reader {
        scan.add(&block?)?;
    }
    Ok(scan.finish(rule))
}

impl ColumnScan {
    /// A scan of the column at `path`: a header's name, or names of a nested path joined by dots, with `[*]` behind lists.
    pub fn new(detector: &Detector, path: &str) -> Self {
        let words = ColumnPath::from(path).without_list_steps();
        let place = detector.place(&words.split('.').collect::<Vec<_>>());
        Self {
            name: path.to_owned(),
            place,
            vote: ColumnVote::new(),
            nulls: 0,
            memo: CellMemo::default(),
            traces: Vec::new(),
        }
    }

    /// The vote so far.
    pub fn vote(&self) -> &ColumnVote {
        &self.vote
    }

    /// Scans an array of the column whose first row is the table's row `first_row`.
    ///
    /// # Errors
    /// Values that have no text.
    pub fn add(
        &mut self,
        scanner: &mut Scanner<'_>,
        array: &ArrayRef,
        first_row: u64,
        options: TableOptions,
    ) -> Result<(), TabularError> {
        self.add_at(scanner, array, |cell| first_row.saturating_add(cell), options)
    }

    /// As [`Self::add`], of values whose rows are told one by one.
    fn add_of_rows(
        &mut self,
        scanner: &mut Scanner<'_>,
        values: &ArrayRef,
        rows: &[u64],
        options: TableOptions,
    ) -> Result<(), TabularError> {
        let row_of = |cell| usize::try_from(cell).ok().and_then(|cell| rows.get(cell)).copied().unwrap_or_default();
        self.add_at(scanner, values, row_of, options)
    }

    fn add_at(
        &mut self,
        scanner: &mut Scanner<'_>,
        array: &ArrayRef,
        row_of: impl Fn(u64) -> u64,
        options: TableOptions,
    ) -> Result<(), TabularError> {
        for_each_cell(array, |position, content| {
            let cell = content.as_bytes();
            if cell.is_empty() {
                self.nulls += 1;
                return;
            }
            let key = self.memo.key_of(cell);
            let recalled = key.as_ref().and_then(|key| self.memo.recall(key));
            let to_note = key.filter(|_| recalled.is_none());
            let findings = match recalled {
                Some([]) => &[],
                Some(found) => scanner.recall(found),
                None => content.scan(scanner, &self.place),
            };
            if findings.is_empty() {
                self.vote.add_clear(1);
            } else {
                self.vote.add(cell, findings, &self.place);
                trace(&mut self.traces, findings, cell, row_of(position), options);
            }
            if let Some(key) = to_note {
                self.memo.note(key, findings.iter().map(Finding::raw).collect());
            }
        })
    }

    fn report(self, rule: VoteRule) -> ColumnReport {
        let trace_of = |entity: &str| self.traces.iter().find(|(_, name, _)| name == entity);
        let found = self.vote.shares().into_iter().map(|share| EntityFound {
            counts: share.counts(rule),
            trace: trace_of(&share.entity).map(|(.., trace)| trace.clone()).unwrap_or_default(),
            share,
        });
        ColumnReport {
            found: found.collect(),
            class: self.vote.class(rule),
            cells: self.vote.cells(),
            nulls: self.nulls,
            name: self.name,
        }
    }
}

fn trace(
    traces: &mut Vec<(usize, String, Trace)>,
    findings: &[Finding<'_>],
    cell: &[u8],
    row: u64,
    options: TableOptions,
) {
    for finding in findings {
        let position = traces.iter().position(|(number, ..)| *number == finding.number).unwrap_or_else(|| {
            traces.push((finding.number, finding.entity.to_owned(), Trace::default()));
            traces.len() - 1
        });
        let Some((.., trace)) = traces.get_mut(position) else { continue };
        if trace.rows.len() < options.positions && trace.rows.last() != Some(&row) {
            trace.rows.push(row);
        }
        if trace.examples.len() < options.examples {
            let text = String::from_utf8_lossy(cell);
            let value = slice(&text, finding.start, finding.end);
            if value.len() <= MAX_EXAMPLE_BYTES && !trace.examples.iter().any(|known| known == value) {
                trace.examples.push(value.to_owned());
            }
        }
    }
}

/// The values of a column whose path enters lists, and the row of each.
fn elements(name: &str, array: &ArrayRef, first_row: u64) -> Option<(ArrayRef, Vec<u64>)> {
    let list = array.as_list_opt::<i32>().filter(|_| ColumnPath::from(name).list().is_some())?;
    let (first, last) = (list.offsets().first(), list.offsets().last());
    let (first, last) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?);
    let rows = (first_row..).zip(list.offsets().lengths()).flat_map(|(row, length)| std::iter::repeat_n(row, length));
    Some((list.values().slice(first, last.saturating_sub(first)), rows.collect()))
}

/// What a cell holds.
#[derive(Clone, Copy)]
enum Content<'a> {
    /// What is known to be UTF-8.
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Content<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    #[inline]
    fn scan<'s, 'd>(self, scanner: &'s mut Scanner<'d>, place: &Place) -> &'s [Finding<'d>] {
        match self {
            Self::Text(text) => scanner.scan(text, place),
            Self::Bytes(bytes) => scanner.scan_bytes(bytes, place),
        }
    }
}

/// Hands over the text of each cell, an empty one for NULL. Truth values hold nothing personal by themselves.
fn for_each_cell(array: &ArrayRef, mut take: impl FnMut(u64, Content<'_>)) -> Result<(), TabularError> {
    match array.data_type() {
        DataType::Utf8View => each(array.as_string_view().iter().map(|cell| cell.map(Content::Text)), take),
        DataType::BinaryView => each(array.as_binary_view().iter().map(|cell| cell.map(Content::Bytes)), take),
        DataType::Utf8 => each(array.as_string::<i32>().iter().map(|cell| cell.map(Content::Text)), take),
        DataType::LargeUtf8 => each(array.as_string::<i64>().iter().map(|cell| cell.map(Content::Text)), take),
        DataType::Binary => each(array.as_binary::<i32>().iter().map(|cell| cell.map(Content::Bytes)), take),
        DataType::LargeBinary => each(array.as_binary::<i64>().iter().map(|cell| cell.map(Content::Bytes)), take),
        DataType::Boolean => each((0..array.len()).map(|_| None), take),
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            let mut text = String::new();
            for (row, value) in (0..).zip(values) {
                number(value, &mut text);
                take(row, Content::Text(&text));
            }
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            let mut text = String::new();
            for (row, value) in (0..).zip(values) {
                number(value.map(f64::from), &mut text);
                take(row, Content::Text(&text));
            }
        }
        _ => return each_formatted(array, take),
    }
    Ok(())
}

fn each<'a>(cells: impl Iterator<Item = Option<Content<'a>>>, mut take: impl FnMut(u64, Content<'_>)) {
    for (row, cell) in (0..).zip(cells) {
        take(row, cell.unwrap_or(Content::Text("")));
    }
}

/// Whole numbers without a point: a column of identifiers with gaps is often stored as floats.
fn number(value: Option<f64>, text: &mut String) {
    text.clear();
    if let Some(value) = value {
        // Writing to a string cannot fail.
        write!(text, "{value}").unwrap_or_default();
    }
}

fn each_formatted(array: &ArrayRef, mut take: impl FnMut(u64, Content<'_>)) -> Result<(), TabularError> {
    const FORMAT: FormatOptions<'static> =
        FormatOptions::new().with_display_error(false).with_duration_format(DurationFormat::ISO8601);
    let without_text = |problem: String| TabularError::Shape { problem };
    let formatter =
        ArrayFormatter::try_new(array.as_ref(), &FORMAT).map_err(|error| without_text(error.to_string()))?;
    let nulls = array.logical_nulls();
    let mut text = String::new();
    for (position, row) in (0..).zip(0..array.len()) {
        text.clear();
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        // A value that no calendar can show holds nothing that a pattern could find.
        if !is_null && write!(text, "{}", formatter.value(row)).is_err() {
            text.clear();
        }
        take(position, Content::Text(&text));
    }
    Ok(())
}
