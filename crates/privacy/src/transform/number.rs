//! Exact decimal numbers, and columns of them in any type.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::DataType;
use sluice_common::policy::Number;

use super::TransformError;
use super::error::type_name;
use super::text::{Cell, Expected, try_map_text};

/// The most digits that are read: sums and multiples of such numbers stay below 2¹²⁷.
const MAX_DIGITS: usize = 28;

/// `unscaled · 10^-scale`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    pub(super) unscaled: i128,
    pub(super) scale: u32,
}

impl From<Number> for Decimal {
    fn from(number: Number) -> Self {
        Self { unscaled: number.unscaled().into(), scale: number.scale().into() }
    }
}

impl Decimal {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] | digits => (false, digits),
        };
        let (mut unscaled, mut scale, mut count, mut point) = (0i128, 0, 0usize, false);
        for byte in digits {
            match byte {
                b'0'..=b'9' => {
                    unscaled = unscaled * 10 + i128::from(byte - b'0');
                    scale += u32::from(point);
                    count += 1;
                    if count > MAX_DIGITS {
                        return None;
                    }
                }
                b'.' if !point && count > 0 => point = true,
                _ => return None,
            }
        }
        let is_number = count > 0 && (!point || scale > 0);
        is_number.then_some(Self { unscaled: if is_negative { -unscaled } else { unscaled }, scale })
    }

    pub(super) fn write(self, out: &mut String) {
        let scale = self.scale as usize;
        let begin = out.len();
        // Writing to a text never fails.
        let _written = write!(out, "{:0>1$}", self.unscaled.unsigned_abs(), scale + 1);
        if scale > 0 {
            out.insert(out.len() - scale, '.');
        }
        if self.unscaled < 0 {
            out.insert(begin, '-');
        }
    }

    /// The same number with more decimals; none when it has too many digits for that.
    pub(super) fn widened(self, scale: u32) -> Option<Self> {
        let factor = 10i128.checked_pow(scale.checked_sub(self.scale)?)?;
        Some(Self { unscaled: self.unscaled.checked_mul(factor)?, scale })
    }

    /// The same number with as many decimals, when those that go are zeros.
    pub(super) fn exactly(self, scale: u32) -> Option<Self> {
        if scale >= self.scale {
            return self.widened(scale);
        }
        let divisor = 10i128.checked_pow(self.scale - scale)?;
        (self.unscaled % divisor == 0).then_some(Self { unscaled: self.unscaled / divisor, scale })
    }

    /// With as many decimals at most, rounded down.
    pub(super) fn floor(self, scale: u32) -> Self {
        match 10i128.checked_pow(self.scale.saturating_sub(scale)) {
            Some(divisor) if scale < self.scale => Self { unscaled: self.unscaled.div_euclid(divisor), scale },
            _ => self,
        }
    }

    /// With as many decimals at most, rounded up.
    pub(super) fn ceil(self, scale: u32) -> Self {
        let down = Self { unscaled: -self.unscaled, ..self }.floor(scale);
        Self { unscaled: -down.unscaled, ..down }
    }

    /// With as many decimals at most, rounded towards zero.
    pub(super) fn truncated(self, scale: u32) -> Self {
        if self.unscaled < 0 { self.ceil(scale) } else { self.floor(scale) }
    }

    /// Without zeros at the end of the decimals.
    pub(super) fn shortest(mut self) -> Self {
        while self.scale > 0 && self.unscaled % 10 == 0 {
            self.unscaled /= 10;
            self.scale -= 1;
        }
        self
    }

    /// None when the numbers are too far apart to be compared exactly.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.widened(scale)?.unscaled.cmp(&other.widened(scale)?.unscaled))
    }

    #[expect(clippy::cast_precision_loss, reason = "used for noise, which is a double itself")]
    pub(super) fn to_f64(self) -> f64 {
        self.unscaled as f64 / 10f64.powi(i32::try_from(self.scale).unwrap_or(i32::MAX))
    }
}

/// What is done to numbers.
pub(super) trait NumberMap {
    /// Another number for a number; none when it is unfit. `has_fixed_scale`: the result must not have more decimals.
    fn exact(&self, row: usize, number: Decimal, has_fixed_scale: bool) -> Option<Decimal>;

    /// As [`Self::exact`] for a floating-point number: by its shortest decimal digits.
    fn float(&self, row: usize, number: f64) -> Option<f64> {
        let mut text = String::new();
        let _written = write!(text, "{number}");
        let result = self.exact(row, Decimal::parse(&text)?, false)?;
        text.clear();
        result.write(&mut text);
        text.parse().ok()
    }
}

/// The type of the result of [`map_numbers`].
pub(super) fn number_type(input: &DataType) -> Result<DataType, TransformError> {
    match input {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(DataType::Utf8View),
        DataType::Float32 | DataType::Float64 | DataType::Null | DataType::Decimal128(_, 0..) => Ok(input.clone()),
        integer if integer.is_integer() => Ok(input.clone()),
        other => Err(TransformError::WrongType { expected: "numbers", data_type: type_name(other) }),
    }
}

/// The decimals that values of a type can have; none when there is no limit.
pub(super) fn decimals_of(input: &DataType) -> Option<u32> {
    match input {
        DataType::Decimal128(_, scale) => u32::try_from(*scale).ok(),
        integer if integer.is_integer() => Some(0),
        _ => None,
    }
}

/// Applies a function to every number, in the column's own type.
pub(super) fn map_numbers(
    input: &ArrayRef,
    expected: Expected,
    map: &impl NumberMap,
) -> Result<ArrayRef, TransformError> {
    match input.data_type() {
        DataType::Int8 => map_integers::<Int8Type>(input, expected, map),
        DataType::Int16 => map_integers::<Int16Type>(input, expected, map),
        DataType::Int32 => map_integers::<Int32Type>(input, expected, map),
        DataType::Int64 => map_integers::<Int64Type>(input, expected, map),
        DataType::UInt8 => map_integers::<UInt8Type>(input, expected, map),
        DataType::UInt16 => map_integers::<UInt16Type>(input, expected, map),
        DataType::UInt32 => map_integers::<UInt32Type>(input, expected, map),
        DataType::UInt64 => map_integers::<UInt64Type>(input, expected, map),
        DataType::Float32 => map_values::<Float32Type>(input, expected, |row, value| {
            #[expect(clippy::cast_possible_truncation, reason = "the column's own precision")]
            let narrow = |number: f64| number as f32;
            // The shortest digits of a single, not of the double that is nearest to it.
            value.to_string().parse().ok().and_then(|value| map.float(row, value)).map(narrow)
        }),
        DataType::Float64 => map_values::<Float64Type>(input, expected, |row, value| map.float(row, value)),
        DataType::Decimal128(precision, scale) => {
            let scale = u32::try_from(*scale).unwrap_or_default();
            let limit = 10i128.checked_pow(u32::from(*precision)).unwrap_or(i128::MAX);
            map_values::<Decimal128Type>(input, expected, |row, unscaled| {
                let result = map.exact(row, Decimal { unscaled, scale }, true)?.exactly(scale)?;
                (result.unscaled.unsigned_abs() < limit.unsigned_abs()).then_some(result.unscaled)
            })
        }
        DataType::Null => Ok(Arc::clone(input)),
        other => {
            number_type(other)?;
            try_map_text(input, expected, |row, text, out| {
                match Decimal::parse(text).and_then(|number| map.exact(row, number, false)) {
                    Some(result) => {
                        result.write(out);
                        Cell::Text
                    }
                    None => Cell::Unfit,
                }
            })
        }
    }
}

fn map_integers<T: ArrowPrimitiveType<Native: TryFrom<i128> + Into<i128>>>(
    input: &ArrayRef,
    expected: Expected,
    map: &impl NumberMap,
) -> Result<ArrayRef, TransformError> {
    map_values::<T>(input, expected, |row, value| {
        let result = map.exact(row, Decimal { unscaled: value.into(), scale: 0 }, true)?.exactly(0)?;
        T::Native::try_from(result.unscaled).ok()
    })
}

fn map_values<T: ArrowPrimitiveType>(
    input: &ArrayRef,
    expected: Expected,
    map: impl Fn(usize, T::Native) -> Option<T::Native>,
) -> Result<ArrayRef, TransformError> {
    let array = input.as_primitive::<T>();
    let mut out = Vec::with_capacity(array.len());
    for (row, value) in array.iter().enumerate() {
        out.push(match value.map(|value| map(row, value)) {
            None => None,
            Some(Some(result)) => Some(result),
            Some(None) => expected.or_null(row)?,
        });
    }
    let mapped: PrimitiveArray<T> = out.into_iter().collect();
    Ok(Arc::new(mapped.with_data_type(input.data_type().clone())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    fn text(decimal: Decimal) -> String {
        let mut out = String::new();
        decimal.write(&mut out);
        out
    }

    #[test]
    fn numbers_in_text() {
        for bad in ["", "-", ".", "1.", ".5", "1e5", "1,5", " 1", "1.2.3", "0x1", "NaN", "١"] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
        assert!(Decimal::parse(&"9".repeat(MAX_DIGITS)).is_some());
        assert!(Decimal::parse(&"9".repeat(MAX_DIGITS + 1)).is_none());
        assert_eq!(text(decimal("+0.50")), "0.50");
    }

    #[test]
    fn rounding() {
        for (number, floor, ceil, truncated) in [("1.29", "1.2", "1.3", "1.2"), ("-1.29", "-1.3", "-1.2", "-1.2")] {
            let number = decimal(number);
            assert_eq!((text(number.floor(1)), text(number.ceil(1))), (floor.into(), ceil.into()));
            assert_eq!(text(number.truncated(1)), truncated);
        }
        assert_eq!(text(decimal("1.500").shortest()), "1.5");
        assert_eq!(decimal("1.5").exactly(0).map(text), None);
        assert_eq!(decimal("-2.0").compare(decimal("-2")), Some(Ordering::Equal));
    }

    proptest! {
        #[test]
        fn a_number_is_written_as_it_was_read(number in "-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,12})?") {
            prop_assume!(!number.starts_with("-0") || number.bytes().any(|b| (b'1'..=b'9').contains(&b)));
            prop_assert_eq!(text(decimal(&number)), number);
        }
    }
}
