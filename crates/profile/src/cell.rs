//! What a cell's text looks like.

use serde::Serialize;
use sluice_quality::{parse_number, parse_timestamp};

/// What the cells of a column are.
///
/// `Integral`, `Fractional` and `Boolean` are Deequ's `DataType`, told from text by the same patterns; dates and points
/// in time, which Deequ counts as strings, are told apart from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum CellType {
    /// No cell has a value.
    Unknown,
    /// Digits, perhaps after a sign and one space.
    Integral,
    /// Digits with a point, or in scientific notation.
    Fractional,
    /// `true` or `false`, in any case.
    Boolean,
    /// `yyyy-MM-dd`.
    Date,
    /// A date, `T` or a space, and a time of day.
    Timestamp,
    /// Anything else.
    String,
    /// Bytes, lists or maps: only missing values are counted.
    Opaque,
}

impl CellType {
    /// The word in profiles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Integral => "Integral",
            Self::Fractional => "Fractional",
            Self::Boolean => "Boolean",
            Self::Date => "Date",
            Self::Timestamp => "Timestamp",
            Self::String => "String",
            Self::Opaque => "Opaque",
        }
    }

    /// Whether the column holds numbers.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Integral | Self::Fractional)
    }
}

/// A cell that has a value, looked at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seen {
    Integral(f64),
    Fractional(f64),
    Boolean(bool),
    /// Microseconds since 1970-01-01T00:00Z.
    Date(i64),
    Timestamp(i64),
    String,
}

impl Seen {
    /// What `text`, which is neither empty nor only white space, looks like.
    #[inline]
    pub(crate) fn of(text: &[u8]) -> Self {
        match text.first() {
            Some(b'0'..=b'9') => date(text).unwrap_or_else(|| number(text)),
            Some(b'+' | b'-' | b'.') => number(text),
            Some(b't' | b'T') if text.eq_ignore_ascii_case(b"true") => Self::Boolean(true),
            Some(b'f' | b'F') if text.eq_ignore_ascii_case(b"false") => Self::Boolean(false),
            _ => Self::String,
        }
    }
}

fn number(text: &[u8]) -> Seen {
    let (sign, digits) = match text {
        [b'+' | b'-', b' ', rest @ ..] | [b'+' | b'-', rest @ ..] => (text.first(), rest),
        _ => (None, text),
    };
    let is_plain = digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let Some(magnitude) = is_plain.then(|| parse_number(digits)).flatten() else { return Seen::String };
    if matches!(digits.first(), Some(b'+' | b'-')) {
        return Seen::String;
    }
    let value = if sign == Some(&b'-') { -magnitude } else { magnitude };
    if digits.iter().all(u8::is_ascii_digit) { Seen::Integral(value) } else { Seen::Fractional(value) }
}

fn date(text: &[u8]) -> Option<Seen> {
    let day = text.get(..10)?;
    let is_date = day.iter().enumerate().all(|(index, byte)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let micros = is_date.then(|| parse_timestamp(text)).flatten()?;
    Some(if text.len() == day.len() { Seen::Date(micros) } else { Seen::Timestamp(micros) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_look_like_what_deequ_takes_them_for() {
        for (text, seen) in [
            ("1", Seen::Integral(1.0)),
            ("-17", Seen::Integral(-17.0)),
            ("+ 3", Seen::Integral(3.0)),
            ("007", Seen::Integral(7.0)),
            ("1.0", Seen::Fractional(1.0)),
            ("-.5", Seen::Fractional(-0.5)),
            ("1e5", Seen::Fractional(1e5)),
            ("1.5E-3", Seen::Fractional(1.5e-3)),
            ("TRUE", Seen::Boolean(true)),
            ("false", Seen::Boolean(false)),
            ("1970-01-02", Seen::Date(86_400_000_000)),
            ("1970-01-01T00:00:01Z", Seen::Timestamp(1_000_000)),
            ("1970-01-01 00:00", Seen::Timestamp(0)),
        ] {
            assert_eq!(Seen::of(text.as_bytes()), seen, "{text}");
        }
        for text in
            [".", "-", "--1", "- -1", "+-1", " 1", "1 ", "1,5", "NaN", "2023-02-30", "2023-02-3", "yes", "truE!"]
        {
            assert_eq!(Seen::of(text.as_bytes()), Seen::String, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            Seen::of(&bytes);
        }

        #[test]
        fn every_finite_double_is_a_number(value in prop::num::f64::NORMAL) {
            prop_assert_eq!(Seen::of(format!("{value:?}").as_bytes()), Seen::Fractional(value));
        }
    }
}
