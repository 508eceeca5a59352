//! The digits of a number that is written with separators.

/// Longest number taken apart; longer ones are of no known kind.
const MAX: usize = 40;

/// Decimal digits, most significant first.
#[derive(Clone, Copy)]
pub(crate) struct Digits {
    values: [u8; MAX],
    len: usize,
}

impl Digits {
    /// The digits of `value`, in which only `separators`, of ASCII, may stand between them.
    pub(crate) fn of(value: &str, separators: &str) -> Option<Self> {
        let mut digits = Self { values: [0; MAX], len: 0 };
        for byte in value.bytes() {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                digits.push(digit)?;
            } else if !separators.as_bytes().contains(&byte) {
                return None;
            }
        }
        Some(digits)
    }

    /// The digits of `value`, of which there must be exactly `len`.
    pub(crate) fn exactly(len: usize, value: &str, separators: &str) -> Option<Self> {
        Self::of(value, separators).filter(|digits| digits.len == len)
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        *self.values.get_mut(self.len)? = digit;
        self.len += 1;
        Some(())
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
        (start..end).fold(0, |number: u32, index| number.wrapping_mul(10).wrapping_add(self.at(index)))
    }

    /// Whether one digit is repeated throughout.
    pub(crate) fn all_same(&self) -> bool {
        self.as_slice().windows(2).all(|pair| pair.first() == pair.last())
    }
}

/// The sum of the products of digits and weights, position by position.
pub(crate) fn weighted_sum(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}
