//! Numbers of at most eight bytes, read with a few operations on one word instead of byte by byte.

use crate::cells::view_length;
use crate::value::{POWERS_OF_TEN, from_count};

const BYTES: u32 = u64::BITS / 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * ONES;
const LOW_BITS: u64 = 0x7f * ONES;

/// The number in a text that stands in its view (Arrow columnar format) if it is made of one to eight digits and a point at
/// most; `None` for every other text, be it a number or not.
///
/// The same number as [`parse_number`](crate::value::parse_number) gives.
#[inline]
pub(crate) fn plain_number(view: u128) -> Option<f64> {
    let length = view_length(view);
    if length > BYTES {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the text is in these eight bytes, its first byte the lowest")]
    let text = (view >> u32::BITS) as u64;
    let points = bytes_equal(text, b'.');
    // All bits below the first point, or all bits.
    let before = ((points & points.wrapping_neg()) >> 7).wrapping_sub(1);
    let digits = text & before | text >> 8 & !before;
    let count = length - u32::from(points != 0);
    if count == 0 {
        return None;
    }
    // The last digit comes to the highest byte; the bytes below the first are digits of 0.
    let values = (digits ^ (u64::from(b'0') * ONES)) << (u64::BITS - 8 * count);
    if (values.wrapping_add(0x76 * ONES) | values) & HIGH_BITS != 0 {
        return None;
    }
    let decimals = if points == 0 { 0 } else { length - 1 - points.trailing_zeros() / 8 };
    let divisor = POWERS_OF_TEN.get(usize::try_from(decimals).unwrap_or_default())?;
    Some(from_count(eight_digits(values)) / divisor)
}

/// The highest bit of each byte that equals `byte`.
#[inline]
fn bytes_equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ (u64::from(byte) * ONES);
    !((differing & LOW_BITS).wrapping_add(LOW_BITS) | differing) & HIGH_BITS
}

/// The value of eight digits, the first in the lowest byte: twos, fours and all eight are put together by one multiplication
/// each (D. Lemire, "Number Parsing at a Gigabyte per Second", 2021).
#[inline]
const fn eight_digits(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let twos = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (twos & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = (twos >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_number;
    use proptest::prelude::*;

    fn plain(text: &str) -> Option<f64> {
        plain_number(arrow_array::builder::make_view(text.as_bytes(), 0, 0))
    }

    #[test]
    fn digits_with_a_point_are_read_and_nothing_else() {
        for (text, number) in [
            ("0", 0.0),
            ("7", 7.0),
            ("1646.58", 1646.58),
            ("12345678", 12_345_678.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0.000001", 1e-6),
        ] {
            assert_eq!(plain(text), Some(number), "{text}");
        }
        for text in ["", ".", "-1", "+1", " 1", "1 ", "1e3", "1.2.3", "12a", "1/", "1:", "é1", "\u{661}", "123456789"]
        {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_gives_what_the_general_reading_gives(text in "[0-9]{0,5}[.]?[0-9]{0,5}|[-0-9.,:/a é]{0,9}") {
            if let Some(number) = plain(&text) {
                prop_assert_eq!(parse_number(text.as_bytes()), Some(number));
            } else if text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
                prop_assert_eq!(parse_number(text.as_bytes()), None);
            }
        }
    }
}
