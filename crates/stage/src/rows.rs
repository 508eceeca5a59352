//! A set of row numbers of one object: which rows fail, as one stage tells the next.
//!
//! Layout, version 1: the four bytes `SLRS`, the version as one byte, the number of rows of the table, the number of those
//! in the set, then for each run of consecutive rows the rows skipped since the last one and its length. Numbers are
//! LEB128. The verdict names the SHA-256 of these bytes. Reading is safe for hostile bytes: every run is checked before
//! the set is used, and it is walked as it is stored, so that memory is that of the bytes.

use std::ops::Range;

const MAGIC: &[u8; 4] = b"SLRS";
const VERSION: u8 = 1;

/// The largest set that is read, in bytes. A run takes two bytes and more.
pub const MAX_ROW_SET_BYTES: u64 = 64 << 20;

/// A set of row numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    rows: u64,
    members: u64,
    /// The runs as they are stored.
    runs: Vec<u8>,
}

/// Why bytes are not a set of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored set of rows is damaged: {problem}; judge the object again")]
pub struct RowSetError {
    /// What does not fit.
    pub problem: &'static str,
}

impl RowSet {
    /// The set of these runs of a table of so many rows.
    ///
    /// # Errors
    /// When the runs do not ascend, touch or lie beyond the table.
    pub fn of(rows: u64, runs: impl IntoIterator<Item = Range<u64>>) -> Result<Self, RowSetError> {
        let (mut stored, mut members, mut end) = (Vec::new(), 0u64, None::<u64>);
        for run in runs {
            let skipped = run.start.checked_sub(end.unwrap_or_default());
            let skipped = skipped.ok_or(RowSetError { problem: "its runs do not ascend" })?;
            if run.is_empty() || run.end > rows || (skipped == 0 && end.is_some()) {
                return Err(RowSetError { problem: "a run is empty, touches another or leaves the table" });
            }
            push(&mut stored, skipped);
            push(&mut stored, run.end - run.start);
            members += run.end - run.start;
            end = Some(run.end);
        }
        Ok(Self { rows, members, runs: stored })
    }

    /// Rows of the table.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows of the set.
    pub const fn members(&self) -> u64 {
        self.members
    }

    /// The bytes to be stored: the same for the same set.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.runs.len() + 25);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        push(&mut bytes, self.rows);
        push(&mut bytes, self.members);
        bytes.extend_from_slice(&self.runs);
        bytes
    }

    /// Reads a stored set.
    ///
    /// # Errors
    /// When the bytes are none, or not the ones that [`Self::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RowSetError> {
        let damaged = |problem| RowSetError { problem };
        let rest = bytes.strip_prefix(MAGIC).ok_or(damaged("it does not begin as one"))?;
        let mut rest = rest.strip_prefix(&[VERSION]).ok_or(damaged("it is of another version"))?;
        let rows = pull(&mut rest).ok_or(damaged("its head is cut off"))?;
        let members = pull(&mut rest).ok_or(damaged("its head is cut off"))?;
        let mut walk = Runs { rest, end: 0 };
        let whole = Self::of(rows, std::iter::from_fn(|| walk.next_run()))?;
        if whole.members == members && whole.to_bytes() == bytes {
            Ok(whole)
        } else {
            Err(damaged("its runs are not what its head promises"))
        }
    }

    /// A walk along the set, block by block.
    pub fn into_walk(self) -> RowWalk {
        RowWalk { set: self, at: 0, end: 0, run: None }
    }
}

/// A walk along a set in the order of rows.
#[derive(Debug)]
pub struct RowWalk {
    set: RowSet,
    /// Bytes of the runs that were read.
    at: usize,
    /// Where the last run that was read ends.
    end: u64,
    /// What is left of it.
    run: Option<Range<u64>>,
}

impl RowWalk {
    /// The rows of the set among `rows` rows from `first_row` on, counted from `first_row`. Blocks are asked for in order.
    pub fn within(&mut self, first_row: u64, rows: usize) -> Vec<Range<usize>> {
        let last_row = first_row.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
        let mut found = Vec::new();
        loop {
            let Some(run) = self.run.take().or_else(|| self.read()) else { return found };
            let (start, end) = (run.start.max(first_row), run.end.min(last_row));
            if start < end {
                let place = |row: u64| usize::try_from(row - first_row).unwrap_or(rows);
                found.push(place(start)..place(end));
            }
            if run.end > last_row {
                self.run = Some(run);
                return found;
            }
        }
    }

    fn read(&mut self) -> Option<Range<u64>> {
        let mut walk = Runs { rest: self.set.runs.get(self.at..)?, end: self.end };
        let run = walk.next_run()?;
        self.at = self.set.runs.len() - walk.rest.len();
        self.end = walk.end;
        Some(run)
    }
}

struct Runs<'b> {
    rest: &'b [u8],
    end: u64,
}

impl Runs<'_> {
    fn next_run(&mut self) -> Option<Range<u64>> {
        let start = self.end.checked_add(pull(&mut self.rest)?)?;
        self.end = start.checked_add(pull(&mut self.rest)?)?;
        Some(start..self.end)
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set_of(members: &[bool]) -> RowSet {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for (row, _) in members.iter().enumerate().filter(|(_, is_in)| **is_in) {
            let row = row as u64;
            match runs.last_mut() {
                Some(last) if last.end == row => last.end += 1,
                _ => runs.push(row..row + 1),
            }
        }
        RowSet::of(members.len() as u64, runs).unwrap()
    }

    proptest! {
        #[test]
        fn a_set_is_read_back_and_walked_in_any_blocks(members in prop::collection::vec(any::<bool>(), 0..300), sizes in prop::collection::vec(1usize..40, 1..20)) {
            let set = set_of(&members);
            prop_assert_eq!(set.members(), members.iter().filter(|is_in| **is_in).count() as u64);
            let read = RowSet::from_bytes(&set.to_bytes()).unwrap();
            prop_assert_eq!(&read, &set);
            let mut walk = read.into_walk();
            let (mut first, mut walked) = (0, vec![false; members.len()]);
            for size in sizes.iter().cycle() {
                let size = (*size).min(members.len() - first);
                for run in walk.within(first as u64, size) {
                    run.for_each(|row| walked[first + row] = true);
                }
                first += size;
                if first == members.len() { break; }
            }
            prop_assert_eq!(walked, members);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut stored = b"SLRS\x01".to_vec();
            stored.extend(bytes);
            if let Ok(set) = RowSet::from_bytes(&stored) {
                prop_assert_eq!(set.to_bytes(), stored);
            }
        }
    }

    #[test]
    fn runs_that_lie_are_refused() {
        let one = |run: Range<u64>| std::iter::once(run);
        assert!(RowSet::of(3, one(2..4)).is_err());
        assert!(RowSet::of(9, [2..4, 3..5]).is_err());
        assert!(RowSet::of(9, [2..4, 4..5]).is_err());
        let mut bytes = RowSet::of(9, one(2..4)).unwrap().to_bytes();
        bytes[6] = 3;
        assert!(RowSet::from_bytes(&bytes).is_err());
    }
}
