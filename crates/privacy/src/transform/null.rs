use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::DataType;

use super::{ColumnTransform, TransformError};

/// Puts NULL in place of each value, in the column's own type.
#[derive(Debug, Clone, Copy)]
pub struct Null;

impl ColumnTransform for Null {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        Ok(input.clone())
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        Ok(new_null_array(input.data_type(), input.len()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Array as _, Int32Array};

    use super::*;

    #[test]
    fn nothing_is_left_but_the_type() {
        let input: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
        let output = Null.apply(&input).unwrap();
        assert_eq!((output.data_type(), output.null_count()), (&DataType::Int32, 2));
    }
}
