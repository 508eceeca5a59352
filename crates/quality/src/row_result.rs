//! Row results: which rows pass which rules, one bit each.

use arrow_buffer::BooleanBuffer;

use crate::outcome::RowMark;
use crate::value::count;

/// The rows of one rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowBits {
    /// Rows that pass; filtered rows are among them.
    pub(crate) passed: BooleanBuffer,
    /// Rows that the rule's filter leaves out, when that is told.
    pub(crate) skipped: Option<BooleanBuffer>,
}

/// Which rows pass which rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RowResults {
    pub(crate) rows: usize,
    /// By rule; `None` for rules that do not judge rows.
    pub(crate) rules: Vec<Option<RowBits>>,
}

impl RowResults {
    /// Number of rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How row `row` fares under rule `rule`, both counted from 0.
    pub fn mark(&self, rule: usize, row: usize) -> RowMark {
        let bits = self.rules.get(rule).and_then(Option::as_ref).filter(|_| row < self.rows);
        match bits {
            None => RowMark::Skipped,
            Some(bits) if bits.skipped.as_ref().is_some_and(|skipped| skipped.value(row)) => RowMark::Skipped,
            Some(bits) if bits.passed.value(row) => RowMark::Passed,
            Some(_) => RowMark::Failed,
        }
    }

    /// How many rows fail rule `rule`, counted from 0; `None` when it does not judge rows.
    pub fn failing_rows(&self, rule: usize) -> Option<u64> {
        let bits = self.rules.get(rule)?.as_ref()?;
        Some(count(bits.passed.len() - bits.passed.count_set_bits()))
    }

    /// The rows that no rule fails.
    pub fn passing_rows(&self) -> BooleanBuffer {
        let all = BooleanBuffer::new_set(self.rows);
        self.rules.iter().flatten().fold(all, |rows, bits| &rows & &bits.passed)
    }
}
