//! Days that exist in the Gregorian calendar.

/// Whether the date exists.
pub(crate) fn exists(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Whether the date exists in 19YY or in 20YY.
pub(crate) fn exists_in_some_century(two_digit_year: u32, month: u32, day: u32) -> bool {
    exists(1900 + two_digit_year, month, day) || exists(2000 + two_digit_year, month, day)
}
