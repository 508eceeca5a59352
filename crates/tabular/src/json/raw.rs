//! Lines of JSON that are found and not looked at yet.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;

use crate::block::{Origin, batch_of};
use crate::error::{Place, TabularError};
use crate::json::lines::{Keep, Members, Parsed, SourceLines, parse};
use crate::json::lists::{list_of, offsets_of};
use crate::json::paths::{Met, Paths};
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

/// What some row had.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Had>>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Had {
    /// By column: whether it was a value, if only null.
    pub(crate) columns: Vec<bool>,
    /// By list.
    pub(crate) lists: Vec<Met>,
}

impl Seen {
    fn add(&self, parsed: &Parsed, paths: &Paths) {
        let mut had = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Had { columns, lists } = &mut *had;
        columns.resize(parsed.columns.len().max(columns.len()), false);
        for (seen, column) in columns.iter_mut().zip(&parsed.columns) {
            *seen |= column.cells.len() > 0;
        }
        for (number, met) in paths.met_lists().enumerate() {
            if lists.len() <= number {
                lists.push(Met::default());
            }
            if let Some(known) = lists.get_mut(number) {
                *known = known.and(met);
            }
        }
    }

    pub(crate) fn had(&self) -> Had {
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
        seen.add(&parsed, &self.paths);
        let buffers: Arc<[Buffer]> = [block.clone()].into();
        let mut members = Vec::new();
        let mut arrays = Vec::new();
        for (number, mut column) in parsed.columns.into_iter().enumerate() {
            if self.paths.is_in_list(number) {
                let offsets = offsets_of(&column.rows, rows);
                let values = column.cells.finish(text, &buffers)?;
                arrays.push(list_of(values, offsets.clone())?);
                members.push(Members { all: column.members, offsets: Some(offsets) });
                continue;
            }
            column.cells.pad(rows);
            arrays.push(column.cells.finish(text, &buffers)?);
            members.push(Members { all: column.members, offsets: None });
        }
        let origin = if keep_lines {
            let names = self.paths.names().to_vec();
            let lists = self.paths.outermost_lists(parsed.lists);
            Origin::Lines(SourceLines::new(block.clone(), parsed.lines, names, members, lists))
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
