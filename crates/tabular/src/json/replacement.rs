//! New values for those of a path: one a row, or inside lists as many as the row has.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray};

use arrow_schema::DataType;

use crate::display::text;
use crate::error::TabularError;
use crate::json::lines::{Members, bound};
use crate::json::value::ValueWriter;

/// Levels of nesting that are written.
pub(crate) const NESTING: usize = 64;

/// New values of a path in a block.
pub(crate) struct Replacement<'a> {
    values: &'a ArrayRef,
    /// The list that the values are of.
    list: Option<&'a ListArray>,
    writer: ValueWriter<'a>,
    /// The values before, where those that did not change are told.
    before: Option<&'a ArrayRef>,
}

impl<'a> Replacement<'a> {
    /// # Errors
    /// [`TabularError::Shape`] when there are not as many values as there are old ones.
    pub(crate) fn new(new: Option<&'a ArrayRef>, old: &Members) -> Result<Self, TabularError> {
        let shape = |problem: &str| TabularError::Shape { problem: problem.to_owned() };
        let new = new.ok_or_else(|| shape("an array of new values is missing"))?;
        if !old.is_in_list() {
            return Ok(Self { values: new, list: None, writer: ValueWriter::new(new, NESTING)?, before: None });
        }
        let list = new.as_list_opt::<i32>().filter(|list| old.fit(list));
        let list = list.ok_or_else(|| shape("a path into lists needs as many new values in each row as it has"))?;
        let values = list.values();
        Ok(Self { values, list: Some(list), writer: ValueWriter::new(values, NESTING)?, before: None })
    }

    /// The same, which tells values that are text and the same as in `before`.
    pub(crate) fn where_changed(mut self, before: Option<&'a ArrayRef>) -> Self {
        let before = match (before, self.list) {
            (Some(before), Some(_)) => before.as_list_opt::<i32>().map(ListArray::values),
            (before, _) => before,
        };
        // Both begin with the same value: lists that were read or mapped value by value do.
        self.before = before.filter(|before| {
            before.len() == self.values.len()
                && before.data_type() == self.values.data_type()
                && matches!(before.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        });
        self
    }

    fn index(&self, row: usize, nth: usize) -> usize {
        self.list.map_or(row, |list| bound(list.offsets(), row) + nth)
    }

    /// Whether a value of a row stays as it was.
    pub(crate) fn is_unchanged(&self, row: usize, nth: usize) -> bool {
        let index = self.index(row, nth);
        self.before.is_some_and(|before| {
            before.is_null(index) == self.values.is_null(index) && text(before, index) == text(self.values, index)
        })
    }

    /// Appends a value of a row.
    pub(crate) fn write(&self, row: usize, nth: usize, out: &mut Vec<u8>) {
        self.writer.write(self.index(row, nth), out);
    }
}
