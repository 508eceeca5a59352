//! A sum that carries what rounding lost, and the least and greatest of a block.

use serde::{Deserialize, Serialize};

/// A compensated sum (A. Neumaier, 1974).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.total + value;
        if total.is_finite() {
            self.lost += if self.total.abs() >= value.abs() {
                (self.total - total) + value
            } else {
                (value - total) + self.total
            };
        }
        self.total = total;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.add(other.total);
        self.lost += other.lost;
    }

    pub(crate) fn value(&self) -> f64 {
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }
}

/// What one look at each value of a block gives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) sum: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
}

const LANES: usize = 8;

/// Sum, least and greatest, in eight lanes that do not wait for each other.
pub(super) fn extent(values: &[f64]) -> Extent {
    let mut sums = [0.0; LANES];
    let mut least = [f64::INFINITY; LANES];
    let mut greatest = [f64::NEG_INFINITY; LANES];
    let blocks = values.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks.chain(std::iter::once(rest)) {
        for (((value, sum), least), greatest) in block.iter().zip(&mut sums).zip(&mut least).zip(&mut greatest) {
            *sum += value;
            *least = if value < least { *value } else { *least };
            *greatest = if value > greatest { *value } else { *greatest };
        }
    }
    Extent {
        sum: sums.iter().sum(),
        least: least.into_iter().fold(f64::INFINITY, f64::min),
        greatest: greatest.into_iter().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// The sum of what `term` makes of each value, in eight lanes.
pub(super) fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let blocks = values.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks.chain(std::iter::once(rest)) {
        for (value, sum) in block.iter().zip(&mut sums) {
            *sum += term(*value);
        }
    }
    sums.iter().sum()
}
