//! Lines of JSON that are found and not looked at yet.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;

use crate::block::{Origin, batch_of};
use crate::error::{Place, TabularError};
use crate::json::lines::{Keep, Parsed, SourceLines, parse};
use crate::json::paths::Paths;
use crate::options::{Caps, TextType};

/// How lines become the columns asked for, when no others are wanted.
#[derive(Debug)]
pub(crate) struct Decoding {
    pub(crate) caps: Caps,
    pub(crate) text: TextType,
    /// Whether a rewriter will want to know where the values are.
    pub(crate) keep_lines: bool,
    pub(crate) schema: SchemaRef,
    pub(crate) paths: Paths,
    /// The column of `paths` behind each column of the batch.
    pub(crate) columns: Vec<usize>,
    pub(crate) seen: Seen,
    pub(crate) spare: Mutex<Vec<Learnt>>,
}

/// What earlier lines say of later ones. It makes them faster to read and changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Learnt {
    pub(crate) paths: Paths,
    /// Rows of the block before.
    pub(crate) last_rows: usize,
}

/// Whether some row had a value, if only null, for the column of this number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<bool>>>);

impl Seen {
    fn add(&self, parsed: &Parsed) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = parsed.columns.len().max(seen.len());
        seen.resize(columns, false);
        for (seen, column) in seen.iter_mut().zip(&parsed.columns) {
            *seen |= column.cells.len() > 0;
        }
    }

    pub(crate) fn columns(&self) -> Vec<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Learnt {
    pub(crate) const fn new(paths: Paths) -> Self {
        Self { paths, last_rows: 0 }
    }

    /// Reads the lines of a block: its rows, an array for each of the paths, and where they came from when that is kept.
    pub(crate) fn read(
        &mut self,
        block: &Buffer,
        at: Place,
        (caps, text, keep_lines): (&Caps, TextType, bool),
        seen: &Seen,
    ) -> Result<(usize, Vec<ArrayRef>, Origin), TabularError> {
        // A block is as large as the one before; some room for shorter rows.
        let keep = Keep { members: keep_lines, expected_rows: self.last_rows + self.last_rows / 16 };
        let mut parsed = parse(block, at, caps, &mut self.paths, keep)?;
        let rows = parsed.lines.len();
        self.last_rows = rows;
        parsed.columns.resize_with(self.paths.names().len(), Default::default);
        seen.add(&parsed);
        let buffers: Arc<[Buffer]> = [block.clone()].into();
        let mut members = Vec::new();
        let mut arrays = Vec::new();
        for mut column in parsed.columns {
            column.cells.pad(rows);
            arrays.push(column.cells.finish(text, &buffers)?);
            members.push(column.members);
        }
        let origin = if keep_lines {
            let names = self.paths.names().to_vec();
            Origin::Lines(SourceLines::new(block.clone(), parsed.lines, names, members))
        } else {
            Origin::Batch
        };
        Ok((rows, arrays, origin))
    }
}

/// Whole lines.
#[derive(Debug)]
pub(crate) struct RawLines {
    pub(crate) block: Buffer,
    /// Where the block begins in the table.
    pub(crate) at: Place,
    pub(crate) decoding: Arc<Decoding>,
}

impl RawLines {
    /// The columns asked for; no rows when all lines are blank.
    pub(crate) fn decode(self) -> Result<(RecordBatch, Origin), TabularError> {
        let Decoding { caps, text, keep_lines, schema, paths, columns, seen, spare } = &*self.decoding;
        let used = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut learnt = used.unwrap_or_else(|| Learnt::new(paths.clone()));
        let (rows, arrays, origin) = learnt.read(&self.block, self.at, (caps, *text, *keep_lines), seen)?;
        spare.lock().unwrap_or_else(PoisonError::into_inner).push(learnt);
        let arrays = columns.iter().filter_map(|column| arrays.get(*column).cloned()).collect();
        Ok((batch_of(schema, arrays, rows)?, origin))
    }
}
