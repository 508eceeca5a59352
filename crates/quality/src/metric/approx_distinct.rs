//! About how many different values there are, in 4 KiB.

use arrow_buffer::BooleanBuffer;
use datasketches::hll::{Coupon, HllSketch, HllType, HllUnion};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::frame::both;
use crate::keys::Keys;

/// 4,096 registers: a standard error of 1.6 %. Exact for some hundred values.
const LOG2_REGISTERS: u8 = 12;

/// A `HyperLogLog` sketch in the format of Apache `DataSketches`, fed with the keys of values; NULLs left out.
#[derive(Clone)]
pub(crate) struct ApproxDistinct {
    sketch: HllSketch,
}

impl std::fmt::Debug for ApproxDistinct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApproxDistinct").field("estimate", &self.estimate()).finish()
    }
}

impl Default for ApproxDistinct {
    #[expect(clippy::expect_used, reason = "the number of registers is a constant within the library's bounds")]
    fn default() -> Self {
        Self { sketch: HllSketch::new(LOG2_REGISTERS, HllType::Hll8).expect("4 to 21 bits of registers") }
    }
}

impl ApproxDistinct {
    pub(super) fn update(&mut self, keys: &Keys, filter: Option<&BooleanBuffer>) {
        let rows = both(filter, keys.some_value.as_ref());
        let mut add = |key: u128| self.sketch.update_with_coupon(Coupon::from_value(key));
        match rows {
            None => keys.values.iter().for_each(|key| add(*key)),
            Some(rows) => rows.set_indices().for_each(|row| add(keys.values.get(row).copied().unwrap_or_default())),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let Ok(mut union) = HllUnion::new(LOG2_REGISTERS) else { return };
        union.update(&self.sketch);
        union.update(&other.sketch);
        self.sketch = union.to_sketch(HllType::Hll8);
    }

    /// The estimated number of different values.
    pub(crate) fn estimate(&self) -> f64 {
        self.sketch.estimate().round()
    }
}

impl Serialize for ApproxDistinct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sketch.serialize().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ApproxDistinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        // Bytes may be hostile, and the library speaks for other writers' sketches, too: only our shape is taken.
        let sketch = HllSketch::deserialize(&bytes).map_err(|error| D::Error::custom(format!("{error:?}")))?;
        let ours = sketch.lg_config_k() == LOG2_REGISTERS && sketch.target_type() == HllType::Hll8;
        if ours { Ok(Self { sketch }) } else { Err(D::Error::custom("a sketch of another size")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(keys: impl Iterator<Item = u128>) -> ApproxDistinct {
        let mut state = ApproxDistinct::default();
        state.update(&Keys { values: keys.collect(), some_value: None, every_value: None }, None);
        state
    }

    #[test]
    fn few_values_are_counted_exactly_and_many_within_five_percent() {
        assert!((sketch((0..100).chain(0..50)).estimate() - 100.0).abs() < 0.5);
        let many = sketch((0..200_000).map(|key| key << 70)).estimate();
        assert!((many - 200_000.0).abs() < 10_000.0, "{many}");
    }

    #[test]
    fn merged_and_stored_sketches_estimate_the_union() {
        let mut merged = sketch(0..60_000);
        merged.merge(&sketch(40_000..100_000));
        let stored = serde_json::to_string(&merged).unwrap();
        let read: ApproxDistinct = serde_json::from_str(&stored).unwrap();
        assert!((read.estimate() - 100_000.0).abs() < 5_000.0, "{}", read.estimate());
        assert!(serde_json::from_str::<ApproxDistinct>("[1,2,3]").is_err());
    }
}
