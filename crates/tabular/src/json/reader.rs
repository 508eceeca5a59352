//! Reads JSON Lines in blocks of whole lines.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_schema::{Field, Schema, SchemaRef};

use crate::block::{Block, Origin, batch_of};
use crate::error::{Limit, Place, TabularError};
use crate::feed::Feed;
use crate::inflate::Inflated;
use crate::json::paths::Paths;
use crate::json::scan::{Cursor, Fault, Problem};
use crate::json::walk::{Column, Member, Walk};
use crate::options::{Caps, ReadOptions, TextType};
use crate::path::ColumnPath;
use crate::text::{check_utf8, line_feeds, place_in};

/// Streams a JSON Lines file.
#[derive(Debug)]
pub(crate) struct JsonReader {
    feed: Feed,
    caps: Caps,
    keep_lines: bool,
    text: TextType,
    paths: Paths,
    /// The column of `paths` behind each column of the batch; `None`: all, as they come up.
    projection: Option<Vec<usize>>,
    schema: SchemaRef,
    /// Whether some row had a value, if only null, for the column of this number.
    is_seen: Vec<bool>,
    /// Rows of the block before.
    last_rows: usize,
    next_row: u64,
}

/// The lines of a block and where the values of its columns are.
#[derive(Debug, Clone)]
pub(crate) struct SourceLines(Arc<Rows>);

#[derive(Debug)]
struct Rows {
    block: Buffer,
    /// Start and end of each line, its line feed not included.
    lines: Vec<(usize, usize)>,
    names: Vec<String>,
    members: Vec<Vec<Member>>,
}

impl SourceLines {
    /// The line of a row.
    pub(crate) fn line(&self, row: usize) -> (usize, usize) {
        self.0.lines.get(row).copied().unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.block.as_slice()
    }

    /// Where the values of a column are, row by row; later rows have none. `None`: no row of the block has one.
    pub(crate) fn members(&self, name: &str) -> Option<&[Member]> {
        let column = self.0.names.iter().position(|known| known == name)?;
        self.0.members.get(column).map(Vec::as_slice)
    }
}

/// What is kept of the lines.
#[derive(Debug, Clone, Copy)]
struct Keep {
    /// Where each value is.
    members: bool,
    /// Rows that there will be, about: room for them is made at once.
    expected_rows: usize,
}

/// The lines found in some bytes.
#[derive(Debug, Default)]
struct Parsed {
    lines: Vec<(usize, usize)>,
    columns: Vec<Column>,
}

impl JsonReader {
    /// Opens the input and finds the paths of its first block.
    pub(crate) fn open(input: Inflated, options: &ReadOptions) -> Result<Self, TabularError> {
        let mut reader = Self {
            feed: Feed::open(input, options)?,
            caps: options.caps.clone(),
            keep_lines: options.rewritable,
            text: options.text,
            paths: Paths::new(&[], true, options.caps.columns),
            projection: None,
            schema: Arc::new(Schema::empty()),
            is_seen: Vec::new(),
            last_rows: 0,
            next_row: 0,
        };
        reader.look_ahead()?;
        Ok(reader)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Reads only these paths.
    pub(crate) fn project(&mut self, asked: &[ColumnPath]) -> Result<(), TabularError> {
        self.paths = self.asked(asked, false)?;
        let columns = asked.iter().filter_map(|path| self.paths.column(path.as_str())).collect();
        self.projection = Some(columns);
        self.schema = schema_of(asked.iter().map(ColumnPath::as_str), self.text);
        Ok(())
    }

    /// Reads these paths first, and every other as it comes up.
    pub(crate) fn require(&mut self, asked: &[ColumnPath]) -> Result<(), TabularError> {
        self.paths = self.asked(asked, true)?;
        self.projection = None;
        self.look_ahead()
    }

    fn asked(&self, asked: &[ColumnPath], discover: bool) -> Result<Paths, TabularError> {
        let too_deep = |path: &&ColumnPath| path.as_str().matches('.').count() >= self.caps.nesting;
        if asked.iter().find(too_deep).is_some() {
            return Err(TabularError::Option {
                option: "projection",
                problem: "a path has more dots than levels of nesting are allowed",
            });
        }
        if asked.len() > self.caps.columns {
            return Err(TabularError::Option {
                option: "projection",
                problem: "has more paths than columns are allowed",
            });
        }
        let asked: Vec<&str> = asked.iter().map(ColumnPath::as_str).collect();
        Ok(Paths::new(&asked, discover, self.caps.columns))
    }

    pub(crate) fn set_text(&mut self, text: TextType) {
        self.text = text;
        let names: Vec<String> = self.schema.fields().iter().map(|field| field.name().clone()).collect();
        self.schema = schema_of(names.iter().map(String::as_str), text);
    }

    /// The paths asked for or found that no row had so far.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &str> {
        let unseen = |(column, _): &(usize, &String)| !self.is_seen.get(*column).is_some_and(|seen| *seen);
        self.paths.names().iter().enumerate().filter(unseen).map(|(_, name)| name.as_str())
    }

    /// Finds the paths of the block that comes next.
    fn look_ahead(&mut self) -> Result<(), TabularError> {
        if let Some(bytes) = self.load()? {
            let at = self.feed.at();
            let Self { feed, caps, paths, .. } = self;
            parse(feed.first(bytes), at, caps, paths, Keep { members: false, expected_rows: 0 })?;
        }
        self.schema = schema_of(self.paths.names().iter().map(String::as_str), self.text);
        Ok(())
    }

    /// The next rows, or `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, TabularError> {
        loop {
            let Some(bytes) = self.load()? else { return Ok(None) };
            let at = self.feed.at();
            let buffer = self.feed.give(bytes, line_feeds(self.feed.first(bytes)));
            // A block is as large as the one before; some room for shorter rows.
            let keep = Keep { members: self.keep_lines, expected_rows: self.last_rows + self.last_rows / 16 };
            let parsed = parse(buffer.as_slice(), at, &self.caps, &mut self.paths, keep)?;
            self.last_rows = parsed.lines.len();
            if !parsed.lines.is_empty() {
                return self.block(buffer, parsed).map(Some);
            }
        }
    }

    /// Bytes of the whole lines in the feed, which are UTF-8.
    fn load(&mut self) -> Result<Option<usize>, TabularError> {
        if !self.feed.fill_block()? {
            return Ok(None);
        }
        loop {
            if let Some(last) = memchr::memrchr(b'\n', self.feed.pending()) {
                check_utf8(self.feed.first(last + 1), self.feed.at())?;
                return Ok(Some(last + 1));
            }
            self.feed.fill_more()?;
        }
    }

    fn block(&mut self, buffer: Buffer, parsed: Parsed) -> Result<Block, TabularError> {
        let Parsed { lines, mut columns } = parsed;
        let rows = lines.len();
        columns.resize_with(self.paths.names().len(), Column::default);
        self.is_seen.resize(columns.len(), false);
        for (is_seen, column) in self.is_seen.iter_mut().zip(&columns) {
            *is_seen |= column.cells.len() > 0;
        }
        let buffers: Arc<[Buffer]> = [buffer.clone()].into();
        let mut members = Vec::new();
        let mut arrays = Vec::new();
        for mut column in columns {
            column.cells.pad(rows);
            arrays.push(column.cells.finish(self.text, &buffers)?);
            members.push(column.members);
        }
        if let Some(projection) = &self.projection {
            arrays = projection.iter().filter_map(|column| arrays.get(*column).cloned()).collect();
        } else if arrays.len() != self.schema.fields().len() {
            self.schema = schema_of(self.paths.names().iter().map(String::as_str), self.text);
        }
        let mut block = Block::new(batch_of(&self.schema, arrays, rows)?, self.next_row);
        if self.keep_lines {
            let names = self.paths.names().to_vec();
            block.origin = Origin::Lines(SourceLines(Arc::new(Rows { block: buffer, lines, names, members })));
        }
        self.next_row += rows as u64;
        Ok(block)
    }
}

/// Reads each line of `bytes`, which begin at `at`.
fn parse(bytes: &[u8], at: Place, caps: &Caps, paths: &mut Paths, keep: Keep) -> Result<Parsed, TabularError> {
    let Keep { members: keep_members, expected_rows } = keep;
    let mut parsed = Parsed { lines: Vec::with_capacity(expected_rows), columns: Vec::new() };
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        let (line_start, line_end) = (start, end);
        start = end + 1;
        if end - line_start > caps.row_bytes {
            let place = Some(place_in(bytes, line_start, at));
            return Err(TabularError::Limit { limit: Limit::RowBytes, allowed: caps.row_bytes as u64, place });
        }
        let mut cursor = Cursor { bytes, at: line_start, end: line_end };
        cursor.peek();
        if cursor.at == line_end {
            continue;
        }
        let row = parsed.lines.len();
        let columns = &mut parsed.columns;
        let (field_bytes, nesting) = (caps.field_bytes, caps.nesting);
        Walk { cursor, paths, columns, row, expected_rows, field_bytes, nesting, keep_members }
            .line()
            .map_err(|fault| explain(fault, bytes, at, caps))?;
        parsed.lines.push((line_start, line_end));
    }
    Ok(parsed)
}

fn explain(fault: Fault, bytes: &[u8], from: Place, caps: &Caps) -> TabularError {
    let place = place_in(bytes, fault.at, from);
    let crossed = |limit, allowed: usize| TabularError::Limit { limit, allowed: allowed as u64, place: Some(place) };
    match fault.problem {
        Problem::Syntax(_) if bytes.get(fault.at) == Some(&0) => TabularError::Nul { place },
        Problem::Syntax(problem) => TabularError::Json { place, problem },
        Problem::TooDeep => crossed(Limit::Nesting, caps.nesting),
        Problem::TooLong => crossed(Limit::FieldBytes, caps.field_bytes),
        Problem::TooManyPaths => crossed(Limit::Columns, caps.columns),
        Problem::Ambiguous => TabularError::AmbiguousPath { place },
    }
}

fn schema_of<'a>(names: impl Iterator<Item = &'a str>, text: TextType) -> SchemaRef {
    Arc::new(Schema::new(names.map(|name| Field::new(name, text.data_type(), true)).collect::<Vec<_>>()))
}
