//! How often each text occurs, with the texts: a histogram.

use std::collections::HashMap;

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use crate::cells::{Cells, Texts};
use crate::frame::Numbers;

/// Memory for texts and their counts; a column with more different texts has no histogram.
const MOST_BYTES: usize = 64 << 20;
const ENTRY_BYTES: usize = 64;

/// Counts, or sums of another column's numbers, by text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TextCounts {
    amounts: HashMap<Box<str>, f64>,
    /// The amount of the rows that are NULL, when there are any.
    pub(crate) null: Option<f64>,
    #[serde(skip)]
    held_bytes: usize,
    /// Too many different texts: what is here is not all.
    pub(crate) overflown: bool,
}

impl TextCounts {
    /// Takes in rows; `weights` are added up instead of rows.
    pub(super) fn update(&mut self, cells: &Cells, weights: Option<&Numbers>, filter: Option<&BooleanBuffer>) {
        let weight = |row: usize| match weights {
            None => 1.0,
            Some(numbers) if numbers.valid.as_ref().is_none_or(|valid| valid.value(row)) => {
                numbers.values.get(row).copied().unwrap_or_default()
            }
            Some(_) => 0.0,
        };
        let texts = if let Cells::Text(array) = cells { Some(Texts::new(array)) } else { None };
        let valid = cells.valid();
        let mut rendered = String::new();
        for row in (0..cells.len()).filter(|row| filter.is_none_or(|filter| filter.value(*row))) {
            if valid.is_some_and(|valid| !valid.value(row)) {
                *self.null.get_or_insert(0.0) += weight(row);
                continue;
            }
            if let Some(texts) = &texts {
                self.add(std::str::from_utf8(texts.bytes(row)).unwrap_or_default(), weight(row));
            } else {
                rendered.clear();
                cells.render(row, &mut rendered);
                self.add(&rendered, weight(row));
            }
        }
    }

    fn add(&mut self, text: &str, amount: f64) {
        if let Some(known) = self.amounts.get_mut(text) {
            *known += amount;
        } else if self.held_bytes + text.len() + ENTRY_BYTES > MOST_BYTES {
            self.overflown = true;
        } else {
            self.held_bytes += text.len() + ENTRY_BYTES;
            self.amounts.insert(text.into(), amount);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (text, amount) in other.amounts {
            self.add(&text, amount);
        }
        if let Some(null) = other.null {
            *self.null.get_or_insert(0.0) += null;
        }
        self.overflown |= other.overflown;
    }

    /// Different values, NULL among them.
    pub(crate) fn values(&self) -> usize {
        self.amounts.len() + usize::from(self.null.is_some())
    }

    /// The `most` values with the largest amounts, descending, then by text; NULL is `None`.
    pub(crate) fn largest(&self, most: usize) -> Vec<(Option<&str>, f64)> {
        let texts = self.amounts.iter().map(|(text, amount)| (Some(text.as_ref()), *amount));
        let mut all: Vec<_> = texts.chain(self.null.map(|amount| (None, amount))).collect();
        all.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        all.truncate(most);
        all
    }

    /// The amount of all rows.
    pub(crate) fn total(&self) -> f64 {
        self.amounts.values().sum::<f64>() + self.null.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{BinaryViewArray, StringViewArray};

    fn cells(texts: &[Option<&str>]) -> Cells {
        let array: BinaryViewArray = StringViewArray::from(texts.to_vec()).to_binary_view();
        Cells::Text(array)
    }

    #[test]
    fn histograms_merge_and_order_by_amount() {
        let mut counts = TextCounts::default();
        counts.update(&cells(&[Some("a"), None, Some("b"), Some("b")]), None, None);
        let mut other = TextCounts::default();
        other.update(&cells(&[Some("c"), Some("b")]), None, None);
        counts.merge(other);
        assert_eq!((counts.values(), counts.total()), (4, 6.0));
        assert_eq!(counts.largest(3), [(Some("b"), 3.0), (None, 1.0), (Some("a"), 1.0)]);
    }
}
