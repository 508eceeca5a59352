//! Writes lines back as they were, with some values replaced or removed.

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};

use crate::error::TabularError;
use crate::json::lines::{Members, SourceLines};
use crate::json::replacement::Replacement;
use crate::json::walk::Member;
use crate::rewrite::Change;

/// Replaces and removes members of lines; every other byte stays.
#[derive(Debug)]
pub(crate) struct LineEditor {
    changes: Vec<(String, Edit)>,
}

/// What is done to the values of a path.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Remove,
    /// Replaced by the values of this number.
    Replace(usize),
    /// The same, save those whose text stays as it was.
    ReplaceChanged(usize),
}

/// A path of a block.
struct Column<'a> {
    members: &'a Members,
    new: Option<Replacement<'a>>,
}

/// One change to one line.
#[derive(Debug, Clone, Copy)]
struct Splice {
    member: Member,
    column: usize,
    /// Which of the row's values it is.
    nth: usize,
}

impl LineEditor {
    pub(crate) fn new(changes: &[(String, Change)]) -> Self {
        let mut next = 0;
        let mut number = |edit: fn(usize) -> Edit| {
            next += 1;
            edit(next - 1)
        };
        let edits = changes.iter().map(|(path, change)| {
            let edit = match change {
                Change::Replace(_) => number(Edit::Replace),
                Change::ReplaceChanged(_) => number(Edit::ReplaceChanged),
                Change::Remove => Edit::Remove,
            };
            (path.clone(), edit)
        });
        Self { changes: edits.collect() }
    }

    /// Appends the lines that `keep` keeps. `read`: the block as it was read; `values`: one array for each replaced path.
    pub(crate) fn write(
        &self,
        lines: &SourceLines,
        read: &RecordBatch,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
        out: &mut Vec<u8>,
    ) -> Result<(), TabularError> {
        let columns = self.columns(lines, read, values)?;
        let mut splices = Vec::new();
        for row in (0..read.num_rows()).filter(|row| keep.is_none_or(|keep| keep.is_valid(*row) && keep.value(*row))) {
            splices.clear();
            for (number, column) in columns.iter().enumerate() {
                let members = column.members.of_row(row).iter().enumerate();
                splices.extend(members.map(|(nth, member)| Splice { member: *member, column: number, nth }));
            }
            splices.sort_unstable_by_key(|splice| splice.member.key_start);
            let (start, end) = lines.line(row);
            let mut copied = start;
            for splice in &splices {
                let Member { key_start, value_start, value_end } = splice.member;
                // A member of a member that was replaced or removed as a whole is gone already.
                if (key_start as usize) < copied {
                    continue;
                }
                match columns.get(splice.column).and_then(|column| column.new.as_ref()) {
                    Some(new) if new.is_unchanged(row, splice.nth) => {}
                    Some(new) => {
                        copy(lines, copied, value_start as usize, out);
                        new.write(row, splice.nth, out);
                        copied = value_end as usize;
                    }
                    None => {
                        copy(lines, copied, key_start as usize, out);
                        copied = remove(lines.bytes(), value_end as usize, end, out);
                    }
                }
            }
            copy(lines, copied, end, out);
            out.push(b'\n');
        }
        Ok(())
    }

    fn columns<'a>(
        &self,
        lines: &'a SourceLines,
        read: &'a RecordBatch,
        values: &'a [ArrayRef],
    ) -> Result<Vec<Column<'a>>, TabularError> {
        let mut columns = Vec::with_capacity(self.changes.len());
        for (path, edit) in &self.changes {
            let Some(members) = lines.members(path) else { continue };
            let new = match *edit {
                Edit::Remove => None,
                Edit::Replace(number) => Some(Replacement::new(values.get(number), members)?),
                Edit::ReplaceChanged(number) => {
                    let new = Replacement::new(values.get(number), members)?;
                    Some(new.where_changed(read.column_by_name(path)))
                }
            };
            columns.push(Column { members, new });
        }
        Ok(columns)
    }
}

fn copy(lines: &SourceLines, start: usize, end: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(lines.bytes().get(start..end).unwrap_or_default());
}

/// Steps over a member that ends at `at`, and takes away the comma that parted it from its neighbour: the one after it,
/// else the one before it, which was written last. Returns where to go on.
fn remove(bytes: &[u8], at: usize, line_end: usize, out: &mut Vec<u8>) -> usize {
    let skip_space = |mut at: usize| {
        while at < line_end && bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let next = skip_space(at);
    if bytes.get(next) == Some(&b',') {
        return skip_space(next + 1);
    }
    let written = out.iter().rposition(|byte| !byte.is_ascii_whitespace());
    if let Some(comma) = written.filter(|last| out.get(*last) == Some(&b',')) {
        out.truncate(comma);
    }
    at
}
