use std::f64::consts::TAU;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::{NoiseDistribution, Number, Unfit};

use super::number::{Decimal, NumberMap, map_numbers, number_type};
use super::text::Expected;
use super::{Beside, ColumnTransform, TransformError};
use crate::crypto::Prf;
use crate::keyring::{KeyPurpose, ScopedKey};

/// Adds a random number to each number, in the column's own type and with as many decimals.
///
/// What is published must be a pure function of what was read, so that an event that comes twice gives the same bytes. The
/// randomness is therefore drawn by a pseudo-random function (AES-256-CMAC) under a key that the domain's secret gives to
/// this column, from the number of the row and the value: without the secret it cannot be told from coins that were
/// tossed for this very cell. The same value in the same row of another object gets the same noise, which says that the
/// two are equal and nothing else.
///
/// This hides single values from those who know them roughly. It is not differential privacy: that takes bounds, a budget
/// and mechanisms safe from the gaps between doubles.
#[derive(Debug)]
pub struct Noise {
    distribution: NoiseDistribution,
    scale: f64,
    expected: Expected,
    prf: Prf,
}

/// [`Noise`] at a place in a table.
struct Placed<'n> {
    noise: &'n Noise,
    first_row: u64,
}

impl Noise {
    /// Noise of a scale, under a key of a domain.
    pub fn new<'k>(
        distribution: NoiseDistribution,
        scale: Number,
        unfit: Unfit,
        key: impl Into<ScopedKey<'k>>,
    ) -> Self {
        Self {
            distribution,
            scale: Decimal::from(scale).to_f64(),
            expected: Expected { unfit, what: "a number" },
            prf: Prf::new(&key.into().derive(KeyPurpose::Noise)),
        }
    }

    /// The noise of a cell.
    fn draw(&self, row: u64, value: &[u8]) -> f64 {
        let bits = self.prf.number(&[&row.to_be_bytes(), value].concat());
        let (first, second) = (uniform(bits >> 64), uniform(bits));
        self.scale
            * match self.distribution {
                // The inverse of the distribution function.
                NoiseDistribution::Laplace => {
                    let side = first - 0.5;
                    -side.signum() * (-2.0 * side.abs()).ln_1p()
                }
                // Box and Muller.
                NoiseDistribution::Gaussian => (-2.0 * first.ln()).sqrt() * (TAU * second).cos(),
            }
    }
}

/// The low 53 of 64 bits as a number between 0 and 1, neither of them.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what a double holds")]
fn uniform(bits: u128) -> f64 {
    const BITS: u32 = 53;
    let drawn = u64::try_from(bits & ((1 << BITS) - 1)).unwrap_or_default();
    (drawn as f64 + 0.5) / (1u64 << BITS) as f64
}

impl NumberMap for Placed<'_> {
    fn exact(&self, row: usize, number: Decimal, _has_fixed_scale: bool) -> Option<Decimal> {
        let shortest = number.shortest();
        let value = [shortest.unscaled.to_be_bytes().as_slice(), &shortest.scale.to_be_bytes()].concat();
        let noise = self.noise.draw(self.first_row.saturating_add(row as u64), &value);
        let digits = format!("{noise:.*}", number.scale as usize);
        let noise = Decimal::parse(&digits)?;
        Some(Decimal { unscaled: number.unscaled.checked_add(noise.unscaled)?, scale: number.scale })
    }

    fn float(&self, row: usize, number: f64) -> Option<f64> {
        let noise = self.noise.draw(self.first_row.saturating_add(row as u64), &number.to_be_bytes());
        number.is_finite().then_some(number + noise)
    }
}

impl ColumnTransform for Noise {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        number_type(input)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        self.apply_beside(input, &Beside::default())
    }

    fn apply_beside(&self, input: &ArrayRef, beside: &Beside<'_>) -> Result<ArrayRef, TransformError> {
        map_numbers(input, self.expected, &Placed { noise: self, first_row: beside.first_row })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Float64Type, Int32Type};
    use arrow_array::{Float64Array, Int32Array, StringArray};
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn noise(distribution: NoiseDistribution, scale: &str, column: &str) -> Noise {
        let key = DomainKey::new(Domain::new("customers").unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        Noise::new(distribution, Number::parse(scale).unwrap(), Unfit::Refuse, key.of_column(column))
    }

    fn zeros(rows: usize) -> ArrayRef {
        Arc::new(Float64Array::from(vec![0.0; rows]))
    }

    fn drawn(noise: &Noise, rows: usize) -> Vec<f64> {
        noise.apply(&zeros(rows)).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    /// Mean 0; variance 2b² of Laplace, σ² of Gauss; and of each the share beyond one scale.
    #[test]
    fn the_distributions_are_what_they_are_called() {
        for (distribution, variance, beyond) in
            [(NoiseDistribution::Laplace, 2.0, 0.367_9), (NoiseDistribution::Gaussian, 1.0, 0.317_3)]
        {
            let values = drawn(&noise(distribution, "3", "c"), 40_000);
            let count = 40_000.0;
            let mean = values.iter().sum::<f64>() / count;
            let spread = values.iter().map(|value| value * value).sum::<f64>() / count / 9.0;
            let share = values.iter().map(|value| if value.abs() > 3.0 { 1.0 } else { 0.0 }).sum::<f64>() / count;
            assert!(mean.abs() < 0.09, "{distribution:?}: mean {mean}");
            assert!((spread - variance).abs() < 0.08, "{distribution:?}: variance {spread}");
            assert!((share - beyond).abs() < 0.01, "{distribution:?}: share {share}");
        }
    }

    #[test]
    fn it_is_a_function_of_column_row_and_value() {
        let one = noise(NoiseDistribution::Laplace, "3", "c");
        assert_eq!(drawn(&one, 10), drawn(&noise(NoiseDistribution::Laplace, "3", "c"), 10));
        assert_ne!(drawn(&one, 10), drawn(&noise(NoiseDistribution::Laplace, "3", "d"), 10));
        let later = one.apply_beside(&zeros(4), &Beside { first_row: 6, ..Beside::default() }).unwrap();
        assert_eq!(later.as_primitive::<Float64Type>().values()[..], drawn(&one, 10)[6..]);
    }

    #[test]
    fn types_and_decimals_stay() {
        let noise = noise(NoiseDistribution::Gaussian, "10", "c");
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1_000), None]));
        let noisy = noise.apply(&numbers).unwrap();
        assert!((900..1_100).contains(&noisy.as_primitive::<Int32Type>().value(0)));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["1000.00", "1000", ""]));
        let noisy = noise.apply(&texts).unwrap();
        let noisy = noisy.as_string_view();
        assert_eq!(noisy.value(0).split_once('.').unwrap().1.len(), 2);
        assert!(!noisy.value(1).contains('.'));
        assert_eq!(noisy.value(2), "");
    }
}
