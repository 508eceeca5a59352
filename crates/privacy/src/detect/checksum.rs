//! Check digit schemes. Each takes digits as numbers, the check digit last, and never panics.

/// The decimal digits of a text, if it consists of `N` of them and nothing else.
pub fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let mut out = [0; N];
    if text.len() != N {
        return None;
    }
    for (digit, byte) in out.iter_mut().zip(text.bytes()) {
        *digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
    }
    Some(out)
}

/// Σ digit · weight, over the shorter of the two.
pub fn weighted_sum(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Σ cross sum of (digit · weight), over the shorter of the two: products of two digits count both.
pub fn weighted_cross_sum(digits: &[u32], weights: &[u32]) -> u32 {
    let cross = |product: u32| product / 10 + product % 10;
    digits.iter().zip(weights).map(|(digit, weight)| cross(digit * weight)).sum()
}

/// The Luhn scheme (ISO/IEC 7812-1 Annex B).
pub fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let each = digits.iter().rev().enumerate();
    let sum: u32 = each.map(|(i, digit)| if i % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 11,10.
pub fn iso_7064_mod_11_10(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *check
}

/// The value of a character in a machine-readable travel document (ICAO 9303-3 §4.9): `0`–`9`, then `A` = 10 to `Z` = 35.
/// Lower-case letters count as capitals.
pub fn icao_value(character: u8) -> Option<u32> {
    match character {
        b'0'..=b'9' => Some(u32::from(character - b'0')),
        b'A'..=b'Z' => Some(u32::from(character - b'A') + 10),
        b'a'..=b'z' => Some(u32::from(character - b'a') + 10),
        _ => None,
    }
}

/// The check digit of ICAO 9303-3 §4.9: weights 7, 3, 1 again and again, modulo 10.
pub fn icao_731(text: &str) -> Option<bool> {
    let values = text.bytes().map(icao_value).collect::<Option<Vec<u32>>>()?;
    let (check, body) = values.split_last()?;
    let sum: u32 = body.iter().zip([7, 3, 1].into_iter().cycle()).map(|(value, weight)| value * weight).sum();
    Some(sum % 10 == *check)
}

/// Whether day and month exist in a year that ends in `year` (of two digits), in whichever century.
pub fn is_date_of_short_year(year: u32, month: u32, day: u32) -> bool {
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        // 2000 was a leap year, and 00 may mean it.
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_of_iso_7812() {
        // The worked example of ISO/IEC 7812-1 Annex B.
        assert!(luhn(&digits::<11>("49927398716").unwrap()));
        assert!(!luhn(&digits::<11>("49927398717").unwrap()));
        assert!(!luhn(&[]));
    }

    #[test]
    fn luhn_notices_every_single_wrong_digit() {
        let right = digits::<16>("4111111111111111").unwrap();
        for at in 0..16 {
            for other in (0..10).filter(|other| *other != right[at]) {
                let mut wrong = right;
                wrong[at] = other;
                assert!(!luhn(&wrong));
            }
        }
    }

    #[test]
    fn mod_11_10_and_731() {
        // ISO/IEC 7064 gives 0794 with the check digit 5.
        assert!(iso_7064_mod_11_10(&[0, 7, 9, 4, 5]));
        assert!(!iso_7064_mod_11_10(&[0, 7, 9, 5, 4]));
        // ICAO 9303-3 Appendix A: document number AB2134<<< with fillers aside; date 520727 has the check digit 3.
        assert_eq!(icao_731("5207273"), Some(true));
        assert_eq!(icao_731("5207274"), Some(false));
        assert_eq!(icao_731("52-7273"), None);
    }

    #[test]
    fn dates_of_two_digit_years() {
        assert!(is_date_of_short_year(0, 2, 29) && is_date_of_short_year(96, 2, 29));
        assert!(
            !is_date_of_short_year(99, 2, 29) && !is_date_of_short_year(1, 13, 1) && !is_date_of_short_year(1, 4, 31)
        );
    }
}
