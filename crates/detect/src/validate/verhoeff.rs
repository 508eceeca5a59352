//! The Verhoeff check digit: J. Verhoeff, Error Detecting Decimal Codes, 1969; the dihedral group D5.

/// The permutation by which each place is disturbed once more than the one to its right.
const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/// Whether the last digit is the Verhoeff check digit of the others.
pub(crate) fn holds(digits: &[u8]) -> bool {
    let check = digits.iter().rev().enumerate().fold(0, |check, (place, digit)| {
        let permuted = (0..place % 8).fold(*digit, |value, _| permute(value));
        multiply(check, permuted)
    });
    check == 0
}

fn permute(value: u8) -> u8 {
    PERMUTATION.get(usize::from(value)).copied().unwrap_or(value)
}

/// Multiplication in D5: 0 to 4 are rotations, 5 to 9 reflections.
fn multiply(left: u8, right: u8) -> u8 {
    match (left < 5, right < 5) {
        (true, true) => (left + right) % 5,
        (true, false) => 5 + (left + right) % 5,
        (false, true) => 5 + (left - right) % 5,
        (false, false) => (5 + left - right) % 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_holds() {
        assert!(holds(&[2, 3, 6, 3]));
        assert!(!holds(&[2, 3, 6, 4]));
        assert!(!holds(&[3, 2, 6, 3]));
    }

    #[test]
    fn every_prefix_has_exactly_one_check_digit() {
        for prefix in 0..1000_u16 {
            let digits = [prefix / 100, prefix / 10 % 10, prefix % 10].map(|digit| u8::try_from(digit).unwrap());
            let valid = (0..10).filter(|check| holds(&[digits[0], digits[1], digits[2], *check])).count();
            assert_eq!(valid, 1);
        }
    }
}
