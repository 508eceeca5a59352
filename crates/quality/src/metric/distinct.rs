//! How often each key occurs, exactly.
//!
//! A table that fits a core's cache takes in each row; when it is full, its entries move to one of 256 partitions by their
//! hash. Columns of few values never leave the table. Where nearly every key is new, rows go to the partitions directly.
//! When the evaluation's memory is used up, partitions move to a file. The end counts one partition after the other,
//! each in a table of its own size, which for some million keys fits the cache, too; a partition too large for that is read several times, a part of its keys each time.

use std::collections::BTreeMap;
use std::io;

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compliance::MAX_LOCATIONS;
use super::held_keys::Partition;
use super::key_table::{KeyTable, SLOT_BYTES, Spread, low_bits};
use super::row_keys::RowKeys;
use super::spill::SpillFile;
use crate::frame::both;
use crate::keys::Keys;
use crate::value::{count, from_count};

const FRONT_SLOTS: usize = 1 << 14;
const PARTITION_BITS: u32 = 8;
const KEY_BYTES: usize = size_of::<u128>();
const LEAST_TABLE_BYTES: usize = 1 << 16;

/// Counts keys.
#[derive(Debug)]
pub(crate) struct KeyCounter {
    rows: u64,
    null_rows: u64,
    spread: Spread,
    front: KeyTable,
    rows_since_flush: u64,
    direct_rows: u64,
    partitions: Vec<Partition>,
    held_bytes: usize,
    spill: Option<SpillFile>,
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
    pub(crate) const NOTHING: Self =
        Self { rows: 0, null_rows: 0, distinct: 0, once: 0, by_frequency: BTreeMap::new(), first_repeated: Vec::new() };

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

impl Default for KeyCounter {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyCounter {
    pub(crate) fn new() -> Self {
        Self {
            rows: 0,
            null_rows: 0,
            spread: Spread::new(),
            front: KeyTable::with_slots(FRONT_SLOTS),
            rows_since_flush: 0,
            direct_rows: 0,
            partitions: (0..1 << PARTITION_BITS).map(|_| Partition::default()).collect(),
            held_bytes: 0,
            spill: None,
            first_repeated: Vec::new(),
            row_keys: None,
        }
    }

    /// Also keeps the key of each row, so that [`Self::unique_rows`] can be told.
    pub(crate) fn keep_row_keys(&mut self) {
        self.row_keys = Some(RowKeys::default());
    }

    /// Rows with at least one value.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether keys left memory, so that the counts cannot be stored.
    pub(crate) const fn is_spilled(&self) -> bool {
        self.spill.is_some()
    }

    /// Memory that [`Self::spill`] would free.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Memory of the keys of rows.
    pub(crate) fn row_key_bytes(&self) -> usize {
        self.row_keys.as_ref().map_or(0, RowKeys::bytes)
    }

    pub(crate) fn update(&mut self, keys: &Keys, filter: Option<&BooleanBuffer>, first_row: u64) {
        let selected = both(filter, keys.some_value.as_ref());
        let in_filter = filter.map_or(keys.values.len(), BooleanBuffer::count_set_bits);
        let with_value = selected.as_ref().map_or(keys.values.len(), BooleanBuffer::count_set_bits);
        self.rows += count(with_value);
        self.null_rows += count(in_filter - with_value);
        if let Some(row_keys) = &mut self.row_keys {
            row_keys.extend(&keys.values, selected.as_ref());
        }
        match selected {
            None => {
                let direct = usize::try_from(self.direct_rows).unwrap_or(usize::MAX);
                let (direct, rest) = keys.values.split_at(direct.min(keys.values.len()));
                self.hold_all(direct);
                for (row, key) in (direct.len()..).zip(rest) {
                    self.add(*key, first_row, row);
                }
            }
            Some(selected) => {
                for row in selected.set_indices() {
                    self.add(keys.values.get(row).copied().unwrap_or_default(), first_row, row);
                }
            }
        }
    }

    #[inline]
    fn add(&mut self, key: u128, first_row: u64, row: usize) {
        let hash = self.spread.of(key);
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

    /// Takes in rows that go to the partitions directly.
    fn hold_all(&mut self, keys: &[u128]) {
        self.direct_rows -= count(keys.len());
        let mut held_bytes = 0;
        for key in keys {
            if let Some(partition) = self.partitions.get_mut(partition_of(self.spread.of(*key))) {
                held_bytes += partition.hold(*key);
            }
        }
        self.held_bytes += held_bytes;
    }

    /// Moves the table to the partitions. Where it held nearly as many keys as it saw rows, it is left out for a while.
    fn flush(&mut self) {
        if count(self.front.used()) * 10 > self.rows_since_flush * 9 {
            self.direct_rows = self.rows_since_flush * 16;
        }
        let mut front = std::mem::take(&mut self.front);
        for (key, times) in front.entries() {
            self.hold(key, self.spread.of(key), times);
        }
        front.clear();
        self.front = front;
        self.rows_since_flush = 0;
    }

    #[inline]
    fn hold(&mut self, key: u128, hash: u64, times: u64) {
        if let Some(partition) = self.partitions.get_mut(partition_of(hash)) {
            self.held_bytes += partition.hold_counted(key, times);
        }
    }

    /// Moves what the partitions hold to the file.
    pub(crate) fn spill(&mut self) -> io::Result<()> {
        if self.spill.is_none() {
            self.spill = Some(SpillFile::new()?);
        }
        let Some(file) = &mut self.spill else { return Ok(()) };
        for partition in &mut self.partitions {
            if partition.held() > 0 {
                let segment =
                    file.write_all(partition.narrow.iter(), partition.wide.iter(), partition.counted.iter())?;
                partition.segments.push(segment);
                partition.clear_held();
            }
        }
        self.held_bytes = 0;
        Ok(())
    }

    /// Takes in the counts of other rows, and spills whenever more than `memory_bytes` are held.
    pub(crate) fn merge(&mut self, other: Self, memory_bytes: usize) -> io::Result<()> {
        self.rows = self.rows.saturating_add(other.rows);
        self.null_rows = self.null_rows.saturating_add(other.null_rows);
        let room = MAX_LOCATIONS.saturating_sub(self.first_repeated.len());
        self.first_repeated.extend(other.first_repeated.iter().take(room));
        for (key, times) in other.front.entries() {
            self.hold(key, self.spread.of(key), times);
        }
        for partition in other.partitions {
            partition.for_each_held(|key, times| self.hold(key, self.spread.of(key), times));
            for segment in partition.segments {
                if let Some(file) = &other.spill {
                    file.read(segment, |key, times| self.hold(key, self.spread.of(key), times))?;
                }
                if self.held_bytes > memory_bytes {
                    self.spill()?;
                }
            }
            if self.held_bytes > memory_bytes {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// What the counts amount to, worked out in about `memory_bytes`.
    pub(crate) fn summary(&self, memory_bytes: usize) -> io::Result<DistinctSummary> {
        let mut summary = DistinctSummary {
            rows: self.rows,
            null_rows: self.null_rows,
            first_repeated: self.first_repeated.clone(),
            ..DistinctSummary::default()
        };
        let mut frequencies = Frequencies::default();
        self.for_each_table(memory_bytes, |table| {
            summary.distinct += count(table.used());
            // Most keys occur once: those are counted apart, without looking for their place.
            summary.once += count(table.once());
            table.repeats().for_each(|times| frequencies.add(times));
        })?;
        summary.by_frequency = frequencies.finish();
        if summary.once > 0 {
            summary.by_frequency.insert(1, summary.once);
        }
        Ok(summary)
    }

    /// Which rows hold a key that no other row holds; rows without a key are left out of the question and so marked.
    pub(crate) fn unique_rows(&self, memory_bytes: usize) -> io::Result<Option<BooleanBuffer>> {
        let Some(row_keys) = &self.row_keys else { return Ok(None) };
        let mut repeated = Vec::new();
        self.for_each_count(memory_bytes, |key, times| {
            if times > 1 {
                repeated.push(key);
            }
        })?;
        repeated.sort_unstable();
        Ok(Some(row_keys.without(&repeated)))
    }

    pub(super) fn for_each_count(&self, memory_bytes: usize, mut each: impl FnMut(u128, u64)) -> io::Result<()> {
        self.for_each_table(memory_bytes, |table| table.entries().for_each(|(key, times)| each(key, times)))
    }

    /// Hands over tables that together hold each key once, with its count.
    fn for_each_table(&self, memory_bytes: usize, mut each: impl FnMut(&KeyTable)) -> io::Result<()> {
        let records: Vec<usize> = self.partitions.iter().map(Partition::records).collect();
        if records.iter().all(|records| *records == 0) {
            each(&self.front);
            return Ok(());
        }
        let mut front: Vec<Vec<(u128, u64)>> = vec![Vec::new(); self.partitions.len()];
        for (key, times) in self.front.entries() {
            if let Some(entries) = front.get_mut(partition_of(self.spread.of(key))) {
                entries.push((key, times));
            }
        }
        // One table's memory after the other is used again.
        let mut table = KeyTable::default();
        for ((partition, records), front) in self.partitions.iter().zip(records).zip(front) {
            let mut slots = (records / 2 * 3 + front.len() * 2 + 16).next_power_of_two();
            let mut pass_bits = 0;
            while slots * SLOT_BYTES > memory_bytes.max(LEAST_TABLE_BYTES) {
                slots /= 2;
                pass_bits += 1;
            }
            for pass in 0..1usize << pass_bits {
                table.reset(slots);
                let mut add = |key: u128, times: u64| {
                    let hash = self.spread.of(key);
                    if low_bits(hash >> 32) & ((1 << pass_bits) - 1) == pass {
                        table.add_growing(key, hash, self.spread, times);
                    }
                };
                for (key, times) in &front {
                    add(*key, *times);
                }
                partition.for_each_held(&mut add);
                if let Some(file) = &self.spill {
                    for segment in &partition.segments {
                        file.read(*segment, &mut add)?;
                    }
                }
                each(&table);
            }
        }
        Ok(())
    }
}

/// Keys by how often they occur.
#[derive(Default)]
struct Frequencies {
    /// Of small frequencies, which nearly all are.
    small: [u64; 32],
    large: BTreeMap<u64, u64>,
}

impl Frequencies {
    #[inline]
    fn add(&mut self, times: u64) {
        match self.small.get_mut(low_bits(times)) {
            Some(keys) => *keys += 1,
            None => *self.large.entry(times).or_default() += 1,
        }
    }

    fn finish(self) -> BTreeMap<u64, u64> {
        let small = (0..).zip(self.small).filter(|(_, keys)| *keys > 0);
        small.chain(self.large).collect()
    }
}

fn partition_of(hash: u64) -> usize {
    low_bits(hash >> (u64::BITS - PARTITION_BITS))
}

/// How a counter is stored: keys of one occurrence, and keys with their counts.
#[derive(Debug, Serialize, Deserialize)]
struct Entries {
    rows: u64,
    null_rows: u64,
    first_repeated: Vec<u64>,
    once: Vec<[u8; KEY_BYTES]>,
    counted: Vec<([u8; KEY_BYTES], u64)>,
}

impl Serialize for KeyCounter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        if self.spill.is_some() {
            return Err(S::Error::custom(
                "the counts of distinct values outgrew memory and cannot be stored; raise key_memory_bytes",
            ));
        }
        let mut entries = Entries {
            rows: self.rows,
            null_rows: self.null_rows,
            first_repeated: self.first_repeated.clone(),
            once: Vec::new(),
            counted: Vec::new(),
        };
        let counted = self.for_each_count(usize::MAX, |key, times| {
            let key = key.to_be_bytes();
            if times == 1 { entries.once.push(key) } else { entries.counted.push((key, times)) }
        });
        counted.map_err(S::Error::custom)?;
        entries.once.sort_unstable();
        entries.counted.sort_unstable();
        entries.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyCounter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Entries::deserialize(deserializer)?;
        let mut counter = Self::new();
        counter.rows = entries.rows;
        counter.null_rows = entries.null_rows;
        counter.first_repeated = entries.first_repeated.into_iter().take(MAX_LOCATIONS).collect();
        for key in entries.once {
            let key = u128::from_be_bytes(key);
            counter.hold(key, counter.spread.of(key), 1);
        }
        for (key, times) in entries.counted {
            let key = u128::from_be_bytes(key);
            counter.hold(key, counter.spread.of(key), times.max(1));
        }
        Ok(counter)
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
        let mut counter = KeyCounter::new();
        for block in values.chunks(1000) {
            counter.update(&keys(block), None, 0);
        }
        let summary = counter.summary(1 << 20).unwrap();
        assert_eq!((summary.distinct, summary.once), expected(&values));
        let stored = serde_json::to_string(&counter).unwrap();
        let read: KeyCounter = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.summary(1 << 20).unwrap().by_frequency, summary.by_frequency);
    }

    #[test]
    fn two_million_keys_are_counted_exactly_in_one_mebibyte() {
        const BUDGET_BYTES: usize = 1 << 20;
        let mut counter = KeyCounter::new();
        for block in 0..2_000u128 {
            let values: Vec<u128> =
                (block * 1000..block * 1000 + 1000).map(|key| if key < 500 { key + 500 } else { key << 50 }).collect();
            counter.update(&keys(&values), None, 0);
            if counter.held_bytes() > BUDGET_BYTES / 2 {
                counter.spill().unwrap();
            }
        }
        counter.update(&keys(&[600, 600, 1999 << 50]), None, 0);
        assert!(counter.spill.is_some());
        let summary = counter.summary(BUDGET_BYTES / 2).unwrap();
        assert_eq!((summary.rows, summary.distinct, summary.once), (2_000_003, 2_000_000, 1_999_998));
        assert_eq!(summary.by_frequency, BTreeMap::from([(1, 1_999_998), (2, 1), (3, 1)]));
        assert!(serde_json::to_string(&counter).unwrap_err().to_string().contains("key_memory_bytes"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn spilled_and_merged_parts_count_as_the_whole(
            values in prop::collection::vec(0u128..30_000, 0..40_000), cut in 0usize..40_000, memory in 1usize..150_000
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let part = |values: &[u128]| {
                let mut counter = KeyCounter::new();
                for block in values.chunks(3997) {
                    counter.update(&keys(block), None, 0);
                    if counter.held_bytes() > memory {
                        counter.spill().unwrap();
                    }
                }
                counter
            };
            let mut merged = part(left);
            merged.merge(part(right), memory).unwrap();
            let summary = merged.summary(memory).unwrap();
            prop_assert_eq!((summary.distinct, summary.once), expected(&values));
            prop_assert_eq!(summary.rows, count(values.len()));
        }
    }

    proptest! {
        #[test]
        fn merged_parts_count_as_the_whole(values in prop::collection::vec(0u128..50, 0..300), cut in 0usize..300) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = KeyCounter::new();
            merged.update(&keys(left), None, 0);
            let mut other = KeyCounter::new();
            other.update(&keys(right), None, 0);
            merged.merge(other, 1 << 20).unwrap();
            let summary = merged.summary(1 << 20).unwrap();
            prop_assert_eq!((summary.distinct, summary.once), expected(&values));
            prop_assert_eq!(summary.rows, count(values.len()));
        }
    }

    #[test]
    fn entropy_is_in_nats() {
        let mut counter = KeyCounter::new();
        counter.update(&keys(&[1, 1, 1, 2]), None, 0);
        assert!((counter.summary(1 << 20).unwrap().entropy() - 0.562_335_144_618_808_3).abs() < 1e-15);
        assert_eq!(counter.summary(1 << 20).unwrap().first_repeated, [1, 2]);
    }
}
