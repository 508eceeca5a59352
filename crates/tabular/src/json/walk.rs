//! Takes the values on the asked paths out of one line.

use crate::json::paths::{Child, NO_KEY, Paths};
use crate::json::scan::{Cursor, Fault, Problem, Text};
use crate::json::string::unescape;
use crate::views::{Cells, view};

/// Where one value is in its block, its key included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// The quote before the key.
    pub(crate) key_start: u32,
    pub(crate) value_start: u32,
    pub(crate) value_end: u32,
}

impl Member {
    /// The row has no such value.
    pub(crate) const ABSENT: Self = Self { key_start: u32::MAX, value_start: u32::MAX, value_end: u32::MAX };
}

/// A column in the making.
#[derive(Debug, Default)]
pub(crate) struct Column {
    pub(crate) cells: Cells,
    /// One for each row, when they are kept.
    pub(crate) members: Vec<Member>,
}

impl Column {
    fn with_rows(rows: usize) -> Self {
        Self { cells: Cells::with_rows(rows), members: Vec::new() }
    }
}

/// What one walk needs.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) paths: &'a mut Paths,
    pub(crate) columns: &'a mut Vec<Column>,
    /// The row in the block.
    pub(crate) row: usize,
    /// Rows that the block will have, about.
    pub(crate) expected_rows: usize,
    pub(crate) field_bytes: usize,
    /// Levels of nesting allowed.
    pub(crate) nesting: usize,
    pub(crate) keep_members: bool,
}

impl Walk<'_> {
    /// Reads the line: one object.
    pub(crate) fn line(&mut self) -> Result<(), Fault> {
        if self.cursor.peek() != b'{' {
            return Err(Fault::new(self.cursor.at, "a line that is not an object"));
        }
        self.object(0, self.nesting)?;
        if self.cursor.peek() != 0 || self.cursor.at < self.cursor.end {
            return Err(Fault::new(self.cursor.at, "text after the object"));
        }
        Ok(())
    }

    fn object(&mut self, node: usize, depth: usize) -> Result<(), Fault> {
        let depth = self.cursor.deeper(depth)?;
        self.cursor.at += 1;
        if self.cursor.peek() == b'}' {
            self.cursor.at += 1;
            return Ok(());
        }
        let mut before = NO_KEY;
        loop {
            self.cursor.peek();
            let rest = self.cursor.bytes.get(self.cursor.at..).unwrap_or_default();
            let (key, child) = if let Some((known, length)) = self.paths.expected(node, before, rest) {
                let start = self.cursor.at;
                self.cursor.at += length;
                self.cursor.expect(b':', NO_COLON)?;
                before = known;
                let key = Text { start: start + 1, end: start + length - 1, escaped: false };
                (key, self.known_child(node, known, key)?)
            } else {
                let key = self.cursor.string("a key in quotes is missing")?;
                self.cursor.expect(b':', NO_COLON)?;
                if !key.escaped {
                    let raw = self.cursor.bytes.get(key.start..key.end).unwrap_or_default();
                    before = self.paths.remember(node, before, raw);
                }
                (key, self.child(node, key)?)
            };
            match child {
                None => self.cursor.value(depth)?,
                Some(child) => self.member(key, child, depth)?,
            }
            if !self.cursor.comma(b'}', "a comma or closing brace is missing")? {
                return Ok(());
            }
        }
    }

    /// Where a key leads that an earlier row had at this place.
    #[inline]
    fn known_child(&mut self, node: usize, known: usize, key: Text) -> Result<Option<Child>, Fault> {
        if !self.paths.discovers() {
            return Ok(self.paths.known(node, known).copied());
        }
        let object = self.is_object_with_members();
        match self.paths.known(node, known) {
            Some(child) if self.paths.is_settled(child, object) => Ok(Some(*child)),
            _ => self.child(node, key),
        }
    }

    /// Where a key leads.
    fn child(&mut self, node: usize, key: Text) -> Result<Option<Child>, Fault> {
        let object = self.is_object_with_members();
        let raw = self.cursor.bytes.get(key.start..key.end).unwrap_or_default();
        let mut unescaped = Vec::new();
        let name = if key.escaped {
            unescape(raw, key.start, &mut unescaped)?;
            unescaped.as_slice()
        } else {
            raw
        };
        let found = self.paths.find(node, name);
        if !self.paths.discovers() || found.is_some_and(|child| self.paths.is_settled(child, object)) {
            return Ok(found.copied());
        }
        let text = std::str::from_utf8(name).unwrap_or_default();
        let fault = |_| Fault { at: key.start, problem: Problem::TooManyPaths };
        self.paths.discover(node, text, object).map_err(fault)
    }

    fn is_object_with_members(&mut self) -> bool {
        if self.cursor.peek() != b'{' {
            return false;
        }
        let start = self.cursor.at;
        self.cursor.at += 1;
        let first = self.cursor.peek();
        self.cursor.at = start;
        first != b'}'
    }

    /// Steps over the value of a key that leads somewhere, and takes what is wanted of it.
    #[inline]
    fn member(&mut self, key: Text, child: Child, depth: usize) -> Result<(), Fault> {
        let first = self.cursor.peek();
        let start = self.cursor.at;
        let mut value = Value::Raw;
        match first {
            b'"' => value = Value::Text(self.cursor.string("a string")?),
            b'{' => {
                let has_members = self.is_object_with_members();
                match child.next {
                    Some(next) => self.object(next, depth)?,
                    None => self.cursor.value(depth)?,
                }
                // A column that was only found takes no object with members: these are columns of their own.
                if has_members && !child.asked {
                    return Ok(());
                }
            }
            _ => self.cursor.value(depth)?,
        }
        if first == b'n' {
            value = Value::Null;
        }
        let Some(column) = child.column else { return Ok(()) };
        let end = self.cursor.at;
        if end - start > self.field_bytes {
            return Err(Fault { at: start, problem: Problem::TooLong });
        }
        self.capture(key, column, &value, start, end)
    }

    #[inline]
    fn capture(&mut self, key: Text, column: usize, value: &Value, start: usize, end: usize) -> Result<(), Fault> {
        if self.columns.len() <= column {
            let rows = self.expected_rows;
            self.columns.resize_with(column + 1, || Column::with_rows(rows));
        }
        let bytes = self.cursor.bytes;
        let row = self.row;
        let Some(column) = self.columns.get_mut(column) else { return Ok(()) };
        if column.cells.len() > row {
            return Err(Fault { at: key.start, problem: Problem::Ambiguous });
        }
        column.cells.pad(row);
        match value {
            Value::Null => column.cells.push_null(),
            Value::Text(text) if text.escaped => {
                let raw = bytes.get(text.start..text.end).unwrap_or_default();
                column.cells.push_copied(|out| unescape(raw, text.start, out))?;
            }
            Value::Text(text) => column.cells.push(view(bytes, text.start, text.end)),
            Value::Raw => column.cells.push(view(bytes, start, end)),
        }
        if self.keep_members {
            column.members.resize(row, Member::ABSENT);
            column.members.push(member_at(key, start, end));
        }
        Ok(())
    }
}

const NO_COLON: &str = "a colon is missing after a key";

/// A value that was stepped over.
enum Value {
    Null,
    Text(Text),
    /// Anything that is taken as it is written.
    Raw,
}

#[expect(clippy::cast_possible_truncation, reason = "a block is shorter than 4 GiB (Caps::check)")]
fn member_at(key: Text, start: usize, end: usize) -> Member {
    Member { key_start: (key.start - 1) as u32, value_start: start as u32, value_end: end as u32 }
}
