use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;

use super::{ColumnTransform, TransformError};

/// Longest text that a string view holds itself.
const INLINE_BYTES: usize = 12;

/// Puts the same text in place of each value, whatever its type, the empty text included.
#[derive(Debug, Clone)]
pub struct Redact {
    with: Arc<str>,
}

impl Redact {
    /// Replaces by a text.
    pub fn new(with: impl Into<Arc<str>>) -> Self {
        Self { with: with.into() }
    }
}

impl ColumnTransform for Redact {
    fn output_type(&self, _input: &DataType) -> Result<DataType, TransformError> {
        Ok(DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        let mut out = StringViewBuilder::with_capacity(input.len());
        let length = u32::try_from(self.with.len()).map_err(|_longer| TransformError::TooLarge)?;
        // The text is stored once, and each row views it.
        let block = (self.with.len() > INLINE_BYTES).then(|| out.append_block(self.with.as_bytes().to_vec().into()));
        let nulls = input.logical_nulls();
        for row in 0..input.len() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                out.append_null();
            } else if let Some(block) = block {
                out.try_append_view(block, 0, length).map_err(|_range| TransformError::TooLarge)?;
            } else {
                out.append_value(&*self.with);
            }
        }
        Ok(Arc::new(out.finish()))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray as _;
    use arrow_array::{Int32Array, StringArray};

    use super::*;

    #[test]
    fn every_value_becomes_the_text_and_null_stays() {
        for with in ["", "[REDACTED]", "a text that is longer than a view"] {
            let redact = Redact::new(with);
            for input in [
                Arc::new(StringArray::from(vec![Some("a"), None, Some("")])) as ArrayRef,
                Arc::new(Int32Array::from(vec![Some(1), None, Some(2)])),
            ] {
                let output = redact.apply(&input).unwrap();
                let texts: Vec<_> = output.as_string_view().iter().collect();
                assert_eq!(texts, [Some(with), None, Some(with)]);
            }
        }
    }
}
