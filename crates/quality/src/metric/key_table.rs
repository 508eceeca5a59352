//! A table of keys with their counts.

use std::hash::{BuildHasher, RandomState};

/// Spreads keys over 64 bits: keys are values themselves and may differ in few bits. The seed is drawn anew for each
/// counter, so that no one can choose values that all meet in one slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    low: u64,
    high: u64,
}

impl Spread {
    pub(super) fn new() -> Self {
        let random = RandomState::new();
        Self { low: random.hash_one(1u8), high: random.hash_one(2u8) }
    }

    /// Two folded multiplications.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    pub(super) fn of(self, key: u128) -> u64 {
        let first = fold(key as u64 ^ self.low, (key >> 64) as u64 ^ self.high);
        fold(first ^ self.high, 0x9E37_79B9_7F4A_7C15)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
const fn fold(left: u64, right: u64) -> u64 {
    let product = left as u128 * right as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Open addressing with linear probing; a count of 0 is a free slot.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    keys: Vec<u128>,
    counts: Vec<u64>,
    used: usize,
}

pub(super) const SLOT_BYTES: usize = size_of::<u128>() + size_of::<u64>();

impl KeyTable {
    /// `slots` is a power of two.
    pub(super) fn with_slots(slots: usize) -> Self {
        Self { keys: vec![0; slots], counts: vec![0; slots], used: 0 }
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    pub(super) const fn is_full(&self) -> bool {
        self.used >= self.keys.len() / 4 * 3
    }

    /// Adds to the count of `key`; tells whether it was there. The table must not be full.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "the mask keeps the slot below the power of two that both vectors have"
    )]
    pub(super) fn add(&mut self, key: u128, hash: u64, times: u64) -> bool {
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

    /// Adds to the count of `key` and doubles the table when it is full; tells whether the key was there.
    #[inline]
    pub(super) fn add_growing(&mut self, key: u128, hash: u64, spread: Spread, times: u64) -> bool {
        let is_known = self.add(key, hash, times);
        if self.is_full() {
            self.grow(spread);
        }
        is_known
    }

    #[cold]
    fn grow(&mut self, spread: Spread) {
        let mut larger = Self::with_slots(self.keys.len() * 2);
        for (key, times) in self.entries() {
            larger.add(key, spread.of(key), times);
        }
        *self = larger;
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (u128, u64)> + '_ {
        self.keys.iter().zip(&self.counts).filter(|(_, count)| **count > 0).map(|(key, count)| (*key, *count))
    }

    /// Keys that came once.
    pub(super) fn once(&self) -> usize {
        self.counts.iter().filter(|count| **count == 1).count()
    }

    /// The counts of the keys that came more often.
    pub(super) fn repeats(&self) -> impl Iterator<Item = u64> + '_ {
        self.counts.iter().copied().filter(|count| *count > 1)
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        self.used = 0;
    }

    /// Empties the table and gives it so many slots, a power of two.
    pub(super) fn reset(&mut self, slots: usize) {
        // A free slot's key means nothing: only counts are cleared.
        self.keys.resize(slots, 0);
        self.counts.resize(slots, 0);
        self.clear();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
pub(super) const fn low_bits(hash: u64) -> usize {
    hash as usize
}
