//! Least and greatest number of characters.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::cells::Cells;
use crate::value::{char_length, count};

/// Lengths in Unicode code points; NULLs left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lengths {
    /// Least and greatest, when there was any value.
    pub(crate) extent: Option<(u64, u64)>,
}

impl Lengths {
    /// Takes in the chosen rows. `lengths` are those of a column of texts.
    pub(super) fn update(&mut self, cells: &Cells, lengths: Option<&[u32]>, rows: Option<&BooleanBuffer>) {
        if let Some(lengths) = lengths {
            match rows {
                None => self.add_all(lengths),
                Some(rows) => {
                    for (start, end) in rows.set_slices() {
                        self.add_all(lengths.get(start..end).unwrap_or_default());
                    }
                }
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

    fn add_all(&mut self, lengths: &[u32]) {
        if let (Some(least), Some(greatest)) = (lengths.iter().min(), lengths.iter().max()) {
            self.add((*least).into());
            self.add((*greatest).into());
        }
    }

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
