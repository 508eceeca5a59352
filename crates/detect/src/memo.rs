//! What was found in a column's short values: most columns have few values, and what was found in one is found again.

use crate::resolve::Raw;
use crate::shape::{mixed, padded};

/// Findings by value, in a table of fixed size. It lives as long as the scan of its column.
#[derive(Default)]
pub(crate) struct CellMemo {
    sets: Vec<[Entry; 2]>,
    hits: u32,
    misses: u32,
}

/// A value of at most 32 bytes: its first and last 16, and its length.
#[derive(Clone, Copy, Default)]
pub(crate) struct Key {
    bytes: [u128; 2],
    len: usize,
}

impl PartialEq for Key {
    /// Half by half: as one vector, a key that was put together just now would have to be read back from memory, which was
    /// measured to cost as much as the rest of the lookup.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let ([first, last], [other_first, other_last]) = (self.bytes, other.bytes);
        self.len == other.len && first == other_first && last == other_last
    }
}

#[derive(Clone, Default)]
struct Entry {
    key: Key,
    found: Box<[Raw]>,
}

impl CellMemo {
    /// Places for values that share a hash; each has two.
    const SETS: usize = 256;
    const LANES: usize = 16;
    /// Lookups after which a column with hardly a hit is left alone.
    const TRIAL: u32 = 4096;

    fn is_useless(&self) -> bool {
        self.misses > Self::TRIAL && self.hits < self.misses / 4
    }

    /// What a value is looked up by, unless it is long or looking it up does not pay.
    #[inline]
    pub(crate) fn key_of(&self, cell: &[u8]) -> Option<Key> {
        if self.is_useless() {
            return None;
        }
        let bytes = match cell.len() {
            0..=Self::LANES => [padded(cell), 0],
            17..=32 => [u128::from_le_bytes(*cell.first_chunk()?), u128::from_le_bytes(*cell.last_chunk()?)],
            _ => return None,
        };
        Some(Key { bytes, len: cell.len() })
    }

    /// What was found in the value before.
    #[inline]
    pub(crate) fn recall(&mut self, key: &Key) -> Option<&[Raw]> {
        let known = self.sets.get(set_of(key)).and_then(|set| set.iter().find(|entry| entry.key == *key));
        let count = if known.is_some() { &mut self.hits } else { &mut self.misses };
        *count = count.saturating_add(1);
        known.map(|entry| &*entry.found)
    }

    /// Remembers what was found in a value that `recall` did not know; the older of two values of its set goes.
    pub(crate) fn note(&mut self, key: Key, found: Box<[Raw]>) {
        if self.is_useless() {
            self.sets = Vec::new();
        } else {
            self.sets.resize_with(Self::SETS, Default::default);
        }
        if let Some([newer, older]) = self.sets.get_mut(set_of(&key)) {
            *older = std::mem::replace(newer, Entry { key, found });
        }
    }
}

fn set_of(key: &Key) -> usize {
    let hash = mixed(key.bytes[1], mixed(key.bytes[0], 0));
    usize::try_from(hash >> 32).unwrap_or(0) % CellMemo::SETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(score: f64) -> Box<[Raw]> {
        Box::new([Raw { entity: 1, start: 0, end: 2, score, base_score: score }])
    }

    proptest! {
        /// What is recalled is what was noted last of an equal value, whatever else was.
        #[test]
        fn nothing_is_recalled_of_another_value(values in proptest::collection::vec("[a-b]{1,3}|[ab]{30,33}", 1..60)) {
            let mut memo = CellMemo::default();
            for (place, value) in values.iter().enumerate() {
                let first = values.iter().position(|other| other == value).unwrap_or(place);
                let Some(key) = memo.key_of(value.as_bytes()) else {
                    prop_assert!(value.len() > 32);
                    continue;
                };
                let score = f64::from(u32::try_from(first).unwrap());
                match memo.recall(&key) {
                    Some(recalled) => prop_assert_eq!(recalled, &*found(score)),
                    None => memo.note(key, found(score)),
                }
            }
        }
    }

    #[test]
    fn a_column_of_values_that_all_differ_is_left_alone() {
        let mut memo = CellMemo::default();
        for number in 0..=CellMemo::TRIAL {
            let key = memo.key_of(&number.to_le_bytes()).unwrap();
            assert!(memo.recall(&key).is_none());
            memo.note(key, Box::new([]));
        }
        assert!(memo.key_of(b"1").is_none());
    }
}
