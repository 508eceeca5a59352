//! Writes a list anew with nothing in it but what was chosen.

use crate::error::TabularError;
use crate::json::paths::{Child, Paths};
use crate::json::replacement::Replacement;
use crate::json::scan::{Cursor, Fault, Text};
use crate::json::string::unescape;

/// Levels of nesting that are written; the reader allows no more.
const NESTING: usize = 256;

/// A walk over a list of a row. It meets the values of each path in the order in which the reader met them.
pub(crate) struct ListFilter<'a, 's> {
    pub(crate) cursor: Cursor<'a>,
    /// The chosen paths, and nothing else.
    pub(crate) paths: &'s Paths,
    /// By chosen path: its new values, and how many of the row's were met.
    pub(crate) chosen: &'s mut [Chosen<'a>],
    pub(crate) row: usize,
    pub(crate) out: &'s mut Vec<u8>,
}

/// A chosen path.
pub(crate) struct Chosen<'a> {
    /// `None`: values stay as they are.
    pub(crate) new: Option<Replacement<'a>>,
    pub(crate) met: usize,
}

impl ListFilter<'_, '_> {
    /// Appends what is chosen of a list that was asked for. False, and nothing appended, when it is no list and nothing is.
    pub(crate) fn write(&mut self, list: u32) -> Result<bool, TabularError> {
        let outermost = Child { list: Some(list), lax: true, ..Child::default() };
        let problem = |_| TabularError::Shape { problem: "a line is not what was read".to_owned() };
        self.value(outermost, NESTING).map_err(problem)
    }

    fn value(&mut self, child: Child, depth: usize) -> Result<bool, Fault> {
        let first = self.cursor.peek();
        if let Some(list) = child.list {
            let element = self.paths.element(list);
            return if first == b'[' { self.list(element, depth) } else { self.value(element, depth) };
        }
        if let Some(column) = child.column {
            let start = self.cursor.at;
            self.cursor.value(depth)?;
            self.chosen_value(column, start);
            return Ok(true);
        }
        match child.next {
            Some(next) if first == b'{' => self.object(next, depth),
            _ => self.cursor.value(depth).map(|()| false),
        }
    }

    fn chosen_value(&mut self, column: usize, start: usize) {
        let Some(chosen) = self.chosen.get_mut(column) else { return };
        match &chosen.new {
            Some(new) => new.write(self.row, chosen.met, self.out),
            None => self.out.extend_from_slice(self.cursor.bytes.get(start..self.cursor.at).unwrap_or_default()),
        }
        chosen.met += 1;
    }

    /// An element of which nothing is chosen leaves an empty object or null, so that the others keep their places.
    fn list(&mut self, element: Child, depth: usize) -> Result<bool, Fault> {
        let depth = self.cursor.deeper(depth)?;
        self.cursor.at += 1;
        self.out.push(b'[');
        let is_empty = self.cursor.peek() == b']';
        self.cursor.at += usize::from(is_empty);
        let mut more = !is_empty;
        while more {
            let first = self.cursor.peek();
            if !self.value(element, depth)? {
                self.out.extend_from_slice(if first == b'{' { b"{}" } else { b"null" });
            }
            more = self.cursor.comma(b']', "a comma or closing bracket is missing")?;
            if more {
                self.out.push(b',');
            }
        }
        self.out.push(b']');
        Ok(true)
    }

    fn object(&mut self, node: usize, depth: usize) -> Result<bool, Fault> {
        let depth = self.cursor.deeper(depth)?;
        self.cursor.at += 1;
        if self.cursor.peek() == b'}' {
            self.cursor.at += 1;
            return Ok(false);
        }
        let begin = self.out.len();
        loop {
            let key = self.cursor.string("a key in quotes is missing")?;
            self.cursor.expect(b':', "a colon is missing after a key")?;
            let child = self.child(node, key)?;
            let before = self.out.len();
            self.out.push(if before == begin { b'{' } else { b',' });
            self.out.extend_from_slice(self.cursor.bytes.get(key.start - 1..=key.end).unwrap_or_default());
            self.out.push(b':');
            if !self.value(child, depth)? {
                self.out.truncate(before);
            }
            if !self.cursor.comma(b'}', "a comma or closing brace is missing")? {
                break;
            }
        }
        let has_members = self.out.len() > begin;
        if has_members {
            self.out.push(b'}');
        }
        Ok(has_members)
    }

    fn child(&self, node: usize, key: Text) -> Result<Child, Fault> {
        let raw = self.cursor.bytes.get(key.start..key.end).unwrap_or_default();
        let mut unescaped = Vec::new();
        let name = if key.escaped {
            unescape(raw, key.start, &mut unescaped)?;
            unescaped.as_slice()
        } else {
            raw
        };
        Ok(self.paths.find(node, name).copied().unwrap_or_default())
    }
}
