use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, StringViewArray};
use arrow_cast::display::{ArrayFormatter, DurationFormat, FormatOptions};
use arrow_schema::{DataType, TimeUnit};
use sluice_common::policy::Unfit;
use sluice_tabular::Texts;

use super::error::{TransformError, type_name};

/// The text form of a value that is not text:
///
/// | type | text |
/// |---|---|
/// | integers | decimal digits, `-` before a negative |
/// | floats | the shortest digits that give the same number back, at least one after the point: `1.0` |
/// | decimals | all digits of the scale: `1.50` |
/// | booleans | `true`, `false` |
/// | dates, times | ISO 8601: `2025-01-31`, `13:00:00` |
/// | timestamps | RFC 3339: `2025-01-31T13:00:00`, and in UTC with a `Z` when the type has a zone |
/// | durations, intervals | ISO 8601 |
/// | bytes | lower-case hexadecimal digits |
const FORMAT: FormatOptions<'static> =
    FormatOptions::new().with_display_error(false).with_duration_format(DurationFormat::ISO8601);

/// Whether values of a type have one text.
pub(super) fn has_text(data_type: &DataType) -> Result<(), TransformError> {
    match data_type {
        DataType::List(_)
        | DataType::ListView(_)
        | DataType::FixedSizeList(..)
        | DataType::LargeList(_)
        | DataType::LargeListView(_)
        | DataType::Struct(_)
        | DataType::Union(..)
        | DataType::Map(..) => Err(TransformError::UnsupportedType { data_type: type_name(data_type) }),
        DataType::Dictionary(_, values) => has_text(values),
        DataType::RunEndEncoded(_, values) => has_text(values.data_type()),
        _ => Ok(()),
    }
}

/// The texts of an array; views are shared, not copied.
///
/// Each value has one text, whatever file it came in: integers in decimal digits, dates and times in ISO 8601, bytes in
/// hexadecimal digits. Texts are taken as they are: neither trimmed, nor folded, nor normalised.
///
/// # Errors
/// For lists, structs, maps and unions, and for values outside their type's meaning.
pub fn text_of(array: &ArrayRef) -> Result<StringViewArray, TransformError> {
    let data_type = array.data_type();
    has_text(data_type)?;
    match data_type {
        DataType::Utf8View => Ok(array.as_string_view().clone()),
        DataType::Utf8 => collect(array.len(), array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => collect(array.len(), array.as_string::<i64>().iter()),
        DataType::Timestamp(unit, Some(_)) => format_each(&in_utc(array, *unit)),
        _ => format_each(array),
    }
}

/// An instant is the same in every zone, so it has the same text too: that of UTC. Nor does a name of a zone need tables
/// of its history then.
fn in_utc(array: &ArrayRef, unit: TimeUnit) -> ArrayRef {
    const UTC: &str = "+00:00";
    match unit {
        TimeUnit::Second => Arc::new(array.as_primitive::<TimestampSecondType>().clone().with_timezone(UTC)),
        TimeUnit::Millisecond => Arc::new(array.as_primitive::<TimestampMillisecondType>().clone().with_timezone(UTC)),
        TimeUnit::Microsecond => Arc::new(array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone(UTC)),
        TimeUnit::Nanosecond => Arc::new(array.as_primitive::<TimestampNanosecondType>().clone().with_timezone(UTC)),
    }
}

fn collect<'a>(rows: usize, texts: impl Iterator<Item = Option<&'a str>>) -> Result<StringViewArray, TransformError> {
    let mut out = Texts::with_capacity(rows, 0);
    for text in texts {
        match text {
            Some(text) => out.push(text),
            None => out.push_null(),
        }
    }
    finish(out)
}

fn format_each(array: &ArrayRef) -> Result<StringViewArray, TransformError> {
    let data_type = type_name(array.data_type());
    let formatter = ArrayFormatter::try_new(array.as_ref(), &FORMAT)
        .map_err(|_unsupported| TransformError::UnsupportedType { data_type })?;
    let logical_nulls = array.logical_nulls();
    let mut out = Texts::with_capacity(array.len(), 0);
    for row in 0..array.len() {
        if logical_nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.push_null();
            continue;
        }
        out.push_with(|text| write!(text, "{}", formatter.value(row)))
            .map_err(|_outside| TransformError::NoText { data_type, row })?;
    }
    finish(out)
}

/// The column of texts that were made.
pub(super) fn finish(texts: Texts) -> Result<StringViewArray, TransformError> {
    texts.finish().map_err(|_too_many_bytes| TransformError::TooLarge)
}

/// Bytes of all values of an array, more or less, so that as much room is made at once.
pub(super) fn bytes_of(texts: &StringViewArray) -> usize {
    texts.lengths().map(|length| usize::try_from(length).unwrap_or_default()).sum()
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// The text that was appended.
    Text,
    /// NULL.
    Null,
    /// It is not what the transform takes.
    Unfit,
}

/// What becomes of unfit values, and what they were expected to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) unfit: Unfit,
    pub(super) what: &'static str,
}

impl Expected {
    /// NULL, or the error that names the row.
    pub(super) fn or_null<T>(self, row: usize) -> Result<Option<T>, TransformError> {
        match self.unfit {
            Unfit::Null => Ok(None),
            Unfit::Refuse | Unfit::Token => Err(TransformError::Unfit { expected: self.what, row }),
        }
    }
}

/// Takes what a transform says of a value that it wrote.
pub(super) fn settle(cell: Cell, row: usize, expected: Expected, out: &mut Texts) -> Result<(), TransformError> {
    match cell {
        Cell::Text => {}
        Cell::Null => out.nullify_last(),
        Cell::Unfit => {
            expected.or_null::<&str>(row)?;
            out.nullify_last();
        }
    }
    Ok(())
}

/// As [`map_text`], for transforms that do not take every value. The function is told the row.
pub(super) fn try_map_text(
    input: &ArrayRef,
    expected: Expected,
    mut transform: impl FnMut(usize, &str, &mut String) -> Cell,
) -> Result<ArrayRef, TransformError> {
    let texts = text_of(input)?;
    let mut out = Texts::with_capacity(texts.len(), bytes_of(&texts));
    for (row, text) in texts.iter().enumerate() {
        match text {
            Some("") => out.push(""),
            Some(text) => {
                let cell = out.push_with(|out| transform(row, text, out));
                settle(cell, row, expected, &mut out)?;
            }
            None => out.push_null(),
        }
    }
    Ok(Arc::new(finish(out)?))
}

/// Applies a function from text to text to every value. The function appends to what it wrote before.
pub(super) fn map_text(
    input: &ArrayRef,
    mut transform: impl FnMut(&str, &mut String),
) -> Result<ArrayRef, TransformError> {
    let texts = text_of(input)?;
    let mut out = Texts::with_capacity(texts.len(), bytes_of(&texts));
    for text in &texts {
        match text {
            Some("") => out.push(""),
            Some(text) => out.push_with(|out| transform(text, out)),
            None => out.push_null(),
        }
    }
    Ok(Arc::new(finish(out)?))
}

/// Rows that transforms with a key work on together: what they keep of each must fit the first cache.
pub(super) const CHUNK_ROWS: usize = 128;

/// The texts in pieces of [`CHUNK_ROWS`] rows.
pub(super) fn chunks(texts: &StringViewArray) -> impl Iterator<Item = StringViewArray> {
    let begins = (0..texts.len()).step_by(CHUNK_ROWS);
    begins.map(|begin| texts.slice(begin, CHUNK_ROWS.min(texts.len() - begin)))
}

/// As [`map_text`], for transforms that draw something from the key for each value: `draw` appends one for each of many
/// values, which is cheaper than one by one.
pub(super) fn map_drawn<D: Copy>(
    input: &ArrayRef,
    mut draw: impl FnMut(&[&str], &mut Vec<D>),
    mut write: impl FnMut(&str, D, &mut String),
) -> Result<ArrayRef, TransformError> {
    let texts = text_of(input)?;
    let mut out = Texts::with_capacity(texts.len(), bytes_of(&texts));
    let mut drawn = Vec::with_capacity(CHUNK_ROWS);
    for chunk in chunks(&texts) {
        let values: Vec<&str> = chunk.iter().flatten().filter(|text| !text.is_empty()).collect();
        drawn.clear();
        draw(&values, &mut drawn);
        let mut drawn = values.iter().zip(&drawn);
        for text in &chunk {
            match text {
                Some("") => out.push(""),
                Some(_) => {
                    if let Some((text, drawn)) = drawn.next() {
                        out.push_with(|out| write(text, *drawn, out));
                    }
                }
                None => out.push_null(),
            }
        }
    }
    Ok(Arc::new(finish(out)?))
}

#[cfg(test)]
mod tests {
    use arrow_array::types::Int32Type;
    use arrow_array::*;
    use arrow_buffer::NullBuffer;

    use super::*;

    fn texts(array: impl Array + 'static) -> Vec<Option<String>> {
        let array: ArrayRef = Arc::new(array);
        text_of(&array).unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    }

    fn one(array: impl Array + 'static) -> String {
        texts(array).remove(0).unwrap()
    }

    #[test]
    fn each_type_has_one_text() {
        assert_eq!(one(Int64Array::from(vec![-42])), "-42");
        assert_eq!(one(UInt64Array::from(vec![u64::MAX])), "18446744073709551615");
        assert_eq!(one(Float64Array::from(vec![1.0])), "1.0");
        assert_eq!(one(Float64Array::from(vec![0.1])), "0.1");
        assert_eq!(one(BooleanArray::from(vec![true])), "true");
        assert_eq!(one(Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap()), "1.50");
        assert_eq!(one(Date32Array::from(vec![20_119])), "2025-01-31");
        assert_eq!(one(Time32SecondArray::from(vec![46_800])), "13:00:00");
        assert_eq!(one(TimestampMicrosecondArray::from(vec![1_738_328_400_000_000])), "2025-01-31T13:00:00");
        assert_eq!(one(TimestampSecondArray::from(vec![1_738_328_400]).with_timezone("UTC")), "2025-01-31T13:00:00Z");
        let in_berlin = TimestampMillisecondArray::from(vec![1_738_328_400_000]).with_timezone("Europe/Berlin");
        assert_eq!(one(in_berlin), "2025-01-31T13:00:00Z");
        assert_eq!(one(BinaryArray::from(vec![&b"\x00\xffa"[..]])), "00ff61");
        assert_eq!(one(StringArray::from(vec!["é "])), "é ");
        assert_eq!(one(LargeStringArray::from(vec!["é "])), "é ");
        assert_eq!(one(StringViewArray::from(vec!["é "])), "é ");
    }

    #[test]
    fn dictionaries_give_their_values_and_nulls() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
        assert_eq!(texts(dictionary), [Some("a".into()), None, Some("a".into())]);
        assert_eq!(texts(NullArray::new(2)), [None, None]);
    }

    #[test]
    fn nested_types_have_none() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]));
        assert_eq!(text_of(&list).err(), Some(TransformError::UnsupportedType { data_type: "List" }));
    }

    #[test]
    fn a_date_beyond_the_calendar_is_an_error_without_its_value() {
        let dates: ArrayRef = Arc::new(Date64Array::from(vec![Some(0), Some(i64::MAX)]));
        let error = text_of(&dates).unwrap_err();
        assert_eq!(error, TransformError::NoText { data_type: "Date", row: 1 });
        assert!(!error.to_string().contains("9223"));
    }

    #[test]
    fn a_value_below_a_null_is_not_read() {
        let hidden = Date64Array::new(vec![i64::MAX].into(), Some(NullBuffer::from(vec![false])));
        assert_eq!(texts(hidden), [None]);
    }
}
