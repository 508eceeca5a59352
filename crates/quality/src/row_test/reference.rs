//! Whether a row has its counterpart in a reference dataset.

use arrow_buffer::BooleanBuffer;

use crate::frame::Frame;
use crate::keys::KeyForm;
use crate::plan::ColumnId;

/// What counts as a counterpart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReferenceTest {
    /// A row with the same key.
    Contained { alias: String, set: usize, columns: Vec<(ColumnId, KeyForm)> },
    /// The row with the same key has the same values.
    Equal { alias: String, map: usize, keys: Vec<(ColumnId, KeyForm)>, values: Vec<(ColumnId, KeyForm)> },
}

impl ReferenceTest {
    pub(super) fn mark(&self, frame: &Frame<'_>) -> BooleanBuffer {
        let marks = match self {
            Self::Contained { alias, set, columns } => {
                frame.references.get(alias).map(|reference| reference.mark_contained(*set, frame, columns))
            }
            Self::Equal { alias, map, keys, values } => {
                frame.references.get(alias).map(|reference| reference.mark_equal(*map, frame, keys, values))
            }
        };
        marks.unwrap_or_else(|| BooleanBuffer::new_unset(frame.rows))
    }
}
