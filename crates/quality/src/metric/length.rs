//! Least and greatest number of characters.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::cells::{Cells, Texts};
use crate::value::{char_length, count};

/// Lengths in Unicode code points; NULLs left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lengths {
    /// Least and greatest, when there was any value.
    pub(crate) extent: Option<(u64, u64)>,
}

impl Lengths {
    pub(super) fn update(&mut self, cells: &Cells, rows: Option<&BooleanBuffer>) {
        if let Cells::Text(array) = cells {
            let texts = Texts::new(array);
            match rows {
                None => (0..cells.len()).for_each(|row| self.add(texts.char_length(row))),
                Some(rows) => rows.set_indices().for_each(|row| self.add(texts.char_length(row))),
            }
            return;
        }
        let mut text = String::new();
        for row in (0..cells.len()).filter(|row| rows.is_none_or(|rows| rows.value(*row))) {
            text.clear();
            cells.render(row, &mut text);
            self.add(count(char_length(text.as_bytes())));
        }
    }

    #[inline]
    fn add(&mut self, length: u64) {
        self.extent = Some(match self.extent {
            Some((least, greatest)) => (least.min(length), greatest.max(length)),
            None => (length, length),
        });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if let Some((least, greatest)) = other.extent {
            let (ours_least, ours_greatest) = self.extent.unwrap_or((least, greatest));
            self.extent = Some((ours_least.min(least), ours_greatest.max(greatest)));
        }
    }
}
