//! Arrow values as JSON text.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_schema::DataType;

use crate::display::{Display, text};
use crate::error::TabularError;
use crate::json::string::write_string;

/// Writes the values of one array. NULL, numbers that JSON does not have (NaN, infinities) and times that no calendar can
/// show are `null`.
pub(crate) struct ValueWriter<'a> {
    array: &'a dyn Array,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Text,
    /// A literal that is JSON as it is displayed.
    Literal(Display<'a>),
    Float,
    /// A string of what is displayed.
    Displayed(Display<'a>),
    Object(Vec<(String, ValueWriter<'a>)>),
    List(&'a ListArray, Box<ValueWriter<'a>>),
}

impl<'a> ValueWriter<'a> {
    /// A writer for `array`. `depth`: levels of nesting allowed.
    pub(crate) fn new(array: &'a dyn Array, depth: usize) -> Result<Self, TabularError> {
        let shape = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Shape::Text,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Shape::Float,
            DataType::Struct(_) => Shape::Object(fields(array.as_struct(), depth)?),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Shape::List(list, Box::new(Self::new(list.values().as_ref(), deeper(depth)?)?))
            }
            data_type if data_type.is_integer() || is_decimal(data_type) || *data_type == DataType::Boolean => {
                Shape::Literal(Display::new(array)?)
            }
            _ => Shape::Displayed(Display::new(array)?),
        };
        Ok(Self { array, shape })
    }

    /// Appends the value of a row.
    pub(crate) fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.array.is_null(row) || *self.array.data_type() == DataType::Null {
            out.extend_from_slice(b"null");
            return;
        }
        match &self.shape {
            Shape::Text => write_string(text(self.array, row), out),
            Shape::Literal(display) => out.extend_from_slice(display.text(row).as_deref().unwrap_or("null").as_bytes()),
            Shape::Float => write_float(self.array, row, out),
            Shape::Displayed(display) => match display.text(row) {
                Some(text) => write_string(&text, out),
                None => out.extend_from_slice(b"null"),
            },
            Shape::Object(fields) => {
                out.push(b'{');
                for (i, (name, values)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    values.write(row, out);
                }
                out.push(b'}');
            }
            Shape::List(list, values) => write_list(list, values, row, out),
        }
    }
}

fn is_decimal(data_type: &DataType) -> bool {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    matches!(data_type, Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..))
}

fn deeper(depth: usize) -> Result<usize, TabularError> {
    depth.checked_sub(1).ok_or_else(|| TabularError::Shape { problem: "values are nested too deep".to_owned() })
}

fn fields(array: &StructArray, depth: usize) -> Result<Vec<(String, ValueWriter<'_>)>, TabularError> {
    let depth = deeper(depth)?;
    let columns = array.fields().iter().zip(array.columns());
    columns.map(|(field, column)| Ok((field.name().clone(), ValueWriter::new(column.as_ref(), depth)?))).collect()
}

fn write_float(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    let number = match array.data_type() {
        DataType::Float16 => serde_json::Number::from_f64(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => {
            // Through its shortest text, so that 0.1 does not become 0.10000000149011612.
            array
                .as_primitive::<Float32Type>()
                .value(row)
                .to_string()
                .parse()
                .ok()
                .and_then(serde_json::Number::from_f64)
        }
        _ => serde_json::Number::from_f64(array.as_primitive::<Float64Type>().value(row)),
    };
    match number {
        Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

fn write_list(list: &ListArray, values: &ValueWriter<'_>, row: usize, out: &mut Vec<u8>) {
    let offsets = list.value_offsets();
    let bound = |i: usize| offsets.get(i).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    out.push(b'[');
    for (i, item) in (bound(row)..bound(row + 1)).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        values.write(item, out);
    }
    out.push(b']');
}

/// Writers for several arrays.
pub(crate) fn writers(arrays: &[ArrayRef], depth: usize) -> Result<Vec<ValueWriter<'_>>, TabularError> {
    arrays.iter().map(|array| ValueWriter::new(array.as_ref(), depth)).collect()
}
