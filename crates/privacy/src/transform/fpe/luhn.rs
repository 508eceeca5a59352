//! The check of ISO/IEC 7812-1, annex B: every second digit from the right is doubled, and the digits of all are summed.

/// The digit that adds so much where it is doubled, to twice the digit less nine if that is more than nine: each adds another
/// amount.
const HALVED: [u16; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];

/// The remainder of the sum by ten; 0 for a valid number.
pub(super) fn remainder(digits: &[u16]) -> u16 {
    // The last digit is not doubled, so neither is the first of an odd number of digits.
    let (first, others) = digits.split_at(digits.len() % 2);
    let doubled = |digit: u16| 2 * u32::from(digit) - if digit > 4 { 9 } else { 0 };
    let of_pair = |[left, right]: &[u16; 2]| doubled(*left) + u32::from(*right);
    let sum: u32 = others.as_chunks().0.iter().map(of_pair).sum();
    let first = first.first().copied().map_or(0, u32::from);
    u16::try_from((sum + first) % 10).unwrap_or_default()
}

/// Sets the digit at a place so that the sum has a remainder.
pub(super) fn set(digits: &mut [u16], at: usize, wanted: u16) {
    let from_right = digits.len().saturating_sub(at + 1);
    if let Some(digit) = digits.get_mut(at) {
        *digit = 0;
    }
    let missing = (wanted + 10 - remainder(digits)) % 10;
    if let Some(digit) = digits.get_mut(at) {
        *digit = if from_right.is_multiple_of(2) { missing } else { halved(missing) };
    }
}

fn halved(amount: u16) -> u16 {
    HALVED.get(usize::from(amount)).copied().unwrap_or_default()
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
