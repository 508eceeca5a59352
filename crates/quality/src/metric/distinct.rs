//! How often each key occurs, exactly.
//!
//! A table that fits a core's cache takes in each row; when it is full, its entries move to one of 256 partitions by their
//! hash. Columns of few values never leave the table. Where nearly every key is new, rows go to the partitions directly; keys
//! that count up by one are held as runs then, by their first and last.
//! When the evaluation's memory is used up, partitions move to a file. The end counts one partition after the other,
//! each in a table of its own size, which for some million keys fits the cache, too; a partition too large for that is read several times, a part of its keys each time.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::io;

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compliance::MAX_LOCATIONS;
use super::held_keys::Partition;
use super::key_runs::{Beginning, KeyRuns};
use super::key_table::{KeyTable, SLOT_BYTES, Spread, low_bits};
use super::row_keys::RowKeys;
use super::spill::SpillFile;
use crate::frame::both;
use crate::keys::Keys;
use crate::value::{count, from_count};

const FRONT_SLOTS: usize = 1 << 14;
const PARTITION_BITS: u32 = 8;
const KEY_BYTES: usize = size_of::<u128>();
/// Keys of runs that a stored counter may have: it names each one.
const MOST_STORED_OF_RUNS: u64 = 8 << 20;
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
    runs: KeyRuns,
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
            runs: KeyRuns::default(),
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

    /// Whether keys left memory, or would if runs were not held by their ends, so that the counts cannot be stored.
    pub(crate) fn is_too_large_to_store(&self) -> bool {
        self.spill.is_some() || self.runs.count() > MOST_STORED_OF_RUNS
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

    /// Takes in rows that do not go to the table.
    fn hold_all(&mut self, keys: &[u128]) {
        self.direct_rows -= count(keys.len());
        let mut rest = keys;
        while !rest.is_empty() {
            match self.runs.hold(rest) {
                Beginning::Held(keys) => rest = rest.get(keys..).unwrap_or_default(),
                Beginning::Single(keys) => {
                    let (single, later) = rest.split_at(keys.clamp(1, rest.len()));
                    self.hold_each(single);
                    rest = later;
                }
            }
        }
    }

    fn hold_each(&mut self, keys: &[u128]) {
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
        for key in self.runs.merge(other.runs).keys() {
            self.hold(key, self.spread.of(key), 1);
            if self.held_bytes > memory_bytes {
                self.spill()?;
            }
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
        let mut in_runs_alone = self.runs.count();
        let in_table = |table: &KeyTable| {
            summary.distinct += count(table.used());
            // Most keys occur once: those are counted apart, without looking for their place.
            summary.once += count(table.once());
            table.repeats().for_each(|times| frequencies.add(times));
        };
        self.for_each_table(memory_bytes, in_table, |_also_in_a_run| in_runs_alone -= 1)?;
        summary.distinct += in_runs_alone;
        summary.once += in_runs_alone;
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
        let mut elsewhere = HashSet::new();
        let in_table = |table: &KeyTable| table.entries().for_each(|(key, times)| each(key, times));
        self.for_each_table(memory_bytes, in_table, |key| {
            elsewhere.insert(key);
        })?;
        self.runs.keys().filter(|key| !elsewhere.contains(key)).for_each(|key| each(key, 1));
        Ok(())
    }

    /// Hands over tables that together hold each key once, with its count. Of the keys in runs they hold those that occur
    /// outside of the runs, too, and these are told.
    fn for_each_table(
        &self,
        memory_bytes: usize,
        mut each: impl FnMut(&KeyTable),
        mut also_in_a_run: impl FnMut(u128),
    ) -> io::Result<()> {
        let records: Vec<usize> = self.partitions.iter().map(Partition::records).collect();
        if self.runs.is_empty() && records.iter().all(|records| *records == 0) {
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
                        let is_known = table.add_growing(key, hash, self.spread, times);
                        if !is_known && self.runs.contains(key) {
                            table.add(key, hash, 1);
                            also_in_a_run(key);
                        }
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
        if self.is_too_large_to_store() {
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
