//! One 128-bit key for the values of a row, equal exactly when the values are (but for hash collisions of long values).
//!
//! A text of at most 12 bytes is its own key (Arrow's view: length and bytes); a longer one is its XXH3-128 with the low
//! 32 bits set, which no short text has, so 96 bits tell long texts apart: among 100 million the chance of one collision
//! is below 10^-12. Numbers, dates and truth values are their own keys.

use arrow_buffer::BooleanBuffer;
use xxhash_rust::xxh3::xxh3_128;

use crate::cells::{Cells, INLINE_BYTES, Kind, Texts, view_length};
use crate::frame::{Frame, both};
use crate::plan::ColumnId;
use crate::value::parse_number;

const LONG_MARK: u128 = u32::MAX as u128;
const NULL_KEY: u128 = u128::MAX;

/// How values become keys. Two datasets that are compared must use one form for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// By the column's own type.
    Native,
    /// As a number, also when it stands in a text.
    Number,
    /// As the text that Spark's cast gives.
    Text,
}

impl KeyForm {
    /// A form that makes equal values of the two kinds equal keys.
    pub(crate) fn common(left: Kind, right: Kind) -> Self {
        let numeric = |kind| matches!(kind, Kind::Integer | Kind::Float | Kind::Decimal);
        if left == right && left != Kind::Decimal {
            Self::Native
        } else if numeric(left) || numeric(right) {
            Self::Number
        } else {
            Self::Text
        }
    }
}

/// The keys of each row of a block.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) values: Vec<u128>,
    /// Rows of which not every column is NULL; `None`: all rows.
    pub(crate) some_value: Option<BooleanBuffer>,
    /// Rows of which no column is NULL; `None`: all rows.
    pub(crate) every_value: Option<BooleanBuffer>,
}

/// The keys of the columns, each in its form.
pub(crate) fn keys(frame: &Frame<'_>, columns: &[(ColumnId, KeyForm)]) -> Keys {
    if let [(column, form)] = columns {
        let cells = frame.cells(*column);
        let (values, valid) = column_keys(frame, *column, *form);
        let valid = valid.or_else(|| cells.valid().cloned());
        return Keys { values, some_value: valid.clone(), every_value: valid };
    }
    let mut rows: Vec<u8> = Vec::new();
    let parts: Vec<_> = columns.iter().map(|(column, form)| column_keys(frame, *column, *form)).collect();
    let mut values = Vec::with_capacity(frame.rows);
    let mut some_value: Option<BooleanBuffer> = None;
    let mut every_value: Option<BooleanBuffer> = None;
    for (index, ((column, _), (_, valid))) in columns.iter().zip(&parts).enumerate() {
        let valid = valid.as_ref().or_else(|| frame.cells(*column).valid());
        some_value = match (index, some_value, valid) {
            (0, _, valid) => valid.cloned(),
            (_, Some(some), Some(valid)) => Some(&some | valid),
            _ => None,
        };
        every_value = both(every_value.as_ref(), valid);
    }
    for row in 0..frame.rows {
        rows.clear();
        for ((column, _), (keys, valid)) in columns.iter().zip(&parts) {
            let valid = valid.as_ref().or_else(|| frame.cells(*column).valid());
            let is_null = valid.is_some_and(|valid| !valid.value(row));
            let key = if is_null { NULL_KEY } else { keys.get(row).copied().unwrap_or_default() };
            rows.push(u8::from(is_null));
            rows.extend_from_slice(&key.to_le_bytes());
        }
        values.push(xxh3_128(&rows));
    }
    Keys { values, some_value, every_value }
}

/// The keys of one column, and which rows have one where that differs from the column's own NULLs.
fn column_keys(frame: &Frame<'_>, column: ColumnId, form: KeyForm) -> (Vec<u128>, Option<BooleanBuffer>) {
    let cells = frame.cells(column);
    match form {
        KeyForm::Native => (native_keys(cells), None),
        KeyForm::Number => number_keys(cells),
        KeyForm::Text => {
            let mut text = String::new();
            let keys = (0..frame.rows).map(|row| {
                text.clear();
                cells.render(row, &mut text);
                text_key(text.as_bytes())
            });
            (keys.collect(), None)
        }
    }
}

#[inline]
fn text_key(text: &[u8]) -> u128 {
    match u32::try_from(text.len()) {
        Ok(length) if length <= INLINE_BYTES => {
            let mut view = [0u8; 16];
            let (head, tail) = view.split_at_mut(4);
            head.copy_from_slice(&length.to_le_bytes());
            if let Some(tail) = tail.get_mut(..text.len()) {
                tail.copy_from_slice(text);
            }
            u128::from_le_bytes(view)
        }
        _ => xxh3_128(text) | LONG_MARK,
    }
}

#[expect(clippy::cast_sign_loss, reason = "a bijection from signed to unsigned is all that a key needs")]
fn native_keys(cells: &Cells) -> Vec<u128> {
    match cells {
        Cells::Text(array) => {
            let texts = Texts::new(array);
            let key = |(row, view): (usize, &u128)| {
                if view_length(*view) <= INLINE_BYTES { *view } else { xxh3_128(texts.bytes(row)) | LONG_MARK }
            };
            texts.views().iter().enumerate().map(key).collect()
        }
        Cells::Integer(array) => array.values().iter().map(|value| u128::from(*value as u64)).collect(),
        Cells::Float(array) => array.values().iter().map(|value| float_key(*value)).collect(),
        Cells::Decimal(array) => array.values().iter().map(|value| *value as u128).collect(),
        Cells::Boolean(array) => array.values().iter().map(u128::from).collect(),
        Cells::Date(array) => array.values().iter().map(|value| u128::from(*value as u32)).collect(),
        Cells::Timestamp(array) => array.values().iter().map(|value| u128::from(*value as u64)).collect(),
        Cells::Opaque(array) => vec![0; array.len()],
    }
}

/// Equal numbers have equal keys: there is one zero and one NaN.
fn float_key(value: f64) -> u128 {
    let canonical = if value == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::NAN
    } else {
        value
    };
    u128::from(canonical.to_bits())
}

fn number_keys(cells: &Cells) -> (Vec<u128>, Option<BooleanBuffer>) {
    let numbers = crate::frame::Numbers::of(cells);
    // A text that is no number is a value all the same; it only never equals one.
    if let Cells::Text(array) = cells {
        let texts = Texts::new(array);
        let key = |row| parse_number(texts.bytes(row)).map_or_else(|| text_key(texts.bytes(row)) | 1 << 127, float_key);
        return ((0..cells.len()).map(key).collect(), cells.valid().cloned());
    }
    (numbers.values.iter().map(|value| float_key(*value)).collect(), numbers.valid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringViewArray;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_built_from_bytes_is_the_one_taken_from_a_view(texts in prop::collection::vec(".{0,20}", 1..20)) {
            let array = StringViewArray::from_iter_values(&texts);
            let from_views = native_keys(&Cells::Text(array.to_binary_view()));
            let from_bytes: Vec<_> = texts.iter().map(|text| text_key(text.as_bytes())).collect();
            prop_assert_eq!(from_views, from_bytes);
        }

        #[test]
        fn different_short_texts_have_different_keys(left in "[a-z\\x00]{0,12}", right in "[a-z\\x00]{0,12}") {
            prop_assert_eq!(text_key(left.as_bytes()) == text_key(right.as_bytes()), left == right);
        }
    }

    #[test]
    fn both_zeros_are_one_number() {
        assert_eq!(float_key(0.0), float_key(-0.0));
        assert_ne!(float_key(1.0), float_key(-1.0));
    }
}
