//! How often each number occurs, exactly: quantiles and bins by selection over the counts, also from disk.

use std::io;

use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};

use super::distinct::KeyCounter;
use crate::frame::{Numbers, both};
use crate::keys::Keys;
use crate::value::{count, from_count, same};

/// What is asked of the numbers of a column when all are in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NumberQuery {
    /// Quantiles, 0 to 1, interpolated between the two values they lie between (Spark's `percentile`).
    Quantiles(Vec<f64>),
    /// The counts of as many bins of equal width.
    EqualBins(usize),
    /// The counts between neighbouring edges, which ascend.
    Edges(Vec<f64>),
}

// No NaN enters a query: parameters are checked before.
impl Eq for NumberQuery {}

/// A bin of numbers, from `start` on and up to `end`; only the last one takes in its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bin {
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) rows: u64,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NumberSummary {
    /// Numbers counted.
    pub(crate) count: u64,
    pub(crate) quantiles: Vec<f64>,
    pub(crate) bins: Vec<Bin>,
}

/// Counts numbers by their bits, reordered so that the bits ascend with the numbers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct NumberCounts {
    counter: KeyCounter,
}

const SIGN: u64 = 1 << 63;

fn ordered(value: f64) -> u64 {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

const fn number(ordered: u64) -> f64 {
    f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN })
}

impl NumberCounts {
    pub(super) const fn counter_mut(&mut self) -> &mut KeyCounter {
        &mut self.counter
    }

    pub(super) fn is_too_large_to_store(&self) -> bool {
        self.counter.is_too_large_to_store()
    }

    pub(super) fn update(&mut self, numbers: &Numbers, filter: Option<&BooleanBuffer>) {
        let keys = Keys {
            values: numbers.values.iter().map(|value| u128::from(ordered(*value))).collect(),
            some_value: both(filter, numbers.valid.as_ref()),
            every_value: None,
        };
        self.counter.update(&keys, None, 0);
    }

    pub(super) fn merge(&mut self, other: Self, memory_bytes: usize) -> io::Result<()> {
        self.counter.merge(other.counter, memory_bytes)
    }

    /// Answers `query` in about `memory_bytes`.
    pub(crate) fn summary(&self, query: &NumberQuery, memory_bytes: usize) -> io::Result<NumberSummary> {
        let rows = self.counter.rows();
        let mut summary = NumberSummary { count: rows, ..NumberSummary::default() };
        if rows == 0 {
            return Ok(summary);
        }
        match query {
            NumberQuery::Quantiles(quantiles) => {
                summary.quantiles = self.quantiles(quantiles, rows, memory_bytes)?;
            }
            NumberQuery::EqualBins(bins) => {
                let (least, greatest) = self.extent(memory_bytes)?;
                let width = (greatest - least) / from_count(count(*bins));
                let mut edges: Vec<f64> = (0..=*bins).map(|bin| least + from_count(count(bin)) * width).collect();
                // Rounding must not leave the greatest number outside.
                if let Some(last) = edges.last_mut() {
                    *last = greatest;
                }
                summary.bins = self.bins(&edges, memory_bytes)?;
            }
            NumberQuery::Edges(edges) => summary.bins = self.bins(edges, memory_bytes)?,
        }
        Ok(summary)
    }

    fn for_each(&self, memory_bytes: usize, mut each: impl FnMut(u64, u64)) -> io::Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "keys were widened from 64 bits")]
        self.counter.for_each_count(memory_bytes, |key, times| each(key as u64, times))
    }

    fn extent(&self, memory_bytes: usize) -> io::Result<(f64, f64)> {
        let (mut least, mut greatest) = (u64::MAX, 0);
        self.for_each(memory_bytes, |key, _| {
            least = least.min(key);
            greatest = greatest.max(key);
        })?;
        Ok((number(least), number(greatest)))
    }

    fn bins(&self, edges: &[f64], memory_bytes: usize) -> io::Result<Vec<Bin>> {
        let mut bins: Vec<Bin> = edges
            .iter()
            .zip(edges.iter().skip(1))
            .map(|(start, end)| Bin { start: *start, end: *end, rows: 0 })
            .collect();
        let last = bins.len().saturating_sub(1);
        self.for_each(memory_bytes, |key, times| {
            let value = number(key);
            let is_last_edge = edges.last().is_some_and(|edge| ordered(*edge) == key);
            let above = if is_last_edge { last + 1 } else { edges.partition_point(|edge| *edge <= value) };
            if above > 0
                && let Some(bin) = bins.get_mut(above - 1)
            {
                bin.rows = bin.rows.saturating_add(times);
            }
        })?;
        Ok(bins)
    }

    fn quantiles(&self, quantiles: &[f64], rows: u64, memory_bytes: usize) -> io::Result<Vec<f64>> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks lie within the rows")]
        let position = |quantile: f64| {
            let position = quantile * from_count(rows - 1);
            (position, position.floor() as u64, position.ceil() as u64)
        };
        let ranks: Vec<u64> = quantiles
            .iter()
            .flat_map(|quantile| {
                let (_, low, high) = position(*quantile);
                [low, high]
            })
            .collect();
        let found = self.select(&ranks, memory_bytes)?;
        let interpolate = |(quantile, pair): (&f64, &[f64])| {
            let (at, low, high) = position(*quantile);
            match pair {
                [below, above] if low != high && !same(*below, *above) => {
                    (from_count(high) - at) * below + (at - from_count(low)) * above
                }
                [below, ..] => *below,
                [] => f64::NAN,
            }
        };
        Ok(quantiles.iter().zip(found.chunks(2)).map(interpolate).collect())
    }

    /// The numbers of some ranks, from 0: sixteen bits of each are found in one look at the counts.
    fn select(&self, ranks: &[u64], memory_bytes: usize) -> io::Result<Vec<f64>> {
        const DIGIT_BITS: u32 = 16;
        const DIGITS: usize = 1 << DIGIT_BITS;
        let mut found: Vec<(u64, u64)> = ranks.iter().map(|rank| (0, *rank)).collect();
        for round in 0..u64::BITS / DIGIT_BITS {
            let shift = u64::BITS - DIGIT_BITS * (round + 1);
            let mut prefixes: Vec<u64> = found.iter().map(|(prefix, _)| *prefix).collect();
            prefixes.dedup();
            let mut counts = vec![vec![0u64; DIGITS]; prefixes.len()];
            self.for_each(memory_bytes, |key, times| {
                for (prefix, counts) in prefixes.iter().zip(&mut counts) {
                    let above = key.checked_shr(shift + DIGIT_BITS).unwrap_or(0);
                    if above == *prefix
                        && let Some(slot) = counts.get_mut(digit(key >> shift))
                    {
                        *slot = slot.saturating_add(times);
                    }
                }
            })?;
            for (prefix, rank) in &mut found {
                let at = prefixes.iter().position(|known| known == prefix).unwrap_or_default();
                let mut chosen = 0;
                for (digit, times) in counts.get(at).into_iter().flatten().enumerate() {
                    chosen = count(digit);
                    if *rank < *times {
                        break;
                    }
                    *rank -= times;
                }
                *prefix = *prefix << DIGIT_BITS | chosen;
            }
        }
        Ok(found.into_iter().map(|(key, _)| number(key)).collect())
    }
}

const fn digit(word: u64) -> usize {
    (word & 0xFFFF) as usize
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact answers are wanted")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positions")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(values: &[f64]) -> NumberCounts {
        let mut state = NumberCounts::default();
        state.update(&Numbers { values: values.to_vec().into(), valid: None, rejected: 0 }, None);
        state
    }

    fn quantile(values: &[f64], at: f64) -> f64 {
        counts(values).summary(&NumberQuery::Quantiles(vec![at]), 1 << 20).unwrap().quantiles[0]
    }

    #[test]
    fn bins_are_half_open_but_the_last() {
        let state = counts(&[0.0, 4.9, 5.0, 10.0, 10.1, -1.0]);
        let rows =
            |query| -> Vec<u64> { state.summary(&query, 1 << 20).unwrap().bins.iter().map(|bin| bin.rows).collect() };
        assert_eq!(rows(NumberQuery::Edges(vec![0.0, 5.0, 10.0])), [2, 2]);
        assert_eq!(rows(NumberQuery::EqualBins(2)), [2, 4]);
        let one = counts(&[7.0, 7.0]).summary(&NumberQuery::EqualBins(3), 1 << 20).unwrap();
        assert_eq!(one.bins.iter().map(|bin| bin.rows).sum::<u64>(), 2);
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&[-0.0, 0.0], 0.5), 0.0);
        assert_eq!(quantile(&[f64::NEG_INFINITY, 1.0, 2.0], 0.5), 1.0);
    }

    proptest! {
        #[test]
        fn selection_agrees_with_sorting(values in prop::collection::vec(prop_oneof![-1e9..1e9f64, (-3..3i32).prop_map(f64::from)], 1..200), at in 0.0..=1.0f64, cut in 0usize..200) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let position = at * from_count(count(sorted.len() - 1));
            let index = |position: f64| sorted[position as usize];
            let (low, high) = (index(position.floor()), index(position.ceil()));
            let wanted = if low == high { low } else { (position.ceil() - position) * low + (position - position.floor()) * high };
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = counts(left);
            merged.merge(counts(right), 1 << 20).unwrap();
            let found = merged.summary(&NumberQuery::Quantiles(vec![at]), 1 << 20).unwrap().quantiles[0];
            prop_assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{} {}", found, wanted);
        }
    }
}
