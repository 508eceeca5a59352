//! Writes lines that hold chosen values and nothing else.

use arrow_array::{Array, ArrayRef, BooleanArray};

use crate::error::TabularError;
use crate::json::lines::SourceLines;
use crate::json::string::write_string;
use crate::json::value::{ValueWriter, writers};
use crate::json::walk::Member;

/// Levels of nesting that are written. A path with more keeps its dots as one key.
const NESTING: usize = 64;

/// Builds each line anew from the values on the chosen paths. What is not replaced keeps its spelling; what was not
/// chosen leaves no trace, not even its key, which may be personal too.
#[derive(Debug)]
pub(crate) struct LineSelector {
    /// Path, and the number of its new values; `None`: as it was.
    chosen: Vec<(String, Option<usize>)>,
    root: Vec<Branch>,
}

/// A member of the objects that are written.
#[derive(Debug)]
struct Branch {
    name: String,
    /// `"name":`
    key: Vec<u8>,
    node: Node,
}

#[derive(Debug)]
enum Node {
    /// The value of the chosen path of this number.
    Value(usize),
    Object(Vec<Branch>),
}

impl Branch {
    fn new(name: &str, node: Node) -> Self {
        let mut key = Vec::new();
        write_string(name, &mut key);
        key.push(b':');
        Self { name: name.to_owned(), key, node }
    }
}

impl LineSelector {
    /// `columns`: paths, and whether they get new values.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = (&'a str, bool)>) -> Self {
        let mut next = 0;
        let chosen: Vec<_> = columns
            .map(|(path, replaced)| {
                let values = replaced.then_some(next);
                next += usize::from(replaced);
                (path.to_owned(), values)
            })
            .collect();
        let mut root = Vec::new();
        for (column, (path, _)) in chosen.iter().enumerate() {
            let keys: Vec<&str> = path.split('.').collect();
            if keys.len() > NESTING || !insert(&mut root, &keys, column) {
                // Another path ends where this one goes on: it stays one key, dots and all.
                root.push(Branch::new(path, Node::Value(column)));
            }
        }
        Self { chosen, root }
    }

    /// Appends the lines that `keep` keeps. `values`: one array for each path with new values.
    pub(crate) fn write(
        &self,
        lines: &SourceLines,
        rows: usize,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
        out: &mut Vec<u8>,
    ) -> Result<(), TabularError> {
        let writers = writers(values, NESTING)?;
        let sources: Vec<Source<'_>> = self
            .chosen
            .iter()
            .map(|(path, values)| Source {
                members: lines.members(path).unwrap_or_default(),
                writer: values.and_then(|values| writers.get(values)),
            })
            .collect();
        for row in (0..rows).filter(|row| keep.is_none_or(|keep| keep.is_valid(*row) && keep.value(*row))) {
            if !write_object(&self.root, &sources, lines.bytes(), row, out) {
                out.extend_from_slice(b"{}");
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

/// Where the values of a path come from.
struct Source<'a> {
    members: &'a [Member],
    writer: Option<&'a ValueWriter<'a>>,
}

/// Adds a path below `branches`; false when it collides with another.
fn insert(branches: &mut Vec<Branch>, keys: &[&str], column: usize) -> bool {
    let Some((key, rest)) = keys.split_first() else { return false };
    let known = branches.iter_mut().find(|branch| branch.name == *key);
    match (known, rest.is_empty()) {
        (None, true) => branches.push(Branch::new(key, Node::Value(column))),
        (None, false) => {
            let mut inner = Vec::new();
            if !insert(&mut inner, rest, column) {
                return false;
            }
            branches.push(Branch::new(key, Node::Object(inner)));
        }
        (Some(Branch { node: Node::Object(inner), .. }), false) => return insert(inner, rest, column),
        (Some(_), _) => return false,
    }
    true
}

/// Appends an object with the members that the row has; false, and nothing appended, when it has none.
fn write_object(branches: &[Branch], sources: &[Source<'_>], bytes: &[u8], row: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for Branch { key, node, .. } in branches {
        let before = out.len();
        out.push(if before == start { b'{' } else { b',' });
        out.extend_from_slice(key);
        let written = match node {
            Node::Value(column) => sources.get(*column).is_some_and(|source| write_value(source, bytes, row, out)),
            Node::Object(inner) => write_object(inner, sources, bytes, row, out),
        };
        if !written {
            out.truncate(before);
        }
    }
    if out.len() > start {
        out.push(b'}');
    }
    out.len() > start
}

fn write_value(source: &Source<'_>, bytes: &[u8], row: usize, out: &mut Vec<u8>) -> bool {
    let Some(member) = source.members.get(row).filter(|member| **member != Member::ABSENT) else { return false };
    if let Some(writer) = source.writer {
        writer.write(row, out);
    } else {
        let (start, end) = (member.value_start as usize, member.value_end as usize);
        out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
    }
    true
}
