//! What a text cell stands for: numbers, dates and points in time, parsed straight from bytes as Spark casts them.

/// Digits whose integer value is exact in an `f64`.
const MAX_EXACT: u64 = 1 << 53;
pub(crate) const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Microseconds in a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
const SECOND_MICROS: i64 = 1_000_000;

/// The nearest `f64` to an integer.
#[expect(clippy::cast_precision_loss, reason = "the nearest double is what Spark's cast gives, too")]
pub(crate) const fn from_integer(value: i64) -> f64 {
    value as f64
}

/// The nearest `f64` to a count.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 rows, the nearest double above")]
pub(crate) const fn from_count(value: u64) -> f64 {
    value as f64
}

/// The nearest `f64` to an unscaled decimal, divided by ten to the power of its scale.
#[expect(clippy::cast_precision_loss, reason = "the nearest double is what Spark's cast gives, too")]
pub(crate) fn from_decimal(unscaled: i128, scale: i8) -> f64 {
    let value = unscaled as f64;
    match usize::try_from(scale).ok().and_then(|power| POWERS_OF_TEN.get(power)) {
        Some(divisor) => value / divisor,
        None => value * 10f64.powi(-i32::from(scale)),
    }
}

/// A count that fits `u64` on every platform.
pub(crate) fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// Whether two metrics are the same number: exact, as DQDL's `=` is.
#[expect(clippy::float_cmp, reason = "DQDL compares doubles exactly")]
pub(crate) fn same(left: f64, right: f64) -> bool {
    left == right
}

/// The number that a text cell holds, white space around it left out. Neither `NaN` nor `Infinity` counts as one.
///
/// Exact: up to 2^53 and 22 decimals one division rounds once (W. D. Clinger, 1990); the rest goes to the standard library.
#[inline]
pub fn parse_number(cell: &[u8]) -> Option<f64> {
    let text = cell.trim_ascii();
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let mut mantissa: u64 = 0;
    let mut decimals: Option<usize> = None;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            if mantissa >= MAX_EXACT / 10 {
                return parse_long_number(text);
            }
            mantissa = mantissa * 10 + u64::from(digit);
            decimals = decimals.map(|count| count + 1);
        } else if byte == b'.' && decimals.is_none() {
            decimals = Some(0);
        } else {
            return parse_long_number(text);
        }
    }
    let point_only = digits.len() == usize::from(decimals.is_some());
    if point_only {
        return None;
    }
    let magnitude = match decimals {
        None | Some(0) => from_count(mantissa),
        Some(count) => match POWERS_OF_TEN.get(count) {
            Some(divisor) => from_count(mantissa) / divisor,
            None => return parse_long_number(text),
        },
    };
    Some(if negative { -magnitude } else { magnitude })
}

#[cold]
fn parse_long_number(text: &[u8]) -> Option<f64> {
    let starts_well = matches!(text, [b'0'..=b'9' | b'.', ..] | [b'+' | b'-', b'0'..=b'9' | b'.', ..]);
    let number: f64 = starts_well.then(|| std::str::from_utf8(text).ok())??.parse().ok()?;
    number.is_finite().then_some(number)
}

/// Days since 1970-01-01 of `yyyy`, `yyyy-[M]M`, `yyyy-[M]M-[d]d`, the latter also before `T` or a space and more.
pub(crate) fn parse_date(cell: &[u8]) -> Option<i64> {
    let (day, rest) = leading_date(cell.trim_ascii())?;
    matches!(rest.first(), None | Some(b' ' | b'T')).then_some(day)
}

/// Microseconds since 1970-01-01T00:00Z of a date, or of a date, `T` or a space, `[H]H:[m]m[:[s]s[.fraction]]` and
/// perhaps `Z`, `UTC` or an offset such as `+02:00`. Without one the time is UTC.
pub fn parse_timestamp(cell: &[u8]) -> Option<i64> {
    if let Some(micros) = cell.as_array().and_then(parse_plain_timestamp) {
        return Some(micros);
    }
    let (day, rest) = leading_date(cell.trim_ascii())?;
    let midnight = day.checked_mul(DAY_MICROS)?;
    let Some((b' ' | b'T', clock)) = rest.split_first() else {
        return rest.is_empty().then_some(midnight);
    };
    let (hour, rest) = small_number(clock, 2)?;
    let (minute, mut rest) = small_number(rest.strip_prefix(b":")?, 2)?;
    let mut second = 0;
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b":") {
        (second, rest) = small_number(after, 2)?;
        if let Some(after) = rest.strip_prefix(b".") {
            (fraction, rest) = microseconds(after)?;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset_minutes = zone_offset_minutes(rest.trim_ascii())?;
    let seconds = (hour * 60 + minute - offset_minutes) * 60 + second;
    midnight.checked_add(seconds * SECOND_MICROS + fraction)
}

/// `yyyy-mm-dd hh:mm:ss`, which is how most are written; nothing for what is not exactly so, or no such point in time.
#[inline]
fn parse_plain_timestamp(text: &[u8; 19]) -> Option<i64> {
    let [month @ .., d1, d2, separator, c1, c2, c3, c4, c5, c6, c7, c8] = *text;
    let month = two_digit_numbers(month, *b"0000-00-")?.to_le_bytes();
    let day = two_digit_numbers([d1, d2, b'-', b'-', b'-', b'-', b'-', b'-'], *b"00------")?.to_le_bytes();
    let clock = two_digit_numbers([c1, c2, c3, c4, c5, c6, c7, c8], *b"00:00:00")?.to_le_bytes();
    let [century, _, year, _, _, month, ..] = month.map(i64::from);
    let [hour, _, _, minute, _, _, second, _] = clock.map(i64::from);
    if hour > 23 || minute > 59 || second > 59 || !matches!(separator, b' ' | b'T') {
        return None;
    }
    let day = days_since_epoch(century * 100 + year, month, day[0].into())?;
    Some(day * DAY_MICROS + ((hour * 60 + minute) * 60 + second) * SECOND_MICROS)
}

/// Eight bytes of text, each pair of digits made one number, which stands where its first digit stood. `template` has a `0`
/// for each digit and every other byte as the text must have it.
#[inline]
fn two_digit_numbers(text: [u8; 8], template: [u8; 8]) -> Option<u64> {
    // What a byte may exceed its template by, as the addend that makes a larger one reach the highest bit.
    let allowance = u64::from_le_bytes(template.map(|byte| if byte == b'0' { 0x76 } else { 0x7f }));
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(template);
    let is_wrong = (digits.wrapping_add(allowance) | digits) & 0x8080_8080_8080_8080 != 0;
    // No byte is above 9, so none reaches the next one.
    (!is_wrong).then(|| digits * 10 + (digits >> 8))
}

fn leading_date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, mut rest) = fixed_number(text, 4)?;
    let (mut month, mut day) = (1, 1);
    if let Some(after) = rest.strip_prefix(b"-") {
        (month, rest) = small_number(after, 2)?;
        if let Some(after) = rest.strip_prefix(b"-") {
            (day, rest) = small_number(after, 2)?;
        }
    }
    Some((days_since_epoch(year, month, day)?, rest))
}

/// Days since 1970-01-01 of a day that the proleptic Gregorian calendar has.
#[inline]
pub(crate) fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = sluice_dqdl::ast::CivilDate::new(
        u16::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )?;
    Some(date.days_since_epoch())
}

fn digits_value(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}

/// A number of exactly `width` digits, and what follows it.
pub(crate) fn fixed_number(text: &[u8], width: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(width)?;
    let exact = digits.iter().all(u8::is_ascii_digit) && !rest.first().is_some_and(u8::is_ascii_digit);
    exact.then(|| (digits_value(digits), rest))
}

fn small_number(text: &[u8], most_digits: usize) -> Option<(i64, &[u8])> {
    let width = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(width)?;
    (1..=most_digits).contains(&width).then(|| (digits_value(digits), rest))
}

fn microseconds(text: &[u8]) -> Option<(i64, &[u8])> {
    let width = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(width)?;
    if !(1..=9).contains(&width) {
        return None;
    }
    let kept = digits.get(..width.min(6))?;
    let missing = u32::try_from(6 - kept.len()).ok()?;
    Some((digits_value(kept) * 10i64.pow(missing), rest))
}

fn zone_offset_minutes(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        [] | b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = if rest.len() == 4 {
        (digits_checked(rest.get(..2)?)?, digits_checked(rest.get(2..)?)?)
    } else {
        let (hours, after) = small_number(rest, 2)?;
        let minutes = match after.strip_prefix(b":") {
            Some(minutes) => small_number(minutes, 2).filter(|(_, rest)| rest.is_empty())?.0,
            None if after.is_empty() => 0,
            None => return None,
        };
        (hours, minutes)
    };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn digits_checked(digits: &[u8]) -> Option<i64> {
    digits.iter().all(u8::is_ascii_digit).then(|| digits_value(digits))
}

/// Unicode code points of a text, as Spark's `length` counts them: bytes that do not continue another.
#[inline]
pub(crate) fn char_length(text: &[u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    let Some(last) = text.last_chunk::<WORD>() else {
        return text.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
    };
    // Eight bytes a step; the last step looks again at what the one before it has counted, and leaves that out.
    let (words, rest) = text.as_chunks::<WORD>();
    let continued: u32 = words.iter().map(|word| continuations(u64::from_le_bytes(*word)).count_ones()).sum();
    let counted_bits = u32::try_from(8 * (WORD - rest.len())).unwrap_or(u64::BITS);
    let rest = continuations(u64::from_le_bytes(*last)).checked_shr(counted_bits).unwrap_or_default();
    text.len() - (continued + rest.count_ones()) as usize
}

/// One bit for each byte of the form `10xxxxxx`.
const fn continuations(word: u64) -> u64 {
    word & !(word << 1) & 0x8080_8080_8080_8080
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_what_spark_casts() {
        for (text, number) in [
            ("0", 0.0),
            ("-7", -7.0),
            ("+1.50", 1.5),
            (" 12 ", 12.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1e3),
            ("1.0E-3", 1e-3),
            ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
            ("0.1", 0.1),
            ("9007199254740993", 9_007_199_254_740_992.0),
        ] {
            assert_eq!(parse_number(text.as_bytes()), Some(number), "{text}");
        }
        for text in
            ["", " ", "-", ".", "abc", "1,5", "0x10", "NaN", "Infinity", "inf", "1_000", "--1", "1e", "1 2", "1e999"]
        {
            assert_eq!(parse_number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn dates_and_times_are_what_spark_casts() {
        assert_eq!(parse_date(b"1970-01-02"), Some(1));
        assert_eq!(parse_date(b"2024-2-29"), Some(19_782));
        assert_eq!(parse_date(b"2024-02-29T10:00:00"), Some(19_782));
        assert_eq!(parse_date(b"2024"), Some(19_723));
        for text in ["2023-02-29", "01-01-2023", "2023/01/01", "20230101", "", "2023-01-01x", "2023-1-1-1"] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_timestamp(b"1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(parse_timestamp(b"1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(parse_timestamp(b"1970-01-01T00:00:00.000000001Z"), Some(0));
        assert_eq!(parse_timestamp(b"1970-01-01 01:00-0100"), Some(7_200_000_000));
        assert_eq!(parse_timestamp(b"2024-02-29 23:59:59"), Some((19_782 * 86_400 + 86_399) * 1_000_000));
        for text in [
            "2023-02-29 00:00:00",
            "2024-02-01 00:60:00",
            "2024-02-01 0a:00:00",
            "1970-01-01 24:00:00",
            "1970-01-01 1",
            "noon",
            "1970-01-01 00:00:00 CET",
        ] {
            assert_eq!(parse_timestamp(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_printed_double_is_read_back_exactly(number in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            prop_assert_eq!(parse_number(format!("{number:?}").as_bytes()), Some(number));
            prop_assert_eq!(parse_number(format!("{number:e}").as_bytes()), Some(number));
        }

        #[test]
        fn short_decimals_are_read_as_the_standard_library_reads_them(whole in 0u64..1_000_000_000, fraction in 0u32..1_000_000) {
            let text = format!("{whole}.{fraction}");
            prop_assert_eq!(parse_number(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn plain_timestamps_are_what_the_general_reading_gives(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9]") {
            prop_assert_eq!(parse_timestamp(text.as_bytes()), parse_timestamp(format!("{text}Z").as_bytes()));
        }

        #[test]
        fn characters_are_counted_as_the_standard_library_counts_them(text in ".{0,40}") {
            prop_assert_eq!(char_length(text.as_bytes()), text.chars().count());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = (parse_number(&bytes), parse_date(&bytes), parse_timestamp(&bytes), char_length(&bytes));
        }
    }
}
