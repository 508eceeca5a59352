//! Writes lines back as they were, with some values replaced or removed.

use arrow_array::{Array, ArrayRef, BooleanArray};

use crate::error::TabularError;
use crate::json::lines::SourceLines;
use crate::json::value::writers;
use crate::json::walk::Member;
use crate::rewrite::Change;

/// Levels of nesting that are written.
const NESTING: usize = 64;

/// Replaces and removes members of lines; every other byte stays.
#[derive(Debug)]
pub(crate) struct LineEditor {
    /// Path, and the number of its values; `None`: removed.
    changes: Vec<(String, Option<usize>)>,
}

/// One change to one line.
#[derive(Debug, Clone, Copy)]
struct Splice {
    member: Member,
    values: Option<usize>,
}

impl LineEditor {
    pub(crate) fn new(changes: &[(String, Change)]) -> Self {
        let mut next = 0;
        let mut number = |change: &Change| match change {
            Change::Replace(_) => {
                next += 1;
                Some(next - 1)
            }
            Change::Remove => None,
        };
        Self { changes: changes.iter().map(|(path, change)| (path.clone(), number(change))).collect() }
    }

    /// Appends the lines that `keep` keeps. `values`: one array for each replaced path.
    pub(crate) fn write(
        &self,
        lines: &SourceLines,
        rows: usize,
        values: &[ArrayRef],
        keep: Option<&BooleanArray>,
        out: &mut Vec<u8>,
    ) -> Result<(), TabularError> {
        let writers = writers(values, NESTING)?;
        let members = |(path, values): &(String, Option<usize>)| lines.members(path).map(|members| (members, *values));
        let columns: Vec<(&[Member], Option<usize>)> = self.changes.iter().filter_map(members).collect();
        let mut splices = Vec::new();
        for row in (0..rows).filter(|row| keep.is_none_or(|keep| keep.is_valid(*row) && keep.value(*row))) {
            splices.clear();
            let present = columns.iter().filter_map(|(members, values)| {
                let member = members.get(row).copied().filter(|member| *member != Member::ABSENT)?;
                Some(Splice { member, values: *values })
            });
            splices.extend(present);
            splices.sort_unstable_by_key(|splice| splice.member.key_start);
            let (start, end) = lines.line(row);
            let mut copied = start;
            for splice in &splices {
                let Member { key_start, value_start, value_end } = splice.member;
                // A member of a member that was replaced or removed as a whole is gone already.
                if (key_start as usize) < copied {
                    continue;
                }
                if let Some(writer) = splice.values.and_then(|values| writers.get(values)) {
                    copy(lines, copied, value_start as usize, out);
                    writer.write(row, out);
                    copied = value_end as usize;
                } else {
                    copy(lines, copied, key_start as usize, out);
                    copied = remove(lines.bytes(), value_end as usize, end, out);
                }
            }
            copy(lines, copied, end, out);
            out.push(b'\n');
        }
        Ok(())
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
