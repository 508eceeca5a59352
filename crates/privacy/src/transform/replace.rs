use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::DataType;

use super::redact::Redact;
use super::{ColumnTransform, TransformError};

/// Puts one value in place of each. Where the column's type can say the value it is kept; otherwise the column becomes
/// text, which the output's schema shows.
#[derive(Debug, Clone)]
pub struct Replace {
    with: Arc<str>,
    text: Redact,
}

impl Replace {
    /// Replaces by a value, given as text.
    pub fn new(with: &str) -> Self {
        let with: Arc<str> = with.into();
        Self { text: Redact::new(Arc::clone(&with)), with }
    }

    /// The value in a type; none when the type cannot say it exactly.
    fn in_type(&self, data_type: &DataType) -> Option<ArrayRef> {
        const STRICT: CastOptions<'static> =
            CastOptions { safe: false, format_options: arrow_cast::display::FormatOptions::new() };
        let is_text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if is_text || data_type.is_nested() || matches!(data_type, DataType::Binary | DataType::Null) {
            return None;
        }
        let text = StringArray::from(vec![&*self.with]);
        let value = cast_with_options(&text, data_type, &STRICT).ok().filter(|value| value.null_count() == 0)?;
        // A type that takes the text and says something else, as an integer takes 1.5, does not count.
        let back = cast_with_options(&value, &DataType::Utf8, &STRICT).ok()?;
        let same =
            back.as_any().downcast_ref::<StringArray>().is_some_and(|back| same_value(back.value(0), &self.with));
        same.then_some(value)
    }
}

fn same_value(one: &str, other: &str) -> bool {
    one == other
        || matches!((one.parse::<f64>(), other.parse::<f64>()), (Ok(one), Ok(other)) if one.to_bits() == other.to_bits())
}

impl ColumnTransform for Replace {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        match self.in_type(input) {
            Some(value) => Ok(value.data_type().clone()),
            None => self.text.output_type(input),
        }
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        let texts = self.text.apply(input)?;
        if self.in_type(input.data_type()).is_none() {
            return Ok(texts);
        }
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(&texts, input.data_type(), &options).map_err(|_it_was_tried| TransformError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Date32Type, Float64Type, Int64Type};
    use arrow_array::{Date32Array, Float64Array, Int64Array};

    use super::*;

    #[test]
    fn the_type_stays_where_it_can_say_the_value() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        let output = Replace::new("0").apply(&numbers).unwrap();
        assert_eq!(output.as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(0), None]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(7.5), None]));
        let output = Replace::new("1.5").apply(&floats).unwrap();
        assert_eq!(output.as_primitive::<Float64Type>(), &Float64Array::from(vec![Some(1.5), None]));
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![Some(7)]));
        let output = Replace::new("1970-01-02").apply(&dates).unwrap();
        assert_eq!(output.as_primitive::<Date32Type>(), &Date32Array::from(vec![1]));
    }

    #[test]
    fn the_column_becomes_text_where_it_cannot() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        for with in ["1.5", "n/a", "99999999999999999999"] {
            let replace = Replace::new(with);
            assert_eq!(replace.output_type(numbers.data_type()), Ok(DataType::Utf8View), "{with}");
            let output = replace.apply(&numbers).unwrap();
            assert_eq!(output.as_string_view().iter().collect::<Vec<_>>(), [Some(with), None]);
        }
    }
}
