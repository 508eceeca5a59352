//! The digits of a number that is written with separators.

/// Longest number taken apart; longer ones are of no known kind.
const MAX: usize = 40;

/// Decimal digits, most significant first.
#[derive(Clone, Copy)]
pub(crate) struct Digits {
    /// One more than are kept, for what follows the last.
    values: [u8; MAX + 1],
    len: usize,
}

impl Digits {
    /// The digits of `value`, in which only `separators`, of ASCII, may stand between them.
    pub(crate) fn of(value: &str, separators: &str) -> Option<Self> {
        let mut digits = Self { values: [0; MAX + 1], len: 0 };
        let mut rest = value.as_bytes();
        // Most numbers start with eight digits in a row, and many go on with eight more.
        while let Some((eight, behind)) = rest.split_first_chunk()
            && let Some(values) = eight_digits(*eight)
            && let Some(room) = digits.values.get_mut(digits.len..).and_then(<[u8]>::first_chunk_mut)
        {
            *room = values;
            digits.len += values.len();
            rest = behind;
        }
        for &byte in rest {
            let digit = byte.wrapping_sub(b'0');
            let is_digit = digit < 10;
            if !is_digit && !separators.bytes().any(|separator| separator == byte) {
                return None;
            }
            // Written in any case, and kept if it is a digit: separators come too irregularly to be guessed.
            *digits.values.get_mut(digits.len)? = digit;
            digits.len += usize::from(is_digit);
        }
        (digits.len <= MAX).then_some(digits)
    }

    /// The digits of `value`, of which there must be exactly `len`.
    pub(crate) fn exactly(len: usize, value: &str, separators: &str) -> Option<Self> {
        Self::of(value, separators).filter(|digits| digits.len == len)
    }

    /// All digits.
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.values.get(..self.len).unwrap_or_default()
    }

    /// The digit at `index`, 0 beyond the end.
    pub(crate) fn at(&self, index: usize) -> u32 {
        self.as_slice().get(index).map_or(0, |digit| u32::from(*digit))
    }

    /// The last digit, usually the check digit.
    pub(crate) fn last(&self) -> u32 {
        self.len.checked_sub(1).map_or(0, |index| self.at(index))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The number written by the digits from `start` to before `end`; at most nine of them.
    pub(crate) fn number(&self, start: usize, end: usize) -> u32 {
        let digits = self.as_slice().get(start..end);
        let shift = |number: u32, digit: u32| number.wrapping_mul(10).wrapping_add(digit);
        match digits {
            Some(digits) => digits.iter().fold(0, |number, digit| shift(number, u32::from(*digit))),
            None => (start..end).fold(0, |number, index| shift(number, self.at(index))),
        }
    }

    /// Whether one digit is repeated throughout.
    pub(crate) fn all_same(&self) -> bool {
        self.as_slice().windows(2).all(|pair| pair.first() == pair.last())
    }
}

/// The values of eight digits; `None` if some byte is none.
fn eight_digits(bytes: [u8; 8]) -> Option<[u8; 8]> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH_HALVES: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const SIXES: u64 = 0x0606_0606_0606_0606;
    let values = u64::from_le_bytes(bytes) ^ ZEROS;
    // Of bytes below 16, those above 9 reach 16 when six is added.
    let is_below_16 = values & HIGH_HALVES == 0;
    (is_below_16 && (values + SIXES) & HIGH_HALVES == 0).then(|| values.to_le_bytes())
}

/// The sum of the products of digits and weights, position by position.
pub(crate) fn weighted_sum(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_are_digits_when_each_is() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut bytes = *b"90817263";
                bytes[place] = byte;
                let expected = byte.is_ascii_digit().then(|| bytes.map(|digit| digit - b'0'));
                assert_eq!(eight_digits(bytes), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn digits_are_read_across_separators_and_up_to_the_most() {
        let read = |text: &str| Digits::of(text, "- ").map(|digits| digits.as_slice().to_vec());
        assert_eq!(read("4242 42424242-4"), Some(vec![4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4]));
        assert_eq!(read("12345678x"), None);
        assert_eq!(read(&"7".repeat(MAX)).map(|digits| digits.len()), Some(MAX));
        assert_eq!(read(&format!("{} -", "7".repeat(MAX))).map(|digits| digits.len()), Some(MAX));
        assert_eq!(read(&"7".repeat(MAX + 1)), None);
    }
}
