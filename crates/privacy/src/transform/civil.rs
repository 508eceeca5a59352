//! Dates of the proleptic Gregorian calendar, and dates in text.

use sluice_common::policy::DateOrder;

/// Seconds of a day.
pub(super) const DAY_SECONDS: i64 = 86_400;
/// After so many years, and so many days, the calendar repeats.
const ERA_YEARS: i64 = 400;
const ERA_DAYS: i64 = 146_097;
/// From 1 March of the year 0, with which an era begins.
const DAYS_TO_1970: i64 = 719_468;

/// A date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

impl Civil {
    /// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). Within an era of 400 years all
    /// numbers are small: their divisions are what this costs.
    pub(super) fn to_days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let year_of_era = small(year.rem_euclid(ERA_YEARS));
        let month = small((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        year.div_euclid(ERA_YEARS) * ERA_DAYS + i64::from(day_of_era) + self.day - 1 - DAYS_TO_1970
    }

    /// The date of a day.
    pub(super) fn from_days(days: i64) -> Self {
        let shifted = days.saturating_add(DAYS_TO_1970);
        let day_of_era = small(shifted.rem_euclid(ERA_DAYS));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = i64::from(year_of_era) + shifted.div_euclid(ERA_DAYS) * ERA_YEARS + i64::from(month <= 2);
        Self { year, month: month.into(), day: day.into() }
    }

    /// Whether there is such a day, in a year of four digits.
    fn is_sound(self) -> bool {
        (1..=9_999).contains(&self.year) && (1..=self.days_of_month()).contains(&self.day)
    }

    /// Zero for a month that does not exist.
    fn days_of_month(self) -> i64 {
        let is_leap_year = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + i64::from(is_leap_year),
            _ => 0,
        }
    }
}

/// A date at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateText<'t> {
    pub(super) date: Civil,
    order: DateOrder,
    separator: u8,
    /// Whether month and day have two digits.
    is_padded: bool,
    /// What follows: nothing, or a time after a `T` or a space.
    pub(super) rest: &'t str,
}

impl<'t> DateText<'t> {
    /// Reads `2025-01-31`, `01/31/2025` or `31.01.2025`, as `order` says. One of `-`, `/` and `.` stands between the parts;
    /// a time may follow.
    #[inline]
    pub(super) fn parse(text: &'t str, order: DateOrder) -> Option<Self> {
        let bytes = text.as_bytes();
        let (first, at) = digits(bytes, 0)?;
        let separator = *bytes.get(at).filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
        let (second, second_end) = digits(bytes, at + 1)?;
        if bytes.get(second_end) != Some(&separator) {
            return None;
        }
        let (third, end) = digits(bytes, second_end + 1)?;
        let lengths = [at, second_end - at - 1, end - second_end - 1];
        let (date, lengths) = match (order, lengths) {
            (DateOrder::Ymd, [year, month, day]) => {
                (Civil { year: first, month: second, day: third }, [year, month, day])
            }
            (DateOrder::Mdy, [month, day, year]) => {
                (Civil { year: third, month: first, day: second }, [year, month, day])
            }
            (DateOrder::Dmy, [day, month, year]) => {
                (Civil { year: third, month: second, day: first }, [year, month, day])
            }
        };
        let [year_digits, month_digits, day_digits] = lengths;
        let rest = text.get(end..)?;
        let is_followed_well = matches!(rest.as_bytes().first(), None | Some(b'T' | b't' | b' '));
        let is_sound = year_digits == 4 && month_digits <= 2 && day_digits <= 2 && is_followed_well && date.is_sound();
        is_sound.then_some(Self { date, order, separator, is_padded: month_digits == 2 && day_digits == 2, rest })
    }

    /// Appends another date in the same writing; false when it has no year of four digits.
    #[inline]
    pub(super) fn write(&self, days: i64, out: &mut String) -> bool {
        let date = Civil::from_days(days);
        if !(1..=9_999).contains(&date.year) {
            return false;
        }
        if self.is_padded {
            // All of it is ASCII.
            out.push_str(std::str::from_utf8(&self.padded(date)).unwrap_or_default());
            return true;
        }
        let parts = match self.order {
            DateOrder::Ymd => [(date.year, 4), (date.month, 1), (date.day, 1)],
            DateOrder::Mdy => [(date.month, 1), (date.day, 1), (date.year, 4)],
            DateOrder::Dmy => [(date.day, 1), (date.month, 1), (date.year, 4)],
        };
        for (index, (number, digits)) in parts.into_iter().enumerate() {
            if index > 0 {
                out.push(char::from(self.separator));
            }
            push_number(number, digits, out);
        }
        true
    }

    /// The usual writing, all of whose parts have a length.
    fn padded(&self, date: Civil) -> [u8; 10] {
        let between = self.separator;
        let (year, month, day) = (small(date.year), small(date.month), small(date.day));
        let [y0, y1, y2, y3] = [1_000, 100, 10, 1].map(|place| digit_of(year, place));
        let [m0, m1] = [10, 1].map(|place| digit_of(month, place));
        let [d0, d1] = [10, 1].map(|place| digit_of(day, place));
        match self.order {
            DateOrder::Ymd => [y0, y1, y2, y3, between, m0, m1, between, d0, d1],
            DateOrder::Mdy => [m0, m1, between, d0, d1, between, y0, y1, y2, y3],
            DateOrder::Dmy => [d0, d1, between, m0, m1, between, y0, y1, y2, y3],
        }
    }
}

/// What is not negative and far below 2³².
fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn digit_of(number: u32, place: u32) -> u8 {
    b'0' + u8::try_from(number / place % 10).unwrap_or_default()
}

/// The number that begins at a place, of at most four digits, and where it ends.
fn digits(bytes: &[u8], begin: usize) -> Option<(i64, usize)> {
    let mut number = 0;
    let mut end = begin;
    while let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit()) {
        number = number * 10 + i64::from(digit - b'0');
        end += 1;
        if end - begin > 4 {
            return None;
        }
    }
    (end > begin).then_some((number, end))
}

fn push_number(number: i64, digits: u32, out: &mut String) {
    let mut place = 1_000;
    let mut is_leading = true;
    for digit in (1..=4u32).rev() {
        let value = number / place % 10;
        is_leading &= value == 0 && digit > digits;
        if !is_leading {
            out.push(char::from(b'0' + u8::try_from(value).unwrap_or_default()));
        }
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(year: i64, month: i64, day: i64) -> Civil {
        Civil { year, month, day }
    }

    #[test]
    fn known_days() {
        for (civil, days) in [
            (date(1970, 1, 1), 0),
            (date(1969, 12, 31), -1),
            (date(2000, 2, 29), 11_016),
            (date(2025, 1, 31), 20_119),
            (date(1, 1, 1), -719_162),
            (date(9999, 12, 31), 2_932_896),
        ] {
            assert_eq!((civil.to_days(), Civil::from_days(days)), (days, civil));
        }
    }

    #[test]
    fn dates_in_text() {
        use DateOrder::{Dmy, Mdy, Ymd};
        for (text, order, expected) in [
            ("2025-01-31", Ymd, Some((date(2025, 1, 31), ""))),
            ("2025/01/31 13:00", Ymd, Some((date(2025, 1, 31), " 13:00"))),
            ("2025-01-31T13:00:00Z", Ymd, Some((date(2025, 1, 31), "T13:00:00Z"))),
            ("1/5/2025", Mdy, Some((date(2025, 1, 5), ""))),
            ("31.12.1999", Dmy, Some((date(1999, 12, 31), ""))),
            ("2025-02-29", Ymd, None),
            ("2025-13-01", Ymd, None),
            ("2025-00-01", Ymd, None),
            ("25-01-01", Ymd, None),
            ("2025-01/31", Ymd, None),
            ("2025-01-31x", Ymd, None),
            ("2025-01-311", Ymd, None),
            ("20250131", Ymd, None),
            ("0000-01-01", Ymd, None),
            ("12025-01-01", Ymd, None),
            ("2025-٠١-01", Ymd, None),
            ("", Ymd, None),
            ("soon", Ymd, None),
        ] {
            let parsed = DateText::parse(text, order);
            assert_eq!(parsed.map(|parsed| (parsed.date, parsed.rest)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_and_dates_are_one(days in -719_162i64..=2_932_896) {
            prop_assert_eq!(Civil::from_days(days).to_days(), days);
        }

        #[test]
        fn a_date_is_written_as_it_was_read(
            days in -719_162i64..=2_932_896,
            order in prop::sample::select(vec![DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy]),
            separator in prop::sample::select(vec![b'-', b'/', b'.']),
        ) {
            let date = Civil::from_days(days);
            let mut text = String::new();
            DateText { date, order, separator, is_padded: true, rest: "" }.write(days, &mut text);
            let parsed = DateText::parse(&text, order).unwrap();
            prop_assert_eq!(parsed.date, date);
            let mut again = String::new();
            parsed.write(days, &mut again);
            prop_assert_eq!(again, text);
        }

        #[test]
        fn any_text_is_answered(text in "[-0-9/. T]{0,14}") {
            for order in [DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy] {
                DateText::parse(&text, order);
            }
        }
    }
}
