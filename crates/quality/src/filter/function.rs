//! The functions of a row that a predicate may call.

use std::borrow::Cow;

use super::expr::Scalar;
use crate::value::{DAY_MICROS, count, from_count};

/// A function, as Spark SQL names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Upper,
    Lower,
    Length,
    Trim,
    LeftTrim,
    RightTrim,
    Absolute,
    Round,
    Floor,
    Ceiling,
    Coalesce,
    NullIf,
    Concat,
    Substring,
    Contains,
    StartsWith,
    EndsWith,
    Year,
    Month,
    DayOfMonth,
    ToDate,
    ToTimestamp,
    DateDifference,
    IsNull,
    IsNotNull,
    IsNan,
}

impl Function {
    /// The function of that name, in any case, and how many arguments it takes.
    pub(super) fn from_name(name: &str) -> Option<(Self, std::ops::RangeInclusive<usize>)> {
        Some(match name.to_ascii_lowercase().as_str() {
            "upper" | "ucase" => (Self::Upper, 1..=1),
            "lower" | "lcase" => (Self::Lower, 1..=1),
            "length" | "char_length" | "character_length" | "len" => (Self::Length, 1..=1),
            "trim" => (Self::Trim, 1..=1),
            "ltrim" => (Self::LeftTrim, 1..=1),
            "rtrim" => (Self::RightTrim, 1..=1),
            "abs" => (Self::Absolute, 1..=1),
            "round" => (Self::Round, 1..=2),
            "floor" => (Self::Floor, 1..=1),
            "ceil" | "ceiling" => (Self::Ceiling, 1..=1),
            "coalesce" | "nvl" | "ifnull" => (Self::Coalesce, 1..=64),
            "nullif" => (Self::NullIf, 2..=2),
            "concat" => (Self::Concat, 1..=64),
            "substring" | "substr" => (Self::Substring, 2..=3),
            "contains" => (Self::Contains, 2..=2),
            "startswith" => (Self::StartsWith, 2..=2),
            "endswith" => (Self::EndsWith, 2..=2),
            "year" => (Self::Year, 1..=1),
            "month" => (Self::Month, 1..=1),
            "day" | "dayofmonth" => (Self::DayOfMonth, 1..=1),
            "to_date" | "date" => (Self::ToDate, 1..=1),
            "to_timestamp" | "timestamp" => (Self::ToTimestamp, 1..=1),
            "datediff" | "date_diff" => (Self::DateDifference, 2..=2),
            "isnull" => (Self::IsNull, 1..=1),
            "isnotnull" => (Self::IsNotNull, 1..=1),
            "isnan" => (Self::IsNan, 1..=1),
            _ => return None,
        })
    }

    pub(super) fn call(self, mut arguments: Vec<Scalar<'_>>) -> Scalar<'_> {
        match self {
            Self::Coalesce => {
                return arguments.into_iter().find(|value| *value != Scalar::Null).unwrap_or(Scalar::Null);
            }
            Self::IsNull => return Scalar::Truth(arguments.first() == Some(&Scalar::Null)),
            Self::IsNotNull => return Scalar::Truth(arguments.first() != Some(&Scalar::Null)),
            Self::Concat => return concat(arguments),
            _ => {}
        }
        if arguments.is_empty() {
            return Scalar::Null;
        }
        let first = arguments.remove(0);
        let rest = arguments;
        self.apply(first, rest).unwrap_or(Scalar::Null)
    }

    fn apply<'a>(self, first: Scalar<'a>, rest: Vec<Scalar<'a>>) -> Option<Scalar<'a>> {
        let mut rest = rest.into_iter();
        Some(match self {
            Self::Upper => Scalar::Text(first.text()?.to_uppercase().into()),
            Self::Lower => Scalar::Text(first.text()?.to_lowercase().into()),
            Self::Length => Scalar::Number(from_count(count(first.text()?.chars().count()))),
            Self::Trim => trimmed(first.text()?, |text| text.trim_matches(' ')),
            Self::LeftTrim => trimmed(first.text()?, |text| text.trim_start_matches(' ')),
            Self::RightTrim => trimmed(first.text()?, |text| text.trim_end_matches(' ')),
            Self::Absolute => Scalar::Number(first.number()?.abs()),
            Self::Round => {
                let places = rest.next().map_or(Some(0.0), |value| value.number())?;
                let scale = 10f64.powf(places.trunc().clamp(-15.0, 15.0));
                Scalar::Number((first.number()? * scale).round() / scale)
            }
            Self::Floor => Scalar::Number(first.number()?.floor()),
            Self::Ceiling => Scalar::Number(first.number()?.ceil()),
            Self::NullIf => {
                if first.order(&rest.next()?) == Some(std::cmp::Ordering::Equal) {
                    Scalar::Null
                } else {
                    first
                }
            }
            Self::Substring => {
                let text = first.text()?;
                let from = rest.next()?.number()?;
                let length = rest.next().map_or(Some(f64::MAX), |value| value.number())?;
                Scalar::Text(substring(&text, from, length).into())
            }
            Self::Contains => Scalar::Truth(first.text()?.contains(rest.next()?.text()?.as_ref())),
            Self::StartsWith => Scalar::Truth(first.text()?.starts_with(rest.next()?.text()?.as_ref())),
            Self::EndsWith => Scalar::Truth(first.text()?.ends_with(rest.next()?.text()?.as_ref())),
            Self::Year => Scalar::Number(civil(first.day()?)?.year().into()),
            Self::Month => Scalar::Number(civil(first.day()?)?.month().into()),
            Self::DayOfMonth => Scalar::Number(civil(first.day()?)?.day().into()),
            Self::ToDate => Scalar::Day(first.day()?),
            Self::ToTimestamp => Scalar::Instant(first.instant()?),
            Self::DateDifference => {
                Scalar::Number(crate::value::from_integer(first.day()?.checked_sub(rest.next()?.day()?)?))
            }
            Self::IsNan => Scalar::Truth(first.number()?.is_nan()),
            Self::Coalesce | Self::IsNull | Self::IsNotNull | Self::Concat => return None,
        })
    }
}

fn concat(arguments: Vec<Scalar<'_>>) -> Scalar<'_> {
    let mut joined = String::new();
    for argument in arguments {
        let Some(text) = argument.text() else { return Scalar::Null };
        joined.push_str(&text);
    }
    Scalar::Text(joined.into())
}

fn trimmed(text: Cow<'_, str>, trim: impl Fn(&str) -> &str) -> Scalar<'_> {
    Scalar::Text(match text {
        Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
        Cow::Owned(text) => Cow::Owned(trim(&text).to_owned()),
    })
}

/// Positions count from 1, or from the end when they are negative.
fn substring(text: &str, from: f64, length: f64) -> String {
    let characters = from_count(count(text.chars().count()));
    let start = if from > 0.0 {
        from - 1.0
    } else if from < 0.0 {
        characters + from
    } else {
        0.0
    };
    let end = start + length;
    let position = |index: usize| from_count(count(index));
    text.chars()
        .enumerate()
        .filter(|(index, _)| position(*index) >= start && position(*index) < end)
        .map(|(_, character)| character)
        .collect()
}

fn civil(day: i64) -> Option<jiff::civil::Date> {
    let instant = jiff::Timestamp::from_microsecond(day.checked_mul(DAY_MICROS)?).ok()?;
    Some(instant.to_zoned(jiff::tz::TimeZone::UTC).date())
}
