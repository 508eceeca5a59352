//! How many different values there are, how many of them occur once, and which rows repeat an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use super::located::MAX_ROWS;
use super::spread::HashedMap;
use crate::number::{count, from_count, rounded};

/// Different values by adaptive sampling (P. Flajolet, "On adaptive sampling", 1990; the idea is M. Wegman's).
///
/// At level 0 every value is held by its 64-bit hash and the counts are exact. Each further level keeps the values whose
/// hash begins with one more zero bit, with their exact counts, and multiplies by two. The relative standard error of
/// the number of different values is 1.20 / √held.
#[derive(Debug, Clone, Default)]
pub(crate) struct DistinctSample {
    level: u32,
    seen: HashedMap<Seen>,
    repeats: Vec<Repeated>,
    repeated_rows: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    first_row: u64,
    times: u64,
}

/// A row whose value an earlier row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Repeated {
    pub(crate) row: u64,
    pub(crate) first_row: u64,
}

impl DistinctSample {
    /// Values held: what the sample costs in memory.
    pub(crate) fn held(&self) -> usize {
        self.seen.len()
    }

    pub(crate) const fn is_exact(&self) -> bool {
        self.level == 0
    }

    #[inline]
    pub(crate) fn add(&mut self, hash: u64, row: u64) {
        if hash.leading_zeros() < self.level {
            return;
        }
        match self.seen.get_mut(&hash) {
            Some(seen) => {
                seen.times += 1;
                self.repeated_rows += 1;
                if self.repeats.len() < MAX_ROWS {
                    self.repeats.push(Repeated { row, first_row: seen.first_row });
                }
            }
            None => {
                self.seen.insert(hash, Seen { first_row: row, times: 1 });
            }
        }
    }

    /// Goes up one level: about half of the values are let go.
    pub(crate) fn halve(&mut self) {
        self.level += 1;
        let level = self.level;
        self.seen.retain(|hash, _| hash.leading_zeros() >= level);
        self.seen.shrink_to_fit();
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        while self.level < other.level {
            self.halve();
        }
        self.repeated_rows += other.repeated_rows;
        self.repeats.extend_from_slice(&other.repeats);
        let told: BTreeSet<u64> = self.repeats.iter().map(|repeat| repeat.first_row).collect();
        // What stood first in one part may stand earlier in the other.
        let mut earlier = BTreeMap::new();
        for (hash, theirs) in other.seen.iter().filter(|(hash, _)| hash.leading_zeros() >= self.level) {
            match self.seen.get_mut(hash) {
                Some(seen) => {
                    let (first, again) = (seen.first_row.min(theirs.first_row), seen.first_row.max(theirs.first_row));
                    self.repeated_rows += 1;
                    self.repeats.push(Repeated { row: again, first_row: first });
                    if told.contains(&again) {
                        earlier.insert(again, first);
                    }
                    seen.times += theirs.times;
                    seen.first_row = first;
                }
                None => {
                    self.seen.insert(*hash, *theirs);
                }
            }
        }
        for repeat in &mut self.repeats {
            repeat.first_row = earlier.get(&repeat.first_row).copied().unwrap_or(repeat.first_row);
        }
        self.repeats.sort_unstable();
        self.repeats.truncate(MAX_ROWS);
    }

    fn scale(&self, held: usize) -> u64 {
        rounded(from_count(count(held)) * f64::from(self.level).exp2())
    }

    /// Different values.
    pub(crate) fn distinct(&self) -> u64 {
        self.scale(self.seen.len())
    }

    /// Values that occur once.
    pub(crate) fn once(&self) -> u64 {
        self.scale(self.seen.values().filter(|seen| seen.times == 1).count())
    }

    /// Relative standard error of [`Self::distinct`].
    pub(crate) fn relative_error(&self) -> f64 {
        if self.is_exact() { 0.0 } else { 1.2 / from_count(count(self.seen.len().max(1))).sqrt() }
    }

    /// How often a value occurs, when it is held.
    pub(crate) fn times(&self, hash: u64) -> Option<u64> {
        self.seen.get(&hash).map(|seen| seen.times)
    }

    /// Rows that repeat an earlier row's value; of the sampled values only, once the sample is not exact.
    pub(crate) const fn repeated_rows(&self) -> u64 {
        self.repeated_rows
    }

    pub(crate) fn repeats(&self) -> &[Repeated] {
        &self.repeats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use xxhash_rust::xxh3::xxh3_64;

    fn hash(value: u64) -> u64 {
        xxh3_64(&value.to_le_bytes())
    }

    fn of(values: &[u64], first_row: u64) -> DistinctSample {
        let mut sample = DistinctSample::default();
        for (row, value) in (first_row..).zip(values) {
            sample.add(hash(*value), row);
        }
        sample
    }

    proptest! {
        #[test]
        fn small_columns_are_exact_however_split(values in prop::collection::vec(0u64..50, 0..200), cut in 0usize..200) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[..cut], 0);
            merged.merge(&of(&values[cut..], cut as u64));
            let mut exact: HashMap<u64, u64> = HashMap::new();
            for value in &values {
                *exact.entry(*value).or_default() += 1;
            }
            prop_assert_eq!(merged.distinct(), exact.len() as u64);
            prop_assert_eq!(merged.once(), exact.values().filter(|times| **times == 1).count() as u64);
            prop_assert_eq!(merged.repeated_rows(), (values.len() - exact.len()) as u64);
            for repeat in merged.repeats() {
                let value_of = |row: u64| values[usize::try_from(row).unwrap()];
                prop_assert_eq!(value_of(repeat.row), value_of(repeat.first_row));
                prop_assert!(repeat.first_row < repeat.row);
            }
        }
    }

    #[test]
    fn large_columns_are_within_four_standard_errors() {
        let mut sample = DistinctSample::default();
        for value in 0..400_000u64 {
            sample.add(hash(value), value);
            if value % 2 == 0 {
                sample.add(hash(value), value);
            }
            if sample.held() > 10_000 {
                sample.halve();
            }
        }
        let off = |found: u64, wanted: f64| (from_count(found) / wanted - 1.0).abs();
        assert!(!sample.is_exact());
        assert!(off(sample.distinct(), 400_000.0) < 4.0 * sample.relative_error());
        assert!(off(sample.once(), 200_000.0) < 6.0 * sample.relative_error());
    }
}
