//! Reads CSV in blocks of whole rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::csv::cells::unescape;
use crate::csv::raw::{Decoding, RawRows, Spare};
use crate::csv::scan::{Dialect, Ends, scan};
use crate::csv::walk::walk;
use crate::error::{Limit, TabularError};
use crate::feed::Feed;
use crate::inflate::Inflated;
use crate::options::{CsvOptions, ReadOptions, TextType};
use crate::path::ColumnPath;
use crate::text::{check_utf8, line_feeds};

/// Streams a CSV file.
#[derive(Debug)]
pub(crate) struct CsvReader {
    feed: Feed,
    options: CsvOptions,
    dialect: Dialect,
    ends: Ends,
    names: Vec<String>,
    decoding: Arc<Decoding>,
}

/// Whole rows at the beginning of `pending`.
#[derive(Debug, Clone, Copy)]
struct Loaded {
    /// Bytes of these rows.
    bytes: usize,
    /// Line feeds outside quotes.
    rows: usize,
    /// Line feeds in `pending`, those inside quotes and after the last whole row included.
    all_line_feeds: u64,
    quotes: bool,
    doubled: bool,
}

impl CsvReader {
    /// Opens the input and reads its header.
    pub(crate) fn open(input: Inflated, csv: CsvOptions, options: &ReadOptions) -> Result<Self, TabularError> {
        csv.check()?;
        let dialect = Dialect { delimiter: csv.delimiter, quote: csv.quote };
        let (empty, null_text): (Vec<_>, Vec<_>) = csv.null_text.iter().cloned().partition(String::is_empty);
        let decoding = Decoding {
            caps: options.caps.clone(),
            text: options.text,
            columns: 0,
            null_text,
            empty_is_null: !empty.is_empty(),
            projection: Vec::new(),
            presence_only: Vec::new(),
            schema: Arc::new(Schema::empty()),
            spare: Spare::default(),
        };
        let mut reader = Self {
            feed: Feed::open(input, options)?,
            dialect,
            ends: Ends::default(),
            names: Vec::new(),
            decoding: Arc::new(decoding),
            options: csv,
        };
        reader.names = reader.read_names()?;
        reader.read_columns((0..reader.names.len()).collect());
        Ok(reader)
    }

    /// The columns each batch has.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.decoding.schema
    }

    /// Reads only these columns, in this order.
    pub(crate) fn project(&mut self, paths: &[ColumnPath]) -> Result<(), TabularError> {
        let by_name: HashMap<&str, usize> = self.names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let find = |path: &ColumnPath| {
            by_name.get(path.as_str()).copied().ok_or_else(|| TabularError::UnknownColumn {
                path: path.as_str().to_owned(),
                columns: self.names.len(),
            })
        };
        let projection = paths.iter().map(find).collect::<Result<_, _>>()?;
        self.read_columns(projection);
        Ok(())
    }

    fn read_columns(&mut self, projection: Vec<usize>) {
        self.decide(|decoding| {
            decoding.presence_only = vec![false; projection.len()];
            decoding.projection = projection;
        });
    }

    pub(crate) fn set_text(&mut self, text: TextType) {
        self.decide(|decoding| decoding.text = text);
    }

    /// Only NULL or not is wanted of these columns of the projection.
    pub(crate) fn only_presence(&mut self, columns: &[usize]) {
        self.decide(|decoding| {
            for (column, presence_only) in decoding.presence_only.iter_mut().enumerate() {
                *presence_only = columns.contains(&column);
            }
        });
    }

    /// Decides how the blocks to come are decoded.
    fn decide(&mut self, change: impl FnOnce(&mut Decoding)) {
        let decoding = Arc::make_mut(&mut self.decoding);
        decoding.columns = self.names.len();
        change(decoding);
        let text = decoding.text.data_type();
        let fields = decoding.projection.iter().zip(&decoding.presence_only).filter_map(|(column, presence_only)| {
            let data_type = if *presence_only { DataType::Boolean } else { text.clone() };
            Some(Field::new(self.names.get(*column)?, data_type, true))
        });
        decoding.schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    }

    /// The next rows, or `None` at the end.
    pub(crate) fn next_rows(&mut self) -> Result<Option<RawRows>, TabularError> {
        Ok(self.load()?.map(|loaded| self.give(loaded)))
    }

    /// Hands out the loaded rows.
    fn give(&mut self, loaded: Loaded) -> RawRows {
        let rest = self.feed.pending().get(loaded.bytes..).unwrap_or_default();
        let given_line_feeds = loaded.all_line_feeds - line_feeds(rest);
        RawRows {
            at: self.feed.at(),
            block: self.feed.give(loaded.bytes, given_line_feeds),
            ends: std::mem::replace(&mut self.ends, self.decoding.spare.take()),
            line_feeds: loaded.rows,
            quote: self.dialect.quote.filter(|_| loaded.quotes),
            doubled: loaded.doubled,
            decoding: Arc::clone(&self.decoding),
        }
    }

    /// Fills `pending` until it holds at least one whole row, and scans it.
    fn load(&mut self) -> Result<Option<Loaded>, TabularError> {
        if !self.feed.fill_block()? {
            return Ok(None);
        }
        loop {
            let (mut loaded, open) = self.split()?;
            if let Some(bytes) = self.whole_rows() {
                loaded.bytes = bytes;
                return Ok(Some(loaded));
            }
            if self.feed.ended() {
                return Err(TabularError::UnterminatedQuote { place: self.feed.place(open.unwrap_or_default()) });
            }
            self.feed.fill_more()?;
        }
    }

    /// Finds the cells of `pending`. The position is that of a quote still open at the end, if the fast scan could not
    /// be trusted or the input has ended.
    fn split(&mut self) -> Result<(Loaded, Option<usize>), TabularError> {
        self.ends.clear();
        let seen = scan(self.feed.pending(), self.dialect, &mut self.ends);
        if seen.nul
            && let Some(at) = memchr::memchr(0, self.feed.pending())
        {
            return Err(TabularError::Nul { place: self.feed.place(at) });
        }
        let all_line_feeds = (seen.rows + seen.quoted_feeds) as u64;
        let loaded = Loaded { bytes: 0, rows: seen.rows, all_line_feeds, quotes: seen.quotes, doubled: seen.doubled };
        let is_exact = !seen.stray && (!seen.open || !self.feed.ended());
        if is_exact {
            return Ok((loaded, None));
        }
        self.ends.clear();
        let walked = walk(self.feed.pending(), self.dialect, &mut self.ends);
        if let Some(at) = walked.text_after_quote {
            return Err(TabularError::TextAfterQuote { place: self.feed.place(at) });
        }
        Ok((Loaded { rows: walked.rows, doubled: walked.doubled, ..loaded }, walked.open))
    }

    /// Bytes of the whole rows in `pending`; the ends of cells after them are forgotten.
    fn whole_rows(&mut self) -> Option<usize> {
        let is_line_feed = |end: &u32| self.feed.pending().get(*end as usize) == Some(&b'\n');
        let last = self.ends.as_slice().iter().rposition(is_line_feed)?;
        let bytes = self.ends.as_slice().get(last).map(|end| *end as usize + 1);
        self.ends.truncate(last + 1);
        bytes
    }

    /// Reads the header, or counts the cells of the first row.
    fn read_names(&mut self) -> Result<Vec<String>, TabularError> {
        let cells = loop {
            let Some(loaded) = self.load()? else { return Ok(Vec::new()) };
            if let Some(cells) = self.first_row(loaded)? {
                break cells;
            }
        };
        if cells.len() > self.decoding.caps.columns {
            return Err(self.feed.limit(Limit::Columns, self.decoding.caps.columns, 0));
        }
        if !self.options.header {
            return Ok((0..cells.len()).map(|i| format!("col_{i}")).collect());
        }
        let bytes = cells.last().map_or(0, |cell| cell.1 + 1);
        check_utf8(self.feed.first(bytes), self.feed.at())?;
        let names: Vec<String> = cells.iter().enumerate().map(|(i, cell)| self.name(i, *cell)).collect();
        refuse_duplicates(&names)?;
        self.feed.consume(bytes);
        Ok(names)
    }

    /// Positions of the cells of the first row that is not blank, now at the start of `pending`. `None`: all are blank.
    fn first_row(&mut self, loaded: Loaded) -> Result<Option<Vec<(usize, usize)>>, TabularError> {
        let mut blank_bytes = 0;
        for end in self.ends.as_slice() {
            let line = self.feed.pending().get(blank_bytes..*end as usize);
            if !matches!(line, Some(b"" | b"\r")) || self.feed.pending().get(*end as usize) != Some(&b'\n') {
                break;
            }
            blank_bytes = *end as usize + 1;
        }
        if blank_bytes > 0 {
            self.feed.consume(blank_bytes);
            return if blank_bytes == loaded.bytes { Ok(None) } else { self.reload() };
        }
        let mut cells = Vec::new();
        let mut start = 0;
        for end in self.ends.as_slice() {
            let end = *end as usize;
            cells.push((start, end));
            start = end + 1;
            if self.feed.pending().get(end) == Some(&b'\n') || cells.len() > self.decoding.caps.columns {
                break;
            }
        }
        Ok(Some(cells))
    }

    fn reload(&mut self) -> Result<Option<Vec<(usize, usize)>>, TabularError> {
        match self.load()? {
            Some(loaded) => self.first_row(loaded),
            None => Ok(None),
        }
    }

    /// The text of a header cell.
    fn name(&self, column: usize, (start, end): (usize, usize)) -> String {
        let raw = self.feed.pending().get(start..end).unwrap_or_default();
        let raw =
            if self.feed.pending().get(end) == Some(&b'\n') { raw.strip_suffix(b"\r").unwrap_or(raw) } else { raw };
        let mut text = Vec::with_capacity(raw.len());
        match (self.dialect.quote, raw) {
            (Some(quote), [first, inner @ .., last]) if *first == quote && *last == quote => {
                unescape(inner, quote, &mut text);
            }
            _ => text.extend_from_slice(raw),
        }
        if text.is_empty() { format!("col_{column}") } else { String::from_utf8_lossy(&text).into_owned() }
    }
}

fn refuse_duplicates(names: &[String]) -> Result<(), TabularError> {
    let mut seen = HashMap::new();
    for (i, name) in names.iter().enumerate() {
        if let Some(first) = seen.insert(name, i) {
            return Err(TabularError::DuplicateColumn { first: first + 1, second: i + 1 });
        }
    }
    Ok(())
}
