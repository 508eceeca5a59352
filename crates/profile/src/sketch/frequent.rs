//! The texts that occur most often, in bounded memory.

use super::spread::HashedMap;

/// Bytes kept of a text.
pub(crate) const MAX_TEXT_BYTES: usize = 120;

/// Frequent items by Misra and Gries (1982), decremented by the median at once as in Anderson et al., "A High-Performance
/// Algorithm for Identifying Frequent Items in Data Streams" (2017).
///
/// A count is at most [`Self::error`] too small and never too large; what occurs more often than that is among the items.
#[derive(Debug, Clone)]
pub(crate) struct Frequent {
    capacity: usize,
    error: u64,
    items: HashedMap<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    count: u64,
    text: Box<[u8]>,
    is_cut: bool,
}

/// A frequent text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrequentText {
    pub(crate) hash: u64,
    pub(crate) text: String,
    /// Whether the text was longer.
    pub(crate) is_cut: bool,
    pub(crate) count: u64,
}

impl Frequent {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, error: 0, items: HashedMap::default() }
    }

    /// By how much a count may be too small: 0 while every text that came up is still held.
    pub(crate) const fn error(&self) -> u64 {
        self.error
    }

    #[inline]
    pub(crate) fn add(&mut self, hash: u64, text: &[u8]) {
        match self.items.get_mut(&hash) {
            Some(item) => item.count += 1,
            None => self.insert(hash, text, 1),
        }
    }

    fn insert(&mut self, hash: u64, text: &[u8], count: u64) {
        let kept = text.get(..MAX_TEXT_BYTES).unwrap_or(text);
        self.items.insert(hash, Item { count, text: kept.into(), is_cut: kept.len() < text.len() });
        if self.items.len() > self.capacity {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        let mut counts: Vec<u64> = self.items.values().map(|item| item.count).collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let median = *median;
        self.items.retain(|_, item| {
            item.count -= item.count.min(median);
            item.count > 0
        });
        self.error += median;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (hash, theirs) in &other.items {
            if let Some(item) = self.items.get_mut(hash) {
                item.count += theirs.count;
            } else {
                self.items.insert(*hash, theirs.clone());
            }
        }
        self.error += other.error;
        while self.items.len() > self.capacity {
            self.shrink();
        }
    }

    /// By count, the greatest first; equal counts in the order of their texts.
    pub(crate) fn texts(&self) -> Vec<FrequentText> {
        let mut texts: Vec<FrequentText> = self
            .items
            .iter()
            .map(|(hash, item)| FrequentText {
                hash: *hash,
                text: text_of(&item.text, item.is_cut),
                is_cut: item.is_cut,
                count: item.count,
            })
            .collect();
        texts.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        texts
    }
}

/// The text of valid UTF-8 that may have been cut within a character.
fn text_of(bytes: &[u8], is_cut: bool) -> String {
    let end = match std::str::from_utf8(bytes) {
        Err(error) if is_cut => error.valid_up_to(),
        _ => bytes.len(),
    };
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn of(values: &[u64]) -> Frequent {
        let mut frequent = Frequent::new(16);
        for value in values {
            frequent.add(value.wrapping_mul(0x9e37_79b9_7f4a_7c15), value.to_string().as_bytes());
        }
        frequent
    }

    proptest! {
        #[test]
        fn counts_are_within_the_stated_error(values in prop::collection::vec(0u64..60, 0..600), cut in 0usize..600) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let mut exact: HashMap<String, u64> = HashMap::new();
            for value in &values {
                *exact.entry(value.to_string()).or_default() += 1;
            }
            let texts = merged.texts();
            for found in &texts {
                let wanted = exact[&found.text];
                prop_assert!(found.count <= wanted && wanted <= found.count + merged.error());
            }
            for (text, count) in exact {
                prop_assert!(count <= merged.error() || texts.iter().any(|found| found.text == text));
            }
            prop_assert!(texts.len() <= 16);
            // The median drops at least half of the items, so each decrement uses up capacity / 2 occurrences.
            prop_assert!(merged.error() * 8 <= values.len() as u64);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut frequent = Frequent::new(4);
        frequent.add(1, format!("{}ü", "x".repeat(MAX_TEXT_BYTES - 1)).as_bytes());
        let texts = frequent.texts();
        assert!(texts[0].is_cut && texts[0].text.len() == MAX_TEXT_BYTES - 1);
    }
}
