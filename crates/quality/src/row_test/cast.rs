//! Whether a cell can be cast to a type, by the rules of Spark's cast (ANSI mode off).

use arrow_buffer::BooleanBuffer;

use super::mark_texts;
use crate::frame::Frame;
use crate::plan::ColumnId;
use crate::value::{days_since_epoch, fixed_number, parse_date, parse_number, parse_timestamp};

/// A type that `ColumnDataType` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CastType {
    Boolean,
    Integer,
    Long,
    /// Also FLOAT.
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Date,
    DateIn(DateFormat),
    Timestamp,
}

/// A date written in one of the formats that Glue accepts: fields and what stands between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateFormat {
    fields: Vec<Field>,
    separator: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Day,
    Month,
    Year,
}

/// Formats of `with format = …` (AWS Glue, "`ColumnDataType`").
const FORMATS: [&str; 14] = [
    "dd-MM-yyyy",
    "MM-dd-yyyy",
    "yyyy-MM-dd",
    "dd/MM/yyyy",
    "MM/dd/yyyy",
    "yyyy/MM/dd",
    "MM-yyyy",
    "dd-MM",
    "MM-dd",
    "yyyy-MM",
    "MM/yyyy",
    "dd/MM",
    "MM/dd",
    "yyyy/MM",
];

/// Why a type cannot be tested for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CastError {
    #[error(
        "Unrecognized data type: {0}; use BOOLEAN, DATE, TIMESTAMP, INTEGER, LONG, FLOAT, DOUBLE or DECIMAL(precision, scale)"
    )]
    Type(String),
    #[error("unsupported date format; use one of {}", FORMATS.join(", "))]
    Format,
}

impl CastType {
    /// The type of that name, in any case, with the format that a date is written in.
    pub(crate) fn new(name: &str, format: Option<&str>) -> Result<Self, CastError> {
        let upper = name.trim().to_ascii_uppercase();
        Ok(match upper.as_str() {
            "BOOLEAN" => Self::Boolean,
            "INTEGER" | "INT" => Self::Integer,
            "LONG" | "BIGINT" => Self::Long,
            "DOUBLE" | "FLOAT" => Self::Double,
            "TIMESTAMP" => Self::Timestamp,
            "DATE" => match format {
                None | Some("") => Self::Date,
                Some(format) => Self::DateIn(DateFormat::new(format)?),
            },
            other => decimal(other).ok_or_else(|| CastError::Type(name.to_owned()))?,
        })
    }

    fn accepts(&self, text: &[u8]) -> bool {
        match self {
            Self::Boolean => is_boolean(text),
            Self::Integer => whole(text).is_some_and(|value| i32::try_from(value).is_ok()),
            Self::Long => whole(text).is_some_and(|value| i64::try_from(value).is_ok()),
            Self::Double => parse_number(text).is_some() || is_special(text),
            Self::Decimal { precision, scale } => fits_decimal(text, *precision, *scale),
            Self::Date => parse_date(text).is_some(),
            Self::DateIn(format) => format.accepts(text),
            Self::Timestamp => parse_timestamp(text).is_some(),
        }
    }
}

fn decimal(name: &str) -> Option<CastType> {
    let inner = name.strip_prefix("DECIMAL(")?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (precision > 0 && precision <= 38 && scale <= precision).then_some(CastType::Decimal { precision, scale })
}

impl DateFormat {
    fn new(format: &str) -> Result<Self, CastError> {
        if !FORMATS.contains(&format) {
            return Err(CastError::Format);
        }
        let separator = if format.contains('/') { b'/' } else { b'-' };
        let fields = format.split(char::from(separator)).map(|field| match field {
            "dd" => Field::Day,
            "MM" => Field::Month,
            _ => Field::Year,
        });
        Ok(Self { fields: fields.collect(), separator })
    }

    /// A missing day is the first; a missing year is 2000, which has every day.
    fn accepts(&self, text: &[u8]) -> bool {
        let (mut year, mut month, mut day) = (2000, 1, 1);
        let mut rest = text;
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                match rest.split_first() {
                    Some((separator, after)) if *separator == self.separator => rest = after,
                    _ => return false,
                }
            }
            let width = if *field == Field::Year { 4 } else { 2 };
            let Some((value, after)) = fixed_number(rest, width) else { return false };
            match field {
                Field::Day => day = value,
                Field::Month => month = value,
                Field::Year => year = value,
            }
            rest = after;
        }
        rest.is_empty() && days_since_epoch(year, month, day).is_some()
    }
}

fn is_boolean(text: &[u8]) -> bool {
    let words: [&[u8]; 10] = [b"t", b"true", b"y", b"yes", b"1", b"f", b"false", b"n", b"no", b"0"];
    words.iter().any(|word| text.trim_ascii().eq_ignore_ascii_case(word))
}

/// An integer; decimals after it are cut off, as Spark does.
fn whole(text: &[u8]) -> Option<i128> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let (integer, fraction) = (parts.next()?, parts.next());
    let all_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    if digits.is_empty() || digits == b"." || !all_digits(integer) || !fraction.is_none_or(all_digits) {
        return None;
    }
    let significant = integer.trim_prefix_zeros();
    if significant.len() > 20 {
        return None;
    }
    let value = significant.iter().fold(0i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    Some(if negative { -value } else { value })
}

trait TrimZeros {
    fn trim_prefix_zeros(&self) -> &[u8];
}

impl TrimZeros for [u8] {
    fn trim_prefix_zeros(&self) -> &[u8] {
        let zeros = self.iter().take_while(|byte| **byte == b'0').count();
        self.get(zeros..).unwrap_or_default()
    }
}

fn is_special(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    [&b"nan"[..], b"inf", b"infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word))
}

/// Whether the number, rounded to the scale, has no more digits before the point than the type.
fn fits_decimal(text: &[u8], precision: u8, scale: u8) -> bool {
    let Some(number) = parse_number(text) else { return false };
    let before_point = i32::from(precision) - i32::from(scale);
    let rounded_up = 10f64.powi(before_point) - 0.5 * 10f64.powi(-i32::from(scale));
    number.abs() < rounded_up
}

pub(super) fn mark(frame: &Frame<'_>, column: ColumnId, to: &CastType, negated: bool) -> BooleanBuffer {
    mark_texts(frame, column, negated, |text| to.accepts(text) != negated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn casts(name: &str, format: Option<&str>, text: &str) -> bool {
        CastType::new(name, format).unwrap().accepts(text.as_bytes())
    }

    #[test]
    fn casts_are_sparks() {
        for (name, text, wanted) in [
            ("INTEGER", "2147483647", true),
            ("INTEGER", "2147483648", false),
            ("INTEGER", " -5 ", true),
            ("INTEGER", "1.9", true),
            ("INTEGER", "", false),
            ("INTEGER", "abc", false),
            ("LONG", "9999999999", true),
            ("LONG", "9223372036854775808", false),
            ("boolean", "Yes", true),
            ("BOOLEAN", "2", false),
            ("DOUBLE", "1e3", true),
            ("FLOAT", "NaN", true),
            ("DOUBLE", "x", false),
            ("DECIMAL(4,2)", "56.78", true),
            ("DECIMAL(4, 2)", "156.78", false),
            ("DECIMAL(4,2)", "99.999", false),
            ("DATE", "2023-01-01", true),
            ("DATE", "01-01-2023", false),
            ("TIMESTAMP", "2023-01-01 10:00:00", true),
        ] {
            assert_eq!(casts(name, None, text), wanted, "{name} {text}");
        }
    }

    #[test]
    fn dates_have_to_follow_their_format() {
        assert!(casts("DATE", Some("dd/MM/yyyy"), "29/02/2024"));
        assert!(!casts("DATE", Some("dd/MM/yyyy"), "29/02/2023"));
        assert!(!casts("DATE", Some("dd-MM-yyyy"), "2023-01-01"));
        assert!(casts("DATE", Some("MM-dd"), "02-29"));
        assert!(casts("DATE", Some("yyyy/MM"), "2023/12"));
        assert!(!casts("DATE", Some("yyyy/MM"), "2023/13"));
        assert!(CastType::new("DATE", Some("d.M.yy")).is_err());
        assert!(CastType::new("DECIMAL(2,3)", None).is_err());
    }
}
