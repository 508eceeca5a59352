//! How often pairs of values occur: what one column tells about another.

use std::collections::HashMap;

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keys::Keys;
use crate::value::{count, from_count};

/// Different pairs that are counted, 48 bytes each; columns with more have no mutual information that means anything.
const MOST_PAIRS: usize = 1 << 20;

type Pair = (Option<u128>, Option<u128>);

/// Counts of pairs; `None` is NULL. Rows where both are NULL are left out.
#[derive(Debug, Default)]
pub(crate) struct PairCounts {
    pairs: HashMap<Pair, u64>,
    /// Too many different pairs: what is here is not all.
    pub(crate) overflown: bool,
}

impl PairCounts {
    pub(super) fn update(&mut self, left: &Keys, right: &Keys, filter: Option<&BooleanBuffer>) {
        let at = |keys: &Keys, row: usize| {
            let valid = keys.some_value.as_ref().is_none_or(|valid| valid.value(row));
            keys.values.get(row).copied().filter(|_| valid)
        };
        for row in (0..left.values.len()).filter(|row| filter.is_none_or(|filter| filter.value(*row))) {
            self.add((at(left, row), at(right, row)), 1);
        }
    }

    fn add(&mut self, pair: Pair, times: u64) {
        if pair == (None, None) {
            return;
        }
        if let Some(known) = self.pairs.get_mut(&pair) {
            *known = known.saturating_add(times);
        } else if self.pairs.len() >= MOST_PAIRS {
            self.overflown = true;
        } else {
            self.pairs.insert(pair, times);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (pair, times) in other.pairs {
            self.add(pair, times);
        }
        self.overflown |= other.overflown;
    }

    /// Mutual information in nats, over the pairs without NULL, as shares of all rows with a value; nothing when there is
    /// no such pair.
    pub(crate) fn mutual_information(&self) -> Option<f64> {
        let rows = from_count(self.pairs.values().fold(0u64, |rows, times| rows.saturating_add(*times)));
        let (mut lefts, mut rights) = (HashMap::new(), HashMap::new());
        for ((left, right), times) in &self.pairs {
            *lefts.entry(*left).or_insert(0.0) += from_count(*times);
            *rights.entry(*right).or_insert(0.0) += from_count(*times);
        }
        // In one order, so that rounding is the same in every run.
        let mut known: Vec<_> =
            self.pairs.iter().filter(|((left, right), _)| left.is_some() && right.is_some()).collect();
        known.sort_unstable();
        let term = |((left, right), times): (&Pair, &u64)| {
            let joint = from_count(*times) / rows;
            let apart =
                lefts.get(left).copied().unwrap_or(rows) / rows * rights.get(right).copied().unwrap_or(rows) / rows;
            joint * (joint / apart).ln()
        };
        (!known.is_empty()).then(|| known.into_iter().map(term).sum())
    }
}

impl Serialize for PairCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |key: &Option<u128>| key.map(u128::to_le_bytes);
        let mut pairs: Vec<_> =
            self.pairs.iter().map(|((left, right), times)| (text(left), text(right), *times)).collect();
        pairs.sort_unstable();
        (pairs, self.overflown).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PairCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Stored = (Option<[u8; 16]>, Option<[u8; 16]>, u64);
        let (pairs, overflown) = <(Vec<Stored>, bool)>::deserialize(deserializer)?;
        if count(pairs.len()) > count(MOST_PAIRS) {
            return Err(serde::de::Error::custom("too many pairs"));
        }
        let mut state = Self { pairs: HashMap::new(), overflown };
        for (left, right, times) in pairs {
            state.add((left.map(u128::from_le_bytes), right.map(u128::from_le_bytes)), times);
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(values: &[u128]) -> Keys {
        Keys { values: values.to_vec(), some_value: None, every_value: None }
    }

    #[test]
    fn a_column_tells_everything_about_itself_and_nothing_of_a_constant() {
        let column = keys(&[1, 1, 1, 2]);
        let mut same = PairCounts::default();
        same.update(&column, &column, None);
        assert!((same.mutual_information().unwrap() - 0.562_335_144_618_808_3).abs() < 1e-15);
        let mut constant = PairCounts::default();
        constant.update(&column, &keys(&[7; 4]), None);
        assert_eq!(constant.mutual_information(), Some(0.0));
        let read: PairCounts = serde_json::from_str(&serde_json::to_string(&same).unwrap()).unwrap();
        assert_eq!(read.pairs, same.pairs);
        assert_eq!(PairCounts::default().mutual_information(), None);
    }
}
