//! Arrow values as text.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::as_datetime;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, TimeUnit};

use crate::error::TabularError;

/// Shows the values of an array that is not text: ISO 8601 for times, hex for bytes.
pub(crate) enum Display<'a> {
    Formatted(ArrayFormatter<'a>),
    /// Points in time are shown in UTC, whatever the zone they were noted in: the same instant, and no table of zones.
    Instant(&'a dyn Array, TimeUnit),
}

impl<'a> Display<'a> {
    pub(crate) fn new(array: &'a dyn Array) -> Result<Self, TabularError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
        if let DataType::Timestamp(unit, Some(_)) = array.data_type() {
            return Ok(Self::Instant(array, *unit));
        }
        let formatter = ArrayFormatter::try_new(array, &OPTIONS);
        Ok(Self::Formatted(formatter.map_err(|error| TabularError::Shape { problem: error.to_string() })?))
    }

    /// The text of a row that is not NULL. `None`: a time that no calendar can show, such as year 300,000.
    pub(crate) fn text(&self, row: usize) -> Option<String> {
        let (array, unit) = match self {
            Self::Formatted(formatter) => return formatter.value(row).try_to_string().ok(),
            Self::Instant(array, unit) => (array, unit),
        };
        let time = match unit {
            TimeUnit::Second => {
                as_datetime::<TimestampSecondType>(array.as_primitive::<TimestampSecondType>().value(row))
            }
            TimeUnit::Millisecond => {
                as_datetime::<TimestampMillisecondType>(array.as_primitive::<TimestampMillisecondType>().value(row))
            }
            TimeUnit::Microsecond => {
                as_datetime::<TimestampMicrosecondType>(array.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            TimeUnit::Nanosecond => {
                as_datetime::<TimestampNanosecondType>(array.as_primitive::<TimestampNanosecondType>().value(row))
            }
        };
        time.map(|time| time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
    }
}

/// The text of a row of a string array, whatever its layout; the empty text for another array.
pub(crate) fn text(array: &dyn Array, row: usize) -> &str {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row),
        DataType::Utf8View => array.as_string_view().value(row),
        _ => "",
    }
}
