//! The lines of a block: what they hold and where.

use std::sync::Arc;

use arrow_buffer::Buffer;

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
    members: Vec<Vec<Member>>,
}

impl SourceLines {
    pub(crate) fn new(
        block: Buffer,
        lines: Vec<(usize, usize)>,
        names: Vec<String>,
        members: Vec<Vec<Member>>,
    ) -> Self {
        Self(Arc::new(Rows { block, lines, names, members }))
    }

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
