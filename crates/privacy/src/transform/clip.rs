use std::cmp::Ordering;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::{Number, Unfit};

use super::number::{Decimal, NumberMap, map_numbers, number_type};
use super::text::Expected;
use super::{ColumnTransform, TransformError};

/// Brings numbers beyond a bound to the bound, in the column's own type. Where the type has fewer decimals than the bound,
/// the nearest number within the bounds is taken.
#[derive(Debug, Clone, Copy)]
pub struct Clip {
    min: Option<Decimal>,
    max: Option<Decimal>,
    expected: Expected,
}

impl Clip {
    /// Clips to one bound or two.
    pub fn new(min: Option<Number>, max: Option<Number>, unfit: Unfit) -> Self {
        Self { min: min.map(Into::into), max: max.map(Into::into), expected: Expected { unfit, what: "a number" } }
    }
}

impl NumberMap for Clip {
    fn exact(&self, _row: usize, number: Decimal, has_fixed_scale: bool) -> Option<Decimal> {
        let within = |bound: Decimal, rounded: Decimal| if has_fixed_scale { rounded } else { bound };
        if let Some(max) = self.max
            && number.compare(max)? == Ordering::Greater
        {
            return Some(within(max, max.floor(number.scale)));
        }
        if let Some(min) = self.min
            && number.compare(min)? == Ordering::Less
        {
            return Some(within(min, min.ceil(number.scale)));
        }
        Some(number)
    }
}

impl ColumnTransform for Clip {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        number_type(input)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        map_numbers(input, self.expected, self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Decimal128Type, Float64Type, UInt8Type};
    use arrow_array::{Decimal128Array, Float64Array, StringArray, UInt8Array};

    use super::*;

    fn clip(min: &str, max: &str) -> Clip {
        Clip::new(Number::parse(min), Number::parse(max), Unfit::Null)
    }

    #[test]
    fn each_type_stays_within_its_bounds() {
        let bytes: ArrayRef = Arc::new(UInt8Array::from(vec![Some(0), Some(7), Some(255), None]));
        let clipped = clip("0.5", "99.9").apply(&bytes).unwrap();
        assert_eq!(clipped.as_primitive::<UInt8Type>(), &UInt8Array::from(vec![Some(1), Some(7), Some(99), None]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![-1.5, 0.25, f64::NAN, 1e300]));
        let clipped = clip("0", "").apply(&floats).unwrap();
        let expected = Float64Array::from(vec![Some(0.0), Some(0.25), None, None]);
        assert_eq!(clipped.as_primitive::<Float64Type>(), &expected);
        let amounts = Decimal128Array::from(vec![12_345]).with_precision_and_scale(10, 2).unwrap();
        let clipped = clip("", "99.999").apply(&(Arc::new(amounts) as ArrayRef)).unwrap();
        assert_eq!(clipped.as_primitive::<Decimal128Type>().value(0), 9_999);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["5", "-3.75", "100", "", "n/a"]));
        let clipped = clip("-2.5", "50").apply(&texts).unwrap();
        let expected = [Some("5"), Some("-2.5"), Some("50"), Some(""), None];
        assert_eq!(clipped.as_string_view().iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_number_is_an_error_that_names_the_row() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["5", "canary"]));
        let error = Clip::new(Number::parse("1"), None, Unfit::Refuse).apply(&texts).unwrap_err();
        assert_eq!(error, TransformError::Unfit { expected: "a number", row: 1 });
        assert!(!error.to_string().contains("canary"));
    }
}
