//! The least and greatest numbers and the rows they stand in.

use std::collections::BinaryHeap;

/// How many are kept at each end.
pub(crate) const MAX_EXTREMES: usize = 50;

/// A number and its row, ordered by the number, then by the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) value: f64,
    pub(crate) row: u64,
}

impl Eq for Placed {}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.total_cmp(&other.value).then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The [`MAX_EXTREMES`] least and greatest numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extremes {
    /// The greatest of the least on top.
    least: BinaryHeap<Placed>,
    /// The same, with negated numbers.
    greatest: BinaryHeap<Placed>,
}

impl Extremes {
    #[inline]
    pub(crate) fn add(&mut self, value: f64, row: u64) {
        push(&mut self.least, Placed { value, row });
        push(&mut self.greatest, Placed { value: -value, row });
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        other.least.iter().for_each(|placed| push(&mut self.least, *placed));
        other.greatest.iter().for_each(|placed| push(&mut self.greatest, *placed));
    }

    /// From the least upwards.
    pub(crate) fn least(&self) -> Vec<Placed> {
        self.least.clone().into_sorted_vec()
    }

    /// From the greatest downwards.
    pub(crate) fn greatest(&self) -> Vec<Placed> {
        let sorted = self.greatest.clone().into_sorted_vec();
        sorted.into_iter().map(|placed| Placed { value: -placed.value, row: placed.row }).collect()
    }
}

#[inline]
fn push(heap: &mut BinaryHeap<Placed>, placed: Placed) {
    if heap.len() < MAX_EXTREMES {
        heap.push(placed);
    } else if let Some(mut worst) = heap.peek_mut()
        && placed < *worst
    {
        *worst = placed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_the_ends_of_the_sorted_numbers(values in prop::collection::vec(-1e3..1e3f64, 0..300), cut in 0usize..300) {
            let mut extremes = [Extremes::default(), Extremes::default()];
            for (row, value) in values.iter().enumerate() {
                extremes[usize::from(row >= cut)].add(*value, row as u64);
            }
            let [mut left, right] = extremes;
            left.merge(&right);
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            let kept = sorted.len().min(MAX_EXTREMES);
            let least: Vec<f64> = left.least().iter().map(|placed| placed.value).collect();
            prop_assert_eq!(&least[..], &sorted[..kept]);
            sorted.reverse();
            let greatest: Vec<f64> = left.greatest().iter().map(|placed| placed.value).collect();
            prop_assert_eq!(&greatest[..], &sorted[..kept]);
        }
    }
}
