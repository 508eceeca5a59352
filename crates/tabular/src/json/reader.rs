//! Reads JSON Lines in blocks of whole lines.

use std::sync::{Arc, Mutex};

use arrow_schema::{Field, Schema, SchemaRef};

use crate::block::batch_of;
use crate::error::TabularError;
use crate::feed::Feed;
use crate::inflate::Inflated;
use crate::json::lines::{Keep, parse};
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
            text: options.text,
            learnt: Learnt::new(Paths::new(&[], true, options.caps.columns)),
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
        self.schema = schema_of(asked.iter().map(ColumnPath::as_str), self.text);
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
        Ok(Paths::new(&asked, discover, self.caps.columns))
    }

    pub(crate) fn set_text(&mut self, text: TextType) {
        self.text = text;
        let names: Vec<String> = self.schema.fields().iter().map(|field| field.name().clone()).collect();
        self.schema = schema_of(names.iter().map(String::as_str), text);
        self.decoding = None;
    }

    /// The paths asked for or found that no row had so far.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = &str> {
        let seen = self.seen.columns();
        let names = self.learnt.paths.names().iter().enumerate();
        names.filter(move |(column, _)| !seen.get(*column).is_some_and(|seen| *seen)).map(|(_, name)| name.as_str())
    }

    /// Finds the paths of the block that comes next.
    fn look_ahead(&mut self) -> Result<(), TabularError> {
        if let Some(bytes) = self.load()? {
            let at = self.feed.at();
            let Self { feed, caps, learnt, .. } = self;
            parse(feed.first(bytes), at, caps, &mut learnt.paths, Keep { members: false, expected_rows: 0 })?;
        }
        self.schema = schema_of(self.learnt.paths.names().iter().map(String::as_str), self.text);
        Ok(())
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
            self.schema = schema_of(self.learnt.paths.names().iter().map(String::as_str), self.text);
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

fn schema_of<'a>(names: impl Iterator<Item = &'a str>, text: TextType) -> SchemaRef {
    Arc::new(Schema::new(names.map(|name| Field::new(name, text.data_type(), true)).collect::<Vec<_>>()))
}
