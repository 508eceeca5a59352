//! The Luhn check digit: ISO/IEC 7812-1, annex B.

/// Whether the last digit is the Luhn check digit of the others.
pub(crate) fn holds(digits: &[u8]) -> bool {
    sum(digits).is_multiple_of(10)
}

fn sum(digits: &[u8]) -> u32 {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let weigh = |(place, digit): (usize, &u8)| {
        let digit = u32::from(*digit);
        if place % 2 == 1 { doubled(digit) } else { digit }
    };
    digits.iter().rev().enumerate().map(weigh).sum()
}
