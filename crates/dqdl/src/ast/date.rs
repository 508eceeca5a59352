//! Dates, times of day, ages and sizes.

use crate::span::Span;

/// A point in time, relative or not.
#[derive(Debug, Clone, PartialEq)]
pub struct DateExpr {
    /// What it is.
    pub kind: DateKind,
    /// Where it stands.
    pub span: Span,
}

/// What a [`DateExpr`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum DateKind {
    /// `"2024-01-31"`: midnight, UTC.
    Date(CivilDate),
    /// `"9:30 AM"` or `"21:45"`: that time today, in the zone of the tag `timeZone`, else UTC.
    Time {
        /// The time.
        time: TimeOfDay,
        /// The spelling, without quotes.
        text: String,
    },
    /// `now()`, or `(now() - 3 days)` when there is an offset.
    Now {
        /// How far from now.
        offset: Option<(Sign, Duration)>,
    },
    /// `NULL`, which stands for a missing value in `in` and `=`.
    Null,
}

/// Before or after now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// A day of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CivilDate {
    /// The day, unless the calendar has no such day. `year` is 0 to 9999.
    #[inline]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        // Every month has these days, and most days are among them.
        let is_day = (1..=28).contains(&day) || (29..=days_of(year, month)).contains(&day);
        (is_day && year <= 9999 && (1..=12).contains(&month)).then_some(Self { year, month, day })
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01, by the arithmetic of H. Hinnant, "chrono-compatible low-level date algorithms": years begin in
    /// March, so that the day that leap years have is the last. They are counted from an era before year 0, which keeps all
    /// numbers positive and small; dates of whole columns pass here.
    #[inline]
    pub fn days_since_epoch(self) -> i64 {
        const ERA_DAYS: u32 = 146_097;
        const DAYS_TO_1970: u32 = 719_468 + ERA_DAYS;
        let (year, month, day) = (u32::from(self.year), u32::from(self.month), u32::from(self.day));
        let is_before_march = month <= 2;
        let shifted_year = year + 400 - u32::from(is_before_march);
        let shifted_month = if is_before_march { month + 9 } else { month - 3 };
        let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
        let leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
        let days = shifted_year * 365 + leap_days + day_of_year;
        i64::from(days) - i64::from(DAYS_TO_1970)
    }
}

/// Days of a month, 1 to 12.
fn days_of(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// The time, unless the clock has no such time.
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then(|| Self { minutes: u16::from(hour) * 60 + u16::from(minute) })
    }

    /// Minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.minutes
    }
}

/// An age such as `3 days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration {
    /// How many units.
    pub amount: u32,
    /// The unit.
    pub unit: DurationUnit,
    /// Where it stands.
    pub span: Span,
}

impl Duration {
    /// The age in minutes.
    pub fn minutes(self) -> i64 {
        i64::from(self.amount) * self.unit.minutes()
    }
}

/// The units of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationUnit {
    /// `minutes`
    Minutes,
    /// `hours`
    Hours,
    /// `days`: 24 hours each.
    Days,
}

impl DurationUnit {
    /// Every unit.
    pub const ALL: [Self; 3] = [Self::Minutes, Self::Hours, Self::Days];

    /// The unit as DQDL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    const fn minutes(self) -> i64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => 60,
            Self::Days => 24 * 60,
        }
    }
}

/// A size such as `5 MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// How many units.
    pub amount: u64,
    /// The unit; none was written for a plain number of bytes.
    pub unit: Option<SizeUnit>,
    /// Where it stands.
    pub span: Span,
}

impl Size {
    /// The size in bytes. Wide enough for every amount of every unit.
    pub fn bytes(self) -> u128 {
        u128::from(self.amount) * self.unit.map_or(1, SizeUnit::bytes)
    }
}

/// The units of a size, each 1024 times the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeUnit {
    /// `B`
    Bytes,
    /// `KB`
    Kibibytes,
    /// `MB`
    Mebibytes,
    /// `GB`
    Gibibytes,
    /// `TB`
    Tebibytes,
}

impl SizeUnit {
    /// Every unit, smallest first.
    pub const ALL: [Self; 5] = [Self::Bytes, Self::Kibibytes, Self::Mebibytes, Self::Gibibytes, Self::Tebibytes];

    /// The unit as DQDL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "B",
            Self::Kibibytes => "KB",
            Self::Mebibytes => "MB",
            Self::Gibibytes => "GB",
            Self::Tebibytes => "TB",
        }
    }

    const fn bytes(self) -> u128 {
        match self {
            Self::Bytes => 1,
            Self::Kibibytes => 1 << 10,
            Self::Mebibytes => 1 << 20,
            Self::Gibibytes => 1 << 30,
            Self::Tebibytes => 1 << 40,
        }
    }
}
