//! Columns inside lists as Arrow lists.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, ListArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};

use crate::error::TabularError;

/// The field of a list's values, under the name that Arrow gives it.
pub(crate) fn element_field(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new_list_field(data_type, true))
}

/// A row without values is NULL, as it is in any column.
pub(crate) fn list_of(values: ArrayRef, offsets: OffsetBuffer<i32>) -> Result<ArrayRef, TabularError> {
    let nulls: NullBuffer = offsets.lengths().map(|length| length > 0).collect();
    let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
    let list = ListArray::try_new(element_field(values.data_type().clone()), offsets, values, nulls);
    list.map(|list| Arc::new(list) as ArrayRef).map_err(|error| TabularError::Shape { problem: error.to_string() })
}

/// Where the values of each row begin, given the row of each value, in order.
pub(crate) fn offsets_of(rows_of_values: &[u32], rows: usize) -> OffsetBuffer<i32> {
    let mut lengths = vec![0usize; rows];
    for row in rows_of_values {
        if let Some(length) = lengths.get_mut(*row as usize) {
            *length += 1;
        }
    }
    OffsetBuffer::from_lengths(lengths)
}
