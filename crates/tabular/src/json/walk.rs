//! Takes the values on the asked paths out of one line.

use crate::json::paths::{Child, Holds, NO_KEY, Paths, Refused};
use crate::json::scan::{Cursor, Fault, Problem, Text};
use crate::json::string::unescape;
use crate::views::{Cells, view};

/// Where one value is in its block, its key included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// The quote before the key; an element of a list has none and begins with its value.
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
    /// One for each cell, when they are kept.
    pub(crate) members: Vec<Member>,
    /// Inside lists: the row of each cell.
    pub(crate) rows: Vec<u32>,
}

impl Column {
    fn with_rows(rows: usize) -> Self {
        Self { cells: Cells::with_rows(rows), ..Self::default() }
    }

    /// The next cell is one of a list in this row. Apart, so that the path of flat lines stays short.
    #[cold]
    #[inline(never)]
    fn note_row(&mut self, row: usize) {
        self.rows.push(row_number(row));
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
    /// By outermost list: where it is in each row.
    pub(crate) lists: &'a mut Vec<Vec<Member>>,
    /// Lists that are being read, one inside the other.
    pub(crate) within: usize,
    /// Elements that may still come in this row.
    pub(crate) elements_left: usize,
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
                Some(child) => self.take(key.start - 1, child, depth)?,
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
        let first = self.cursor.peek();
        // Of most values the first byte says enough.
        if let Some(child) = self.paths.known(node, known)
            && child.column.is_some()
            && !matches!(first, b'{' | b'[')
        {
            return Ok(Some(*child));
        }
        let holds = self.holds();
        match self.paths.known(node, known) {
            Some(child) if self.paths.is_settled(child, holds) => Ok(Some(*child)),
            _ => self.child(node, key),
        }
    }

    /// Where a key leads.
    fn child(&mut self, node: usize, key: Text) -> Result<Option<Child>, Fault> {
        let holds = self.holds();
        let raw = self.cursor.bytes.get(key.start..key.end).unwrap_or_default();
        let mut unescaped = Vec::new();
        let name = if key.escaped {
            unescape(raw, key.start, &mut unescaped)?;
            unescaped.as_slice()
        } else {
            raw
        };
        let found = self.paths.find(node, name);
        if !self.paths.discovers() || found.is_some_and(|child| self.paths.is_settled(child, holds)) {
            return Ok(found.copied());
        }
        let text = std::str::from_utf8(name).unwrap_or_default();
        self.paths.discover(node, text, holds).map_err(|refused| fault_of(refused, key.start))
    }

    /// What the value at the cursor holds.
    #[inline]
    fn holds(&mut self) -> Holds {
        match self.cursor.peek() {
            b'{' if self.has_contents(b'}') => Holds::Members,
            b'[' if self.paths.opens_lists() && self.has_contents(b']') => Holds::Elements,
            _ => Holds::Value,
        }
    }

    /// Whether anything stands between the bracket at the cursor and the one that closes it.
    fn has_contents(&mut self, close: u8) -> bool {
        let start = self.cursor.at;
        self.cursor.at += 1;
        let first = self.cursor.peek();
        self.cursor.at = start;
        first != close
    }

    /// Steps over a value that leads somewhere, and takes what is wanted of it. `from`: where its member begins.
    #[expect(clippy::inline_always, reason = "measured: a call for each member is 8 % of reading flat lines")]
    #[inline(always)]
    fn take(&mut self, from: usize, child: Child, depth: usize) -> Result<(), Fault> {
        let first = self.cursor.peek();
        let start = self.cursor.at;
        if let Some(list) = child.list
            && (first == b'[' || child.lax)
        {
            return self.elements(from, child, list, depth);
        }
        let mut value = Value::Raw;
        match first {
            b'"' => value = Value::Text(self.cursor.string("a string")?),
            b'{' => {
                let has_members = self.has_contents(b'}');
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
        self.capture(from, column, &value, start, end)
    }

    /// Steps over a list, or over a value that counts as one, and takes what is wanted of its elements.
    #[inline(never)]
    fn elements(&mut self, from: usize, child: Child, list: u32, depth: usize) -> Result<(), Fault> {
        let start = self.cursor.at;
        self.within += 1;
        let has_elements = match self.cursor.peek() {
            b'[' => self.list(list, depth)?,
            first => {
                self.element(list, from, depth)?;
                first != b'n'
            }
        };
        self.within -= 1;
        self.paths.meet(list, has_elements);
        if let Some(number) = self.paths.outermost(list) {
            self.note_list(number, member_at(from, start, self.cursor.at))?;
        }
        // A list without elements has no other path than its own.
        if child.asked || (!has_elements && !child.lax) {
            self.cursor.at = start;
            return self.take_inside(from, Child { list: None, next: None, ..child }, depth);
        }
        Ok(())
    }

    /// [`Self::take`] where lists are read.
    #[inline(never)]
    fn take_inside(&mut self, from: usize, child: Child, depth: usize) -> Result<(), Fault> {
        self.take(from, child, depth)
    }

    /// Steps over a list. Says whether it had elements.
    fn list(&mut self, list: u32, depth: usize) -> Result<bool, Fault> {
        let depth = self.cursor.deeper(depth)?;
        self.cursor.at += 1;
        if self.cursor.peek() == b']' {
            self.cursor.at += 1;
            return Ok(false);
        }
        loop {
            self.cursor.peek();
            self.element(list, self.cursor.at, depth)?;
            if !self.cursor.comma(b']', "a comma or closing bracket is missing")? {
                return Ok(true);
            }
        }
    }

    fn element(&mut self, list: u32, from: usize, depth: usize) -> Result<(), Fault> {
        let too_many = Fault { at: self.cursor.at, problem: Problem::TooManyElements };
        self.elements_left = self.elements_left.checked_sub(1).ok_or(too_many)?;
        let mut child = self.paths.element(list);
        if self.paths.discovers() && self.cursor.peek() != b'n' {
            let holds = self.holds();
            if !self.paths.is_settled(&child, holds) {
                let at = self.cursor.at;
                child = self.paths.discover_element(list, holds).map_err(|refused| fault_of(refused, at))?;
            }
        }
        self.take_inside(from, child, depth)
    }

    /// Notes where an outermost list is; a row has it once.
    fn note_list(&mut self, number: usize, member: Member) -> Result<(), Fault> {
        if self.lists.len() <= number {
            self.lists.resize_with(number + 1, Vec::new);
        }
        let Some(rows) = self.lists.get_mut(number) else { return Ok(()) };
        if rows.len() > self.row {
            return Err(Fault { at: member.value_start as usize, problem: Problem::Ambiguous });
        }
        rows.resize(self.row, Member::ABSENT);
        rows.push(member);
        Ok(())
    }

    #[expect(clippy::inline_always, reason = "measured: as for `take`")]
    #[inline(always)]
    fn capture(&mut self, from: usize, column: usize, value: &Value, start: usize, end: usize) -> Result<(), Fault> {
        if self.columns.len() <= column {
            let rows = self.expected_rows;
            self.columns.resize_with(column + 1, || Column::with_rows(rows));
        }
        let bytes = self.cursor.bytes;
        let row = self.row;
        let Some(column) = self.columns.get_mut(column) else { return Ok(()) };
        if self.within > 0 {
            column.note_row(row);
        } else {
            if column.cells.len() > row {
                return Err(Fault { at: from + 1, problem: Problem::Ambiguous });
            }
            column.cells.pad(row);
        }
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
            if self.within == 0 {
                column.members.resize(row, Member::ABSENT);
            }
            column.members.push(member_at(from, start, end));
        }
        Ok(())
    }
}

fn fault_of(refused: Refused, at: usize) -> Fault {
    let problem = match refused {
        Refused::TooMany => Problem::TooManyPaths,
        Refused::LikePath => Problem::KeyLikePath,
    };
    Fault { at, problem }
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
fn member_at(from: usize, start: usize, end: usize) -> Member {
    Member { key_start: from as u32, value_start: start as u32, value_end: end as u32 }
}

#[expect(clippy::cast_possible_truncation, reason = "a block has fewer rows than bytes, which are less than 4 GiB")]
fn row_number(row: usize) -> u32 {
    row as u32
}
