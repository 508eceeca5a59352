//! Texts of at most sixteen bytes and their decimal digits: the numbers of cards, accounts and people. The digits of a text
//! are held in one word and worked on all at once, which takes two thirds of the time of going from numeral to numeral.

use std::ops::Range;

use super::luhn;

/// Bytes of a word.
const MOST: usize = 16;
/// Digits of the numbers that are taken out and put in.
const HALF: usize = 8;
/// A one in each byte of a word.
const ONES: u128 = u128::MAX / 0xff;
const ASCII_ZEROS: u128 = ONES * 0x30;

/// Digits of a text, a byte each, the first in the lowest. Above them are zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    bytes: u128,
    count: usize,
}

impl Digits {
    /// The digits of a text of four to sixteen bytes, without what stands between them.
    #[inline]
    pub(super) fn of(text: &str) -> Option<Self> {
        let (length, text) = (text.len(), load(text.as_bytes())?);
        let mut digits = Self { bytes: (text ^ ASCII_ZEROS) & low_bytes(length), count: length };
        let mut others = tops_of_others(text) & low_bytes(length);
        while others != 0 {
            let before = below(others);
            digits.bytes = digits.bytes & before | digits.bytes >> 8 & !before;
            digits.count -= 1;
            others = (others & others.wrapping_sub(1)) >> 8;
        }
        Some(digits)
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.count
    }

    /// Some of them, from the first.
    pub(super) fn numerals(self, range: Range<usize>) -> impl ExactSizeIterator<Item = u16> {
        self.bytes.to_le_bytes().into_iter().take(range.end).skip(range.start).map(u16::from)
    }

    /// The number that at most eight of them are.
    #[inline]
    pub(super) fn number(self, range: Range<usize>) -> u64 {
        let shifted = self.bytes.wrapping_shr(bits(range.start));
        number(low_half(shifted).checked_shl(bits(HALF - range.len().min(HALF))).unwrap_or(0))
    }

    /// Puts a number in the place of at most eight of them.
    #[inline]
    pub(super) fn set_number(&mut self, range: Range<usize>, number: u64) {
        let length = range.len().min(HALF);
        let digits = eight_digits(number).checked_shr(bits(HALF - length)).unwrap_or(0);
        let at = bits(range.start);
        self.bytes = self.bytes & !low_bytes(length).wrapping_shl(at) | u128::from(digits).wrapping_shl(at);
    }

    /// The remainder of the Luhn sum by ten.
    #[inline]
    pub(super) fn luhn_remainder(self) -> u16 {
        const EVERY_SECOND: u128 = u128::MAX / 0xffff * 0xff;
        // Aligned at the last digit, so that those in the lower byte of each pair are doubled. Zeros before the first add
        // nothing.
        let digits = self.bytes.checked_shl(bits(MOST - self.count)).unwrap_or(0);
        let (doubled, plain) = (digits & EVERY_SECOND, digits >> 8 & EVERY_SECOND);
        // Eleven carries what is above four into bit 4: twice that has two digits, whose sum is nine less.
        let is_above_four = doubled.wrapping_add(EVERY_SECOND / 0xff * 11) >> 4 & (EVERY_SECOND / 0xff);
        let sums = plain.wrapping_add(doubled).wrapping_add(doubled).wrapping_sub(is_above_four.wrapping_mul(9));
        // Eight sums of at most 18 each: the product has that of four, and twice as much, in its highest 16 bits.
        let sums = low_half(sums).wrapping_add(low_half(sums >> 64));
        let sum = sums.wrapping_mul(0x0001_0001_0001_0001) >> 48;
        u16::try_from(sum % 10).unwrap_or_default()
    }

    /// Sets a digit so that the Luhn sum has a remainder.
    #[inline]
    pub(super) fn set_luhn(&mut self, at: usize, wanted: u16) {
        self.bytes &= !low_bytes(1).wrapping_shl(bits(at));
        let digit = luhn::digit(wanted, self.luhn_remainder(), self.count.saturating_sub(at + 1));
        self.bytes |= u128::from(digit).wrapping_shl(bits(at));
    }

    /// Appends the text that they were taken from with them in the places of its digits.
    #[inline]
    pub(super) fn write(self, text: &str, out: &mut Vec<u8>) {
        let Some(word) = load(text.as_bytes()) else { return };
        let mut written = self.bytes | ASCII_ZEROS;
        let mut others = tops_of_others(word) & low_bytes(text.len());
        while others != 0 {
            let before = below(others);
            let other = word & before.wrapping_add(1).wrapping_mul(0xff);
            written = written & before | (written & !before) << 8 | other;
            others &= others.wrapping_sub(1);
        }
        let end = out.len() + text.len();
        out.extend_from_slice(&written.to_le_bytes());
        out.truncate(end);
    }
}

/// The top bit of each byte of a text that is no digit.
#[inline]
fn tops_of_others(text: u128) -> u128 {
    // To bring a byte below 128 to 128 takes 118 when it is above nine, and no carry leaves it.
    let digits = text ^ ASCII_ZEROS;
    (digits | (digits & (ONES * 0x7f)).wrapping_add(ONES * 118)) & (ONES * 0x80)
}

/// The bytes below that of the lowest bit, which is its byte's top bit.
#[inline]
fn below(tops: u128) -> u128 {
    ((tops & tops.wrapping_neg()) >> 7).wrapping_sub(1)
}

/// A text of four to sixteen bytes.
#[inline]
fn load(text: &[u8]) -> Option<u128> {
    if let Some(bytes) = text.first_chunk::<MOST>() {
        return (text.len() == MOST).then(|| u128::from_le_bytes(*bytes));
    }
    // The two overlap in bytes that are the same in both.
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let last = u128::from(u64::from_le_bytes(*last)) << bits(text.len() - 8);
        return Some(u128::from(u64::from_le_bytes(*first)) | last);
    }
    let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
    let last = u128::from(u32::from_le_bytes(*last)) << bits(text.len() - 4);
    Some(u128::from(u32::from_le_bytes(*first)) | last)
}

/// The number that eight digits are, the first in the lowest byte: tens and ones, then hundreds of them, then both halves.
#[inline]
fn number(digits: u64) -> u64 {
    const EVERY_FOURTH: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & EVERY_FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & EVERY_FOURTH).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// The digits of a number below 10⁸, the first in the lowest byte.
#[inline]
fn eight_digits(number: u64) -> u64 {
    // Four digits in each half; then two, and one, in each part of what was before. The quotients by 100 and 10 are exact in
    // these ranges: n · 10,486 / 2²⁰ below 10,000, and n · 103 / 2¹⁰ below 100.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = fours.wrapping_mul(10_486) >> 20 & 0x0000_007f_0000_007f;
    let twos = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = twos.wrapping_mul(103) >> 10 & 0x000f_000f_000f_000f;
    tens | twos.wrapping_sub(tens.wrapping_mul(10)) << 8
}

#[inline]
fn low_half(word: u128) -> u64 {
    u64::try_from(word & u128::from(u64::MAX)).unwrap_or_default()
}

/// A word whose lowest bytes are all ones.
#[inline]
fn low_bytes(count: usize) -> u128 {
    !u128::MAX.checked_shl(bits(count)).unwrap_or(0)
}

#[inline]
fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes).map_or(u32::MAX, |bytes| bytes.saturating_mul(8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numerals(text: &str) -> Vec<u16> {
        text.bytes().filter(u8::is_ascii_digit).map(|digit| u16::from(digit - b'0')).collect()
    }

    fn written(digits: Digits, text: &str) -> String {
        let mut out = b"before".to_vec();
        digits.write(text, &mut out);
        String::from_utf8(out).unwrap().split_off("before".len())
    }

    #[test]
    fn numbers_of_every_length_come_back() {
        for length in 1..=HALF {
            let largest = 10u64.pow(u32::try_from(length).unwrap()) - 1;
            for number in [0, 1, largest / 3, largest - 1, largest] {
                let mut digits = Digits::of("9876543210987654").unwrap();
                digits.set_number(3..3 + length, number);
                assert_eq!(digits.number(3..3 + length), number);
                let after = "6543210987654".split_at(length).1;
                assert_eq!(written(digits, "0000000000000000"), format!("987{number:0length$}{after}"));
            }
        }
    }

    proptest! {
        #[test]
        fn they_are_those_of_the_text(text in "[0-9]{0,17}|[0-9 /:é-]{0,17}|\\PC{0,12}") {
            let Some(digits) = Digits::of(&text) else {
                prop_assert!(!(4..=MOST).contains(&text.len()));
                return Ok(());
            };
            let expected = numerals(&text);
            prop_assert_eq!(digits.numerals(0..digits.count()).collect::<Vec<_>>(), &expected[..]);
            prop_assert_eq!(digits.luhn_remainder(), luhn::remainder(&expected));
            prop_assert_eq!(written(digits, &text), text);
        }

        #[test]
        fn any_place_makes_up_for_the_others(text in "[0-9]{4,16}", at: prop::sample::Index, wanted in 0u16..10) {
            let mut digits = Digits::of(&text).unwrap();
            digits.set_luhn(at.index(text.len()), wanted);
            prop_assert_eq!(digits.luhn_remainder(), wanted);
            prop_assert_eq!(luhn::remainder(&numerals(&written(digits, &text))), wanted);
        }

        #[test]
        fn digits_of_eight(number in 0u64..100_000_000) {
            let text = eight_digits(number).to_le_bytes().map(|digit| char::from(digit + b'0'));
            prop_assert_eq!(String::from_iter(text), format!("{number:08}"));
            prop_assert_eq!(super::number(eight_digits(number)), number);
        }
    }
}
