//! Every column as texts: one way through the profiler for all formats.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryViewArray};
use arrow_schema::{ArrowError, DataType, TimeUnit};

use crate::cell::CellType;

/// The cells of a column of one block.
#[derive(Debug)]
pub(crate) enum Texts {
    Cells(BinaryViewArray),
    /// Only NULL or not can be told.
    Opaque(ArrayRef),
}

/// The type that a column of the file has; `None`: text, whose type is told from its cells.
pub(crate) fn declared_type(data_type: &DataType) -> Option<CellType> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => None,
        DataType::Dictionary(_, values) => declared_type(values),
        integer if integer.is_integer() => Some(CellType::Integral),
        number if number.is_numeric() => Some(CellType::Fractional),
        DataType::Boolean => Some(CellType::Boolean),
        DataType::Date32 | DataType::Date64 => Some(CellType::Date),
        DataType::Timestamp(..) => Some(CellType::Timestamp),
        _ => Some(CellType::Opaque),
    }
}

impl Texts {
    /// The texts of `array`: text as it is, numbers as they print, times in UTC.
    pub(crate) fn of(array: &ArrayRef, is_opaque: bool) -> Result<Self, ArrowError> {
        if is_opaque {
            return Ok(Self::Opaque(Arc::clone(array)));
        }
        if let Some(bytes) = array.as_binary_view_opt() {
            return Ok(Self::Cells(bytes.clone()));
        }
        if let DataType::Dictionary(_, values) = array.data_type() {
            return Self::of(&arrow_cast::cast(array, values)?, is_opaque);
        }
        Ok(match declared_type(array.data_type()) {
            Some(CellType::Timestamp) => {
                let utc = arrow_cast::cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                Self::Cells(texts(&utc)?)
            }
            Some(CellType::Date) => Self::Cells(texts(&arrow_cast::cast(array, &DataType::Date32)?)?),
            _ => Self::Cells(texts(array)?),
        })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Cells(array) => array.is_null(row),
            Self::Opaque(array) => array.is_null(row),
        }
    }
}

fn texts(array: &ArrayRef) -> Result<BinaryViewArray, ArrowError> {
    let views = if array.data_type() == &DataType::Utf8View {
        Arc::clone(array)
    } else {
        let text = arrow_cast::cast(array, &DataType::Utf8)?;
        arrow_cast::cast(&text, &DataType::Utf8View)?
    };
    Ok(views.as_string_view().clone().to_binary_view())
}
