//! How often each key occurs, exactly.
//!
//! A table that fits a core's cache takes in each row; when it is full, its entries move to one of 64 partitions by their
//! hash. Columns of few values never leave the table. Where nearly every key is new, rows go to the partitions directly.
//! The end counts one partition after the other, each in a table of its own size.

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::compliance::MAX_LOCATIONS;
use crate::frame::both;
use crate::keys::Keys;
use crate::value::{count, from_count};

const FRONT_SLOTS: usize = 1 << 14;
const PARTITION_BITS: u32 = 6;
const CHUNK_KEYS: usize = 1 << 10;
const KEY_BYTES: usize = size_of::<u128>();
const ENTRY_BYTES: usize = size_of::<(u128, u64)>();

/// Counts keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Entries", into = "Entries")]
pub(crate) struct KeyCounter {
    rows: u64,
    null_rows: u64,
    front: Table,
    rows_since_flush: u64,
    direct_rows: u64,
    partitions: Vec<Partition>,
    held_bytes: usize,
    memory_bytes: usize,
    overflowed: bool,
    first_repeated: Vec<u64>,
    row_keys: Option<RowKeys>,
}

/// What the counts amount to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DistinctSummary {
    /// Rows with at least one value.
    pub(crate) rows: u64,
    /// Rows of NULLs only.
    pub(crate) null_rows: u64,
    /// Different keys.
    pub(crate) distinct: u64,
    /// Keys that occur once.
    pub(crate) once: u64,
    /// Number of keys by how often they occur.
    pub(crate) by_frequency: BTreeMap<u64, u64>,
    /// The first rows whose key was seen before, from 0, as far as they were noticed on the way.
    pub(crate) first_repeated: Vec<u64>,
}

impl DistinctSummary {
    /// Shannon's entropy of the values, in nats.
    pub(crate) fn entropy(&self) -> f64 {
        let rows = from_count(self.rows);
        let term = |(frequency, keys): (&u64, &u64)| {
            let share = from_count(*frequency) / rows;
            -share * share.ln() * from_count(*keys)
        };
        self.by_frequency.iter().map(term).sum()
    }
}

/// The key of each row in order, kept when row results are wanted; NULL rows and rows left out have none.
#[derive(Debug, Clone, Default)]
struct RowKeys {
    keys: Vec<Option<u128>>,
}

#[derive(Debug, Clone, Default)]
struct Partition {
    once: Vec<Vec<u128>>,
    counted: Vec<(u128, u64)>,
}

impl Partition {
    fn push(&mut self, key: u128) {
        match self.once.last_mut() {
            Some(chunk) if chunk.len() < CHUNK_KEYS => chunk.push(key),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK_KEYS);
                chunk.push(key);
                self.once.push(chunk);
            }
        }
    }

    fn len(&self) -> usize {
        self.once.iter().map(Vec::len).sum::<usize>() + self.counted.len()
    }
}

/// An open-addressing table with linear probing; a count of 0 is a free slot.
#[derive(Debug, Clone, Default)]
struct Table {
    keys: Vec<u128>,
    counts: Vec<u64>,
    used: usize,
}

impl Table {
    fn with_slots(slots: usize) -> Self {
        Self { keys: vec![0; slots], counts: vec![0; slots], used: 0 }
    }

    fn is_full(&self) -> bool {
        self.used >= self.keys.len() / 4 * 3
    }

    /// Adds to the count of `key`; tells whether it was there.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "the mask keeps the slot below the power of two that both vectors have"
    )]
    fn add(&mut self, key: u128, hash: u64, times: u64) -> bool {
        let mask = self.keys.len() - 1;
        let mut slot = low_bits(hash) & mask;
        loop {
            if self.counts[slot] == 0 {
                self.keys[slot] = key;
                self.counts[slot] = times;
                self.used += 1;
                return false;
            }
            if self.keys[slot] == key {
                self.counts[slot] = self.counts[slot].saturating_add(times);
                return true;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn entries(&self) -> impl Iterator<Item = (u128, u64)> + '_ {
        self.keys.iter().zip(&self.counts).filter(|(_, count)| **count > 0).map(|(key, count)| (*key, *count))
    }

    fn clear(&mut self) {
        self.counts.fill(0);
        self.used = 0;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn low_bits(hash: u64) -> usize {
    hash as usize
}

/// Spreads a key over 64 bits: keys are values themselves and may differ in few of theirs.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn spread(key: u128) -> u64 {
    let (low, high) = (key as u64, (key >> 64) as u64);
    let mut hash = (low ^ high.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^= hash >> 32;
    hash = (hash ^ high).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 32)
}

impl KeyCounter {
    pub(crate) fn new(memory_bytes: usize) -> Self {
        Self {
            rows: 0,
            null_rows: 0,
            front: Table::with_slots(FRONT_SLOTS),
            rows_since_flush: 0,
            direct_rows: 0,
            partitions: vec![Partition::default(); 1 << PARTITION_BITS],
            held_bytes: 0,
            memory_bytes,
            overflowed: false,
            first_repeated: Vec::new(),
            row_keys: None,
        }
    }

    /// Also keeps the key of each row, so that [`Self::unique_rows`] can be told.
    pub(crate) fn keep_row_keys(&mut self) {
        self.row_keys = Some(RowKeys::default());
    }

    pub(crate) fn update(&mut self, keys: &Keys, filter: Option<&BooleanBuffer>, first_row: u64) {
        let selected = both(filter, keys.some_value.as_ref());
        let in_filter = filter.map_or(keys.values.len(), BooleanBuffer::count_set_bits);
        let with_value = selected.as_ref().map_or(keys.values.len(), BooleanBuffer::count_set_bits);
        self.rows += count(with_value);
        self.null_rows += count(in_filter - with_value);
        if let Some(row_keys) = &mut self.row_keys {
            let key = |(row, key): (usize, &u128)| selected.as_ref().is_none_or(|rows| rows.value(row)).then_some(*key);
            row_keys.keys.extend(keys.values.iter().enumerate().map(key));
        }
        if self.overflowed {
            return;
        }
        match selected {
            None => {
                for (row, key) in keys.values.iter().enumerate() {
                    self.add(*key, first_row, row);
                }
            }
            Some(selected) => {
                for row in selected.set_indices() {
                    self.add(keys.values.get(row).copied().unwrap_or_default(), first_row, row);
                }
            }
        }
        if self.held_bytes > self.memory_bytes {
            self.overflowed = true;
            self.partitions.iter_mut().for_each(|partition| *partition = Partition::default());
            self.row_keys = None;
        }
    }

    #[inline]
    fn add(&mut self, key: u128, first_row: u64, row: usize) {
        let hash = spread(key);
        if self.direct_rows > 0 {
            self.direct_rows -= 1;
            self.hold(key, hash, 1);
            return;
        }
        self.rows_since_flush += 1;
        if self.front.add(key, hash, 1) {
            if self.first_repeated.len() < MAX_LOCATIONS {
                self.first_repeated.push(first_row + count(row));
            }
        } else if self.front.is_full() {
            self.flush();
        }
    }

    /// Moves the table to the partitions. Where it held nearly as many keys as it saw rows, it is left out for a while.
    fn flush(&mut self) {
        if count(self.front.used) * 10 > self.rows_since_flush * 9 {
            self.direct_rows = self.rows_since_flush * 16;
        }
        let mut front = std::mem::take(&mut self.front);
        for (key, times) in front.entries() {
            self.hold(key, spread(key), times);
        }
        front.clear();
        self.front = front;
        self.rows_since_flush = 0;
    }

    #[inline]
    fn hold(&mut self, key: u128, hash: u64, times: u64) {
        let Some(partition) = self.partitions.get_mut(low_bits(hash >> (u64::BITS - PARTITION_BITS))) else { return };
        if times == 1 {
            partition.push(key);
            self.held_bytes += KEY_BYTES;
        } else {
            partition.counted.push((key, times));
            self.held_bytes += ENTRY_BYTES;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.null_rows = self.null_rows.saturating_add(other.null_rows);
        self.overflowed |= other.overflowed;
        let room = MAX_LOCATIONS.saturating_sub(self.first_repeated.len());
        self.first_repeated.extend(other.first_repeated.iter().take(room));
        self.flush();
        for (key, times) in other.front.entries() {
            self.hold(key, spread(key), times);
        }
        for partition in other.partitions {
            for key in partition.once.into_iter().flatten() {
                self.hold(key, spread(key), 1);
            }
            for (key, times) in partition.counted {
                self.hold(key, spread(key), times);
            }
        }
        if self.held_bytes > self.memory_bytes {
            self.overflowed = true;
            self.partitions.iter_mut().for_each(|partition| *partition = Partition::default());
        }
    }

    /// What the counts amount to; `None` when they did not fit the memory allowed.
    pub(crate) fn summary(&mut self) -> Option<DistinctSummary> {
        if self.overflowed {
            return None;
        }
        let mut summary = DistinctSummary {
            rows: self.rows,
            null_rows: self.null_rows,
            first_repeated: self.first_repeated.clone(),
            ..DistinctSummary::default()
        };
        self.for_each_count(|_, times| {
            summary.distinct += 1;
            summary.once += u64::from(times == 1);
            *summary.by_frequency.entry(times).or_default() += 1;
        });
        Some(summary)
    }

    /// Which rows hold a key that no other row holds; rows without a key are left out of the question and so marked.
    pub(crate) fn unique_rows(&mut self) -> Option<BooleanBuffer> {
        let row_keys = self.row_keys.take()?;
        let mut repeated = std::collections::HashSet::new();
        self.for_each_count(|key, times| {
            if times > 1 {
                repeated.insert(key);
            }
        });
        let is_unique =
            |row: usize| row_keys.keys.get(row).copied().flatten().is_none_or(|key| !repeated.contains(&key));
        let marks = BooleanBuffer::collect_bool(row_keys.keys.len(), is_unique);
        self.row_keys = Some(row_keys);
        Some(marks)
    }

    fn for_each_count(&mut self, mut each: impl FnMut(u128, u64)) {
        if self.partitions.iter().all(|partition| partition.len() == 0) {
            self.front.entries().for_each(|(key, times)| each(key, times));
            return;
        }
        self.flush();
        for partition in &self.partitions {
            let slots = (partition.len() / 2 * 3 + 1).next_power_of_two();
            let mut table = Table::with_slots(slots);
            for key in partition.once.iter().flatten() {
                table.add(*key, spread(*key), 1);
            }
            for (key, times) in &partition.counted {
                table.add(*key, spread(*key), *times);
            }
            table.entries().for_each(|(key, times)| each(key, times));
        }
    }
}

/// How a counter is stored: keys of one occurrence, and keys with their counts.
#[derive(Debug, Serialize, Deserialize)]
struct Entries {
    rows: u64,
    null_rows: u64,
    memory_bytes: usize,
    overflowed: bool,
    first_repeated: Vec<u64>,
    once: Vec<(u64, u64)>,
    counted: Vec<(u64, u64, u64)>,
}

#[expect(clippy::cast_possible_truncation, reason = "a key is stored as its two halves")]
const fn halves(key: u128) -> (u64, u64) {
    ((key >> 64) as u64, key as u64)
}

const fn whole(high: u64, low: u64) -> u128 {
    (high as u128) << 64 | low as u128
}

impl From<KeyCounter> for Entries {
    fn from(mut counter: KeyCounter) -> Self {
        let mut once = Vec::new();
        let mut counted = Vec::new();
        counter.for_each_count(|key, times| {
            let (high, low) = halves(key);
            if times == 1 { once.push((high, low)) } else { counted.push((high, low, times)) }
        });
        once.sort_unstable();
        counted.sort_unstable();
        Self {
            rows: counter.rows,
            null_rows: counter.null_rows,
            memory_bytes: counter.memory_bytes,
            overflowed: counter.overflowed,
            first_repeated: counter.first_repeated,
            once,
            counted,
        }
    }
}

impl From<Entries> for KeyCounter {
    fn from(entries: Entries) -> Self {
        let mut counter = Self::new(entries.memory_bytes);
        counter.rows = entries.rows;
        counter.null_rows = entries.null_rows;
        counter.overflowed = entries.overflowed;
        counter.first_repeated = entries.first_repeated.into_iter().take(MAX_LOCATIONS).collect();
        for (high, low) in entries.once {
            let key = whole(high, low);
            counter.hold(key, spread(key), 1);
        }
        for (high, low, times) in entries.counted {
            let key = whole(high, low);
            counter.hold(key, spread(key), times.max(1));
        }
        counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn keys(values: &[u128]) -> Keys {
        Keys { values: values.to_vec(), some_value: None, every_value: None }
    }

    fn expected(values: &[u128]) -> (u64, u64) {
        let mut counts: HashMap<u128, u64> = HashMap::new();
        for value in values {
            *counts.entry(*value).or_default() += 1;
        }
        (count(counts.len()), count(counts.values().filter(|times| **times == 1).count()))
    }

    #[test]
    fn many_keys_are_counted_exactly_through_the_partitions() {
        let values: Vec<u128> =
            (0..200_000u128).map(|value| if value % 10 == 0 { value / 20 } else { value << 64 }).collect();
        let mut counter = KeyCounter::new(1 << 30);
        for block in values.chunks(1000) {
            counter.update(&keys(block), None, 0);
        }
        let summary = counter.summary().unwrap();
        assert_eq!((summary.distinct, summary.once), expected(&values));
        let stored = serde_json::to_string(&counter).unwrap();
        let mut read: KeyCounter = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.summary().unwrap().by_frequency, summary.by_frequency);
    }

    #[test]
    fn memory_is_bounded_and_its_end_is_told() {
        let mut counter = KeyCounter::new(1 << 20);
        let values: Vec<u128> = (0..200_000).collect();
        counter.update(&keys(&values), None, 0);
        assert_eq!(counter.summary(), None);
    }

    proptest! {
        #[test]
        fn merged_parts_count_as_the_whole(values in prop::collection::vec(0u128..50, 0..300), cut in 0usize..300) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = KeyCounter::new(1 << 20);
            merged.update(&keys(left), None, 0);
            let mut other = KeyCounter::new(1 << 20);
            other.update(&keys(right), None, 0);
            merged.merge(other);
            let summary = merged.summary().unwrap();
            prop_assert_eq!((summary.distinct, summary.once), expected(&values));
            prop_assert_eq!(summary.rows, count(values.len()));
        }
    }

    #[test]
    fn entropy_is_in_nats() {
        let mut counter = KeyCounter::new(1 << 20);
        counter.update(&keys(&[1, 1, 1, 2]), None, 0);
        assert!((counter.summary().unwrap().entropy() - 0.562_335_144_618_808_3).abs() < 1e-15);
        assert_eq!(counter.summary().unwrap().first_repeated, [1, 2]);
    }
}
