//! Takes the values on the asked paths out of one line.

use crate::json::paths::{Child, Paths};
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

/// What one walk needs.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) paths: &'a mut Paths,
    pub(crate) columns: &'a mut Vec<Column>,
    /// The row in the block.
    pub(crate) row: usize,
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
        let mut hint = 0;
        loop {
            let key = self.cursor.string("a key in quotes is missing")?;
            self.cursor.expect(b':', "a colon is missing after a key")?;
            match self.child(node, key, &mut hint)? {
                None => self.cursor.value(depth)?,
                Some((column, asked, next)) => self.member(key, column, asked, next, depth)?,
            }
            if !self.cursor.comma(b'}', "a comma or closing brace is missing")? {
                return Ok(());
            }
        }
    }

    /// Where a key leads: column, whether it was asked for, node of its members.
    #[expect(clippy::type_complexity, reason = "a private answer of three parts")]
    fn child(
        &mut self,
        node: usize,
        key: Text,
        hint: &mut usize,
    ) -> Result<Option<(Option<usize>, bool, Option<usize>)>, Fault> {
        let raw = self.cursor.bytes.get(key.start..key.end).unwrap_or_default();
        let mut unescaped = Vec::new();
        let name = if key.escaped {
            unescape(raw, key.start, &mut unescaped)?;
            unescaped.as_slice()
        } else {
            raw
        };
        let object = self.is_object_with_members();
        let settled = |child: &Child| (child.column, child.asked, child.next);
        if let Some(child) = self.paths.find(node, name, hint)
            && self.paths.is_settled(child, object)
        {
            return Ok(Some(settled(child)));
        }
        let text = std::str::from_utf8(name).unwrap_or_default();
        let found = self.paths.discover(node, text, object);
        let fault = |_| Fault { at: key.start, problem: Problem::TooManyPaths };
        Ok(found.map_err(fault)?.as_ref().map(settled))
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

    fn member(
        &mut self,
        key: Text,
        column: Option<usize>,
        asked: bool,
        next: Option<usize>,
        depth: usize,
    ) -> Result<(), Fault> {
        let has_members = self.is_object_with_members();
        let first = self.cursor.peek();
        let start = self.cursor.at;
        match next {
            Some(next) if first == b'{' => self.object(next, depth)?,
            _ => self.cursor.value(depth)?,
        }
        let end = self.cursor.at;
        let Some(column) = column else { return Ok(()) };
        // A column that was only found takes no object with members: these are columns of their own.
        if has_members && !asked {
            return Ok(());
        }
        if end - start > self.field_bytes {
            return Err(Fault { at: start, problem: Problem::TooLong });
        }
        self.capture(key, column, first, start, end)
    }

    fn capture(&mut self, key: Text, column: usize, first: u8, start: usize, end: usize) -> Result<(), Fault> {
        if self.columns.len() <= column {
            self.columns.resize_with(column + 1, Column::default);
        }
        let bytes = self.cursor.bytes;
        let row = self.row;
        let Some(column) = self.columns.get_mut(column) else { return Ok(()) };
        if column.cells.len() > row {
            return Err(Fault { at: key.start, problem: Problem::Ambiguous });
        }
        column.cells.pad(row);
        match first {
            b'n' => column.cells.push_null(),
            b'"' => {
                let (text_start, text_end) = (start + 1, end - 1);
                let raw = bytes.get(text_start..text_end).unwrap_or_default();
                if memchr::memchr(b'\\', raw).is_none() {
                    column.cells.push(view(bytes, text_start, text_end));
                } else {
                    column.cells.push_copied(|out| unescape(raw, text_start, out))?;
                }
            }
            _ => column.cells.push(view(bytes, start, end)),
        }
        if self.keep_members {
            column.members.resize(row, Member::ABSENT);
            column.members.push(member_at(key, start, end));
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a block is shorter than 4 GiB (Caps::check)")]
fn member_at(key: Text, start: usize, end: usize) -> Member {
    Member { key_start: (key.start - 1) as u32, value_start: start as u32, value_end: end as u32 }
}
