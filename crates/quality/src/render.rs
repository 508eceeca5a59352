//! The text of a typed cell, as Spark's cast to a string writes it.

use std::fmt::Write;

use crate::cells::{Cells, Texts};
use crate::value::DAY_MICROS;

impl Cells {
    /// Appends the text of row `row`; nothing for a cell of bytes or nested values.
    pub(crate) fn render(&self, row: usize, text: &mut String) {
        // Writing to a String cannot fail.
        let written = match self {
            Self::Text(array) => {
                text.push_str(std::str::from_utf8(Texts::new(array).bytes(row)).unwrap_or_default());
                Ok(())
            }
            Self::Integer(array) => write!(text, "{}", array.value(row)),
            Self::Float(array) => write!(text, "{:?}", array.value(row)),
            Self::Decimal(array) => {
                text.push_str(&array.value_as_string(row));
                Ok(())
            }
            Self::Boolean(array) => write!(text, "{}", array.value(row)),
            Self::Date(array) => write_day(text, i64::from(array.value(row))),
            Self::Timestamp(array) => write_timestamp(text, array.value(row)),
            Self::Opaque(_) => Ok(()),
        };
        debug_assert!(written.is_ok());
    }
}

fn write_day(text: &mut String, day: i64) -> std::fmt::Result {
    let date = i32::try_from(day)
        .ok()
        .and_then(|day| jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok());
    match date {
        Some(date) => write!(text, "{date}"),
        None => write!(text, "{day} days"),
    }
}

fn write_timestamp(text: &mut String, micros: i64) -> std::fmt::Result {
    write_day(text, micros.div_euclid(DAY_MICROS))?;
    let in_day = micros.rem_euclid(DAY_MICROS);
    let seconds = in_day / 1_000_000;
    write!(text, " {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    let fraction = in_day % 1_000_000;
    if fraction == 0 {
        return Ok(());
    }
    let digits = format!("{fraction:06}");
    write!(text, ".{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_look_as_spark_writes_them() {
        let mut text = String::new();
        write_timestamp(&mut text, 1_500_000).unwrap();
        assert_eq!(text, "1970-01-01 00:00:01.5");
        text.clear();
        write_timestamp(&mut text, -DAY_MICROS).unwrap();
        assert_eq!(text, "1969-12-31 00:00:00");
    }
}
