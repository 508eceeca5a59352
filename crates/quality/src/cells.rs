//! A column of one block in one of a few forms, so that each kernel needs few cases.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, TimeUnit};

use crate::value::DAY_MICROS;

/// The form that a column of a given type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) enum Kind {
    Text,
    Integer,
    Float,
    Decimal,
    Boolean,
    Date,
    Timestamp,
    /// Bytes, lists, maps: only NULL or not can be told.
    Opaque,
}

impl Kind {
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::UInt64 | DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => {
                Self::Decimal
            }
            DataType::Boolean => Self::Boolean,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(..) => Self::Timestamp,
            DataType::Dictionary(_, values) => Self::of(values),
            _ => Self::Opaque,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "floating-point",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Opaque => "binary or nested",
        }
    }
}

/// A column of one block.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    /// Kernels work on bytes. A caller may hand out a text column as bytes that are valid UTF-8, to be checked once only.
    Text(BinaryViewArray),
    Integer(Int64Array),
    Float(Float64Array),
    Decimal(Decimal128Array),
    Boolean(BooleanArray),
    Date(Date32Array),
    Timestamp(TimestampMicrosecondArray),
    Opaque(ArrayRef),
}

impl Cells {
    /// Brings `array` into its form; text views and the widest types are taken as they are.
    pub(crate) fn new(array: &ArrayRef, planned: Kind) -> Result<Self, ArrowError> {
        if let (Kind::Text, Some(bytes)) = (planned, array.as_binary_view_opt()) {
            return Ok(Self::Text(bytes.clone()));
        }
        let cast = |to: &DataType| {
            if array.data_type() == to { Ok(array.clone()) } else { arrow_cast::cast(array.as_ref(), to) }
        };
        Ok(match Kind::of(array.data_type()) {
            Kind::Text => Self::Text(cast(&DataType::Utf8View)?.as_string_view().clone().to_binary_view()),
            Kind::Integer => Self::Integer(cast(&DataType::Int64)?.as_primitive::<Int64Type>().clone()),
            Kind::Float => Self::Float(cast(&DataType::Float64)?.as_primitive::<Float64Type>().clone()),
            Kind::Decimal => {
                let to = match array.data_type() {
                    wide @ DataType::Decimal128(..) => wide.clone(),
                    DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
                        DataType::Decimal128(*precision, *scale)
                    }
                    _ => DataType::Decimal128(20, 0),
                };
                Self::Decimal(cast(&to)?.as_primitive::<Decimal128Type>().clone())
            }
            Kind::Boolean => Self::Boolean(cast(&DataType::Boolean)?.as_boolean().clone()),
            Kind::Date => Self::Date(cast(&DataType::Date32)?.as_primitive::<Date32Type>().clone()),
            Kind::Timestamp => {
                let zone = match array.data_type() {
                    DataType::Timestamp(_, zone) => zone.clone(),
                    _ => None,
                };
                let micros = cast(&DataType::Timestamp(TimeUnit::Microsecond, zone))?;
                Self::Timestamp(micros.as_primitive::<TimestampMicrosecondType>().clone())
            }
            Kind::Opaque => Self::Opaque(array.clone()),
        })
    }

    pub(crate) fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Text(array) => array.nulls(),
            Self::Integer(array) => array.nulls(),
            Self::Float(array) => array.nulls(),
            Self::Decimal(array) => array.nulls(),
            Self::Boolean(array) => array.nulls(),
            Self::Date(array) => array.nulls(),
            Self::Timestamp(array) => array.nulls(),
            Self::Opaque(array) => array.nulls(),
        }
    }
}

/// The texts of a column as byte slices, without a copy.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    views: &'a [u128],
    inline: &'a [u8],
    buffers: Vec<&'a [u8]>,
}

/// The longest text that its view holds itself (Arrow columnar format, "Variable-size Binary View Layout").
pub(crate) const INLINE_BYTES: u32 = 12;
const VIEW_BYTES: usize = 16;

/// The length of the text behind a view, in bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low 32 bits of a view are the length")]
pub(crate) const fn view_length(view: u128) -> u32 {
    view as u32
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "words of the view layout")]
const fn view_words(view: u128) -> (usize, usize, usize) {
    (view as u32 as usize, (view >> 64) as u32 as usize, (view >> 96) as u32 as usize)
}

impl<'a> Texts<'a> {
    pub(crate) fn new(array: &'a BinaryViewArray) -> Self {
        Self {
            views: array.views(),
            inline: array.views().inner().as_slice(),
            buffers: array.data_buffers().iter().map(arrow_buffer::Buffer::as_slice).collect(),
        }
    }

    /// The views: a text of at most [`INLINE_BYTES`] is determined by its view alone.
    pub(crate) const fn views(&self) -> &'a [u128] {
        self.views
    }

    /// The number of characters in row `row`.
    #[inline]
    pub(crate) fn char_length(&self, row: usize) -> u32 {
        const HIGH_BITS: u128 = 0x8080_8080_8080_8080_8080_8080_0000_0000;
        let view = self.views.get(row).copied().unwrap_or_default();
        let length = view_length(view);
        // A short text stands in its view: bytes of the form `10xxxxxx` continue a character.
        if length <= INLINE_BYTES {
            return length - (view & !(view << 1) & HIGH_BITS).count_ones();
        }
        u32::try_from(crate::value::char_length(self.bytes(row))).unwrap_or(u32::MAX)
    }

    /// The text of row `row`; a NULL row has some text, mostly the empty one.
    #[inline]
    pub(crate) fn bytes(&self, row: usize) -> &'a [u8] {
        let view = self.views.get(row).copied().unwrap_or_default();
        let (length, buffer, offset) = view_words(view);
        if view_length(view) <= INLINE_BYTES {
            let start = row * VIEW_BYTES + 4;
            self.inline.get(start..start + length).unwrap_or_default()
        } else {
            self.buffers.get(buffer).and_then(|bytes| bytes.get(offset..offset + length)).unwrap_or_default()
        }
    }
}

/// Microseconds since the epoch of midnight, UTC, of a day. A file may hold days farther away than microseconds reach, some
/// 290,000 years: those are as far away as can be.
pub(crate) fn day_micros(day: i32) -> i64 {
    i64::from(day).saturating_mul(DAY_MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int8Array, StringViewArray};
    use std::sync::Arc;

    #[test]
    fn texts_are_read_through_slices_and_both_layouts() {
        let array = StringViewArray::from(vec![Some("short"), None, Some("a text longer than twelve bytes"), Some("")]);
        for sliced in [array.clone(), array.slice(1, 3)] {
            let bytes = sliced.clone().to_binary_view();
            let texts = Texts::new(&bytes);
            for row in 0..sliced.len() {
                if sliced.is_valid(row) {
                    assert_eq!(texts.bytes(row), sliced.value(row).as_bytes());
                }
            }
        }
    }

    #[test]
    fn days_beyond_the_reach_of_microseconds_stay_in_order() {
        assert_eq!(day_micros(-1), -DAY_MICROS);
        assert_eq!((day_micros(i32::MIN), day_micros(i32::MAX)), (i64::MIN, i64::MAX));
    }

    #[test]
    fn narrow_types_are_widened() {
        let narrow: ArrayRef = Arc::new(Int8Array::from(vec![Some(-3), None]));
        let Ok(Cells::Integer(wide)) = Cells::new(&narrow, Kind::Integer) else { panic!("an integer column") };
        assert_eq!(wide.value(0), -3);
        assert!(wide.is_null(1));
    }
}
