//! The check of ISO/IEC 7812-1, annex B: every second digit from the right is doubled, and the digits of all are summed.

/// The digit that adds so much where it is doubled.
const HALVED: [u16; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];

/// The remainder of the sum by ten; 0 for a valid number.
pub(super) fn remainder(digits: &[u16]) -> u16 {
    // From the right: pairs of a plain digit and a doubled one, and perhaps a plain one at the beginning.
    let (first, pairs) = digits.as_rchunks();
    let sum = pairs.iter().map(|[doubled, plain]| u32::from(*plain) + if_doubled(*doubled)).sum::<u32>();
    let sum = sum + first.iter().map(|plain| u32::from(*plain)).sum::<u32>();
    u16::try_from(sum % 10).unwrap_or_default()
}

/// What a digit adds where it is doubled: the digits of twice its value; each of ten a different amount.
fn if_doubled(digit: u16) -> u32 {
    2 * u32::from(digit) - if digit > 4 { 9 } else { 0 }
}

/// Sets the digit at a place so that the sum has a remainder.
pub(super) fn set(digits: &mut [u16], at: usize, wanted: u16) {
    let from_right = digits.len().saturating_sub(at + 1);
    if let Some(place) = digits.get_mut(at) {
        *place = 0;
    }
    let digit = digit(wanted, remainder(digits), from_right);
    if let Some(place) = digits.get_mut(at) {
        *place = digit;
    }
}

/// The digit in place of a zero that brings the sum to a remainder from another one.
pub(super) fn digit(wanted: u16, without: u16, from_right: usize) -> u16 {
    let missing = (wanted + 10 - without) % 10;
    if from_right.is_multiple_of(2) { missing } else { HALVED.get(usize::from(missing)).copied().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u16> {
        text.bytes().map(|byte| u16::from(byte - b'0')).collect()
    }

    #[test]
    fn known_numbers() {
        for valid in ["79927398713", "4111111111111111", "378282246310005", "0"] {
            assert_eq!(remainder(&digits(valid)), 0, "{valid}");
        }
        assert_eq!(remainder(&digits("79927398710")), 7);
    }

    #[test]
    fn any_place_can_make_up_for_the_others() {
        for at in 0..11 {
            for wanted in 0..10 {
                let mut number = digits("79927398713");
                set(&mut number, at, wanted);
                assert_eq!(remainder(&number), wanted);
            }
        }
    }
}
