//! The lines of a block: what they hold and where.

use std::sync::Arc;

use arrow_array::ListArray;
use arrow_buffer::{Buffer, OffsetBuffer};

use crate::error::{Limit, Place, TabularError};
use crate::json::paths::Paths;
use crate::json::scan::{Cursor, Fault, Problem};
use crate::json::walk::{Column, Member, Walk};
use crate::options::Caps;
use crate::text::{check_utf8, place_in};

/// The lines of a block and where the values of its columns are.
#[derive(Debug, Clone)]
pub(crate) struct SourceLines(Arc<Rows>);

#[derive(Debug)]
struct Rows {
    block: Buffer,
    /// Start and end of each line, its line feed not included.
    lines: Vec<(usize, usize)>,
    names: Vec<String>,
    members: Vec<Members>,
    /// The outermost lists by the paths of their elements, and where each row has it.
    lists: Vec<(String, Vec<Member>)>,
}

/// Where the values of a column are.
#[derive(Debug, Default)]
pub(crate) struct Members {
    pub(crate) all: Vec<Member>,
    /// Inside lists: where the values of each row begin, and where those of the last one end.
    pub(crate) offsets: Option<OffsetBuffer<i32>>,
}

impl Members {
    /// The values of a row: one or none, any number inside lists.
    pub(crate) fn of_row(&self, row: usize) -> &[Member] {
        let range = match &self.offsets {
            Some(offsets) => bound(offsets, row)..bound(offsets, row + 1),
            None => row..row + 1,
        };
        let members = self.all.get(range).unwrap_or_default();
        if self.offsets.is_none() && members.first() == Some(&Member::ABSENT) { &[] } else { members }
    }

    /// Whether a row may have more than one value.
    pub(crate) fn is_in_list(&self) -> bool {
        self.offsets.is_some()
    }

    /// Whether the rows have so many values as `list` has, each.
    pub(crate) fn fit(&self, list: &ListArray) -> bool {
        self.offsets.as_ref().is_some_and(|offsets| offsets.lengths().eq(list.offsets().lengths()))
    }
}

/// One of a list's offsets.
pub(crate) fn bound(offsets: &OffsetBuffer<i32>, index: usize) -> usize {
    offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default()
}

impl SourceLines {
    pub(crate) fn new(
        block: Buffer,
        lines: Vec<(usize, usize)>,
        names: Vec<String>,
        members: Vec<Members>,
        lists: Vec<(String, Vec<Member>)>,
    ) -> Self {
        Self(Arc::new(Rows { block, lines, names, members, lists }))
    }

    /// The line of a row.
    pub(crate) fn line(&self, row: usize) -> (usize, usize) {
        self.0.lines.get(row).copied().unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.block.as_slice()
    }

    /// Where the values of a column are. `None`: there is no such column.
    pub(crate) fn members(&self, name: &str) -> Option<&Members> {
        let column = self.0.names.iter().position(|known| known == name)?;
        self.0.members.get(column)
    }

    /// Where an outermost list is, row by row; later rows have none. `path`: that of its elements.
    pub(crate) fn list(&self, path: &str) -> &[Member] {
        self.0.lists.iter().find(|(known, _)| known == path).map(|(_, rows)| rows.as_slice()).unwrap_or_default()
    }
}

/// What is kept of the lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// Where each value is.
    pub(crate) members: bool,
    /// Rows that there will be, about: room for them is made at once.
    pub(crate) expected_rows: usize,
}

/// The lines found in some bytes.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) lines: Vec<(usize, usize)>,
    pub(crate) columns: Vec<Column>,
    pub(crate) lists: Vec<Vec<Member>>,
}

/// Reads each line of `bytes`, which begin at `at`.
pub(crate) fn parse(
    bytes: &[u8],
    at: Place,
    caps: &Caps,
    paths: &mut Paths,
    keep: Keep,
) -> Result<Parsed, TabularError> {
    check_utf8(bytes, at)?;
    let Keep { members: keep_members, expected_rows } = keep;
    let mut parsed = Parsed { lines: Vec::with_capacity(expected_rows), ..Parsed::default() };
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
        let mut walk = Walk {
            cursor,
            paths,
            columns: &mut parsed.columns,
            row,
            expected_rows,
            field_bytes: caps.field_bytes,
            nesting: caps.nesting,
            keep_members,
            lists: &mut parsed.lists,
            within: 0,
            elements_left: caps.elements,
        };
        walk.line().map_err(|fault| explain(fault, bytes, at, caps))?;
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
        Problem::TooManyElements => crossed(Limit::Elements, caps.elements),
        Problem::Ambiguous => TabularError::AmbiguousPath { place },
        Problem::KeyLikePath => TabularError::KeyLikePath { place },
    }
}
