//! Reads JSON Lines in blocks of whole lines.

use std::sync::{Arc, Mutex};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::block::batch_of;
use crate::error::TabularError;
use crate::feed::Feed;
use crate::inflate::Inflated;
use crate::json::lines::{Keep, parse};
use crate::json::lists::element_field;
use crate::json::paths::Paths;
use crate::json::raw::{Decoding, Learnt, RawLines, Seen};
use crate::options::{Caps, ReadOptions, TextType};
use crate::path::ColumnPath;
use crate::raw::Raw;
use crate::text::line_feeds;

/// Streams a JSON Lines file.
#[derive(Debug)]
pub(crate) struct JsonReader {
    feed: Feed,
    caps: Caps,
    keep_lines: bool,
    open_lists: bool,
    text: TextType,
    learnt: Learnt,
    /// The columns of the batch; `None`: all, as they come up.
    projection: Option<Vec<String>>,
    /// With a projection, from the first block on.
    decoding: Option<Arc<Decoding>>,
    schema: SchemaRef,
    seen: Seen,
}

impl JsonReader {
    /// Opens the input and finds the paths of its first block.
    pub(crate) fn open(input: Inflated, options: &ReadOptions) -> Result<Self, TabularError> {
        let mut reader = Self {
            feed: Feed::open(input, options)?,
            caps: options.caps.clone(),
            keep_lines: options.rewritable,
            open_lists: options.open_lists,
            text: options.text,
            learnt: Learnt::new(Paths::new(&[], true, options.caps.columns).opening_lists(options.open_lists)),
            projection: None,
            decoding: None,
            schema: Arc::new(Schema::empty()),
            seen: Seen::default(),
        };
        reader.look_ahead()?;
        Ok(reader)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Reads only these paths.
    pub(crate) fn project(&mut self, asked: &[ColumnPath]) -> Result<(), TabularError> {
        self.learnt = Learnt::new(self.asked(asked, false)?);
        self.projection = Some(asked.iter().map(|path| path.as_str().to_owned()).collect());
        self.schema = schema_of(asked.iter().map(|path| (path.as_str(), path.list().is_some())), self.text);
        self.decoding = None;
        Ok(())
    }

    /// Reads these paths first, and every other as it comes up.
    pub(crate) fn require(&mut self, asked: &[ColumnPath]) -> Result<(), TabularError> {
        self.learnt = Learnt::new(self.asked(asked, true)?);
        self.projection = None;
        self.decoding = None;
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
        Ok(Paths::new(&asked, discover, self.caps.columns).opening_lists(self.open_lists))
    }

    pub(crate) fn set_text(&mut self, text: TextType) {
        self.text = text;
        let is_list = |field: &Field| matches!(field.data_type(), DataType::List(_));
        let columns = self.schema.fields().iter().map(|field| (field.name().as_str(), is_list(field)));
        self.schema = schema_of(columns, text);
        self.decoding = None;
    }

    /// The paths asked for or found that no row had so far.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &str> {
        let had = self.seen.had();
        let names = self.learnt.paths.names().iter().enumerate();
        let unseen = names.filter(move |(column, _)| {
            let is_seen = had.columns.get(*column).is_some_and(|seen| *seen);
            !is_seen && !self.learnt.paths.only_empty_lists(*column, &had.lists)
        });
        unseen.map(|(_, name)| name.as_str())
    }

    /// Finds the paths of the block that comes next.
    fn look_ahead(&mut self) -> Result<(), TabularError> {
        if let Some(bytes) = self.load()? {
            let at = self.feed.at();
            let Self { feed, caps, learnt, .. } = self;
            parse(feed.first(bytes), at, caps, &mut learnt.paths, Keep { members: false, expected_rows: 0 })?;
        }
        self.schema = self.schema_of_all();
        Ok(())
    }

    /// The columns of all paths.
    fn schema_of_all(&self) -> SchemaRef {
        let paths = &self.learnt.paths;
        let columns = paths.names().iter().enumerate();
        schema_of(columns.map(|(column, name)| (name.as_str(), paths.is_in_list(column))), self.text)
    }

    /// The next rows, or `None` at the end. With a projection they are not decoded yet; without one each block may bring
    /// columns that the next one has too.
    pub(crate) fn next_rows(&mut self) -> Result<Option<Raw>, TabularError> {
        let Some(bytes) = self.load()? else { return Ok(None) };
        let at = self.feed.at();
        let block = self.feed.give(bytes, line_feeds(self.feed.first(bytes)));
        if let Some(decoding) = self.decoding() {
            return Ok(Some(Raw::JsonLines(Box::new(RawLines { block, at, decoding }))));
        }
        let how = (&self.caps, self.text, self.keep_lines);
        let (rows, arrays, origin) = self.learnt.read(&block, at, how, &self.seen)?;
        if arrays.len() != self.schema.fields().len() {
            self.schema = self.schema_of_all();
        }
        Ok(Some(Raw::Decoded(batch_of(&self.schema, arrays, rows)?, origin)))
    }

    fn decoding(&mut self) -> Option<Arc<Decoding>> {
        let asked = self.projection.as_ref()?;
        let decoding = self.decoding.get_or_insert_with(|| {
            Arc::new(Decoding {
                caps: self.caps.clone(),
                text: self.text,
                keep_lines: self.keep_lines,
                schema: Arc::clone(&self.schema),
                columns: asked.iter().filter_map(|path| self.learnt.paths.column(path)).collect(),
                paths: self.learnt.paths.clone(),
                seen: self.seen.clone(),
                spare: Mutex::default(),
            })
        });
        Some(Arc::clone(decoding))
    }

    /// Bytes of the whole lines in the feed.
    fn load(&mut self) -> Result<Option<usize>, TabularError> {
        if !self.feed.fill_block()? {
            return Ok(None);
        }
        loop {
            if let Some(last) = memchr::memrchr(b'\n', self.feed.pending()) {
                return Ok(Some(last + 1));
            }
            self.feed.fill_more()?;
        }
    }
}

/// `columns`: names, and whether they lie inside lists.
fn schema_of<'a>(columns: impl Iterator<Item = (&'a str, bool)>, text: TextType) -> SchemaRef {
    let text = text.data_type();
    let field = |(name, is_in_list): (&str, bool)| {
        let data_type = if is_in_list { DataType::List(element_field(text.clone())) } else { text.clone() };
        Field::new(name, data_type, true)
    };
    Arc::new(Schema::new(columns.map(field).collect::<Vec<_>>()))
}
