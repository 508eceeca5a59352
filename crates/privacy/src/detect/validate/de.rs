//! Germany.

use super::Verdict;
use crate::detect::checksum::{
    digits, icao_731, is_date_of_short_year, iso_7064_mod_11_10, weighted_cross_sum, weighted_sum,
};

/// The number of a medical practice (Betriebsstättennummer; KBV, `BAR` guideline): nine digits without a check digit.
pub(super) fn practice_number(value: &str) -> Verdict {
    match digits::<9>(value) {
        Some(digits) if digits != [0; 9] => Verdict::Plausible,
        _ => Verdict::Refuted,
    }
}

/// The unchangeable part of a health insurance number (§ 290 SGB V): a letter as two digits, eight digits, weights 1 and
/// 2 in turn, cross sums, modulo 10.
pub(super) fn health_insurance(value: &str) -> Verdict {
    let holds = || {
        let (letter, rest) = value.split_at_checked(1)?;
        let digits = digits::<9>(rest)?;
        let (check, body) = digits.split_last()?;
        let number = position_of(letter)?;
        let expanded: Vec<u32> = [number / 10, number % 10].into_iter().chain(body.iter().copied()).collect();
        Some(weighted_cross_sum(&expanded, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 == *check)
    };
    Verdict::of(holds().unwrap_or(false))
}

/// The serial number of an identity card: eight characters and the check digit of ICAO 9303. The letter T before eight
/// digits is also the form of cards whose number ends without one.
pub(super) fn id_card(value: &str) -> Verdict {
    let is_old_form = || {
        let (letter, rest) = value.split_at_checked(1)?;
        Some(letter.eq_ignore_ascii_case("t") && digits::<8>(rest).is_some())
    };
    match document_number(value) {
        Verdict::Refuted if is_old_form().unwrap_or(false) => Verdict::Plausible,
        verdict => verdict,
    }
}

/// The serial number of a passport: eight characters and the check digit of ICAO 9303.
pub(super) fn passport(value: &str) -> Verdict {
    document_number(value)
}

fn document_number(value: &str) -> Verdict {
    let ends_in_digit = value.bytes().last().is_some_and(|last| last.is_ascii_digit());
    Verdict::of(value.len() == 9 && ends_in_digit && icao_731(value).unwrap_or(false))
}

/// The number of a physician (LANR; KBV): six digits, a check digit by the weights 4 and 9 in turn, and two digits of
/// the specialty.
pub(super) fn physician_number(value: &str) -> Verdict {
    let holds = |digits: [u32; 9]| {
        let sum = weighted_sum(&digits, &[4, 9, 4, 9, 4, 9]);
        digits.get(6) == Some(&((10 - sum % 10) % 10))
    };
    Verdict::of(digits(value).is_some_and(holds))
}

/// The number of the statutory pension insurance (§ 147 SGB VI, VKVV § 2–4): area, date of birth, initial, serial, check
/// digit by the weights 2 1 2 5 7 1 2 1 2 1 2 1 over cross sums. Fifty is added to the day when serials run out.
pub(super) fn social_security(value: &str) -> Verdict {
    let holds = || {
        let (numbers, rest) = value.split_at_checked(8)?;
        let (letter, serial) = rest.split_at_checked(1)?;
        let [a1, a2, d1, d2, m1, m2, y1, y2] = digits::<8>(numbers)?;
        let [s1, s2, check] = digits::<3>(serial)?;
        let day = d1 * 10 + d2;
        let day = if day > 50 { day - 50 } else { day };
        let initial = position_of(letter)?;
        let expanded = [a1, a2, d1, d2, m1, m2, y1, y2, initial / 10, initial % 10, s1, s2];
        let sum = weighted_cross_sum(&expanded, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]);
        Some(is_date_of_short_year(y1 * 10 + y2, m1 * 10 + m2, day) && sum % 10 == check)
    };
    Verdict::of(holds().unwrap_or(false))
}

/// The tax identification number (§ 139b AO, § 1 StIdV): eleven digits, the first not 0; among the first ten one digit
/// comes twice or three times and all others at most once; ISO/IEC 7064 MOD 11,10.
pub(super) fn tax_id(value: &str) -> Verdict {
    let holds = |digits: [u32; 11]| {
        let body = digits.split_last().map_or(&[][..], |(_, body)| body);
        let mut times: Vec<usize> = (0..10).map(|digit| body.iter().filter(|d| **d == digit).count()).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let repeats = matches!(times.as_slice(), [2 | 3, 1 | 0, ..]);
        digits.first() != Some(&0) && repeats && iso_7064_mod_11_10(&digits)
    };
    Verdict::of(digits(value).is_some_and(holds))
}

/// The VAT identification number (§ 27a UStG): `DE` and nine digits, which may be parted by blanks, hyphens and dots. The
/// check digit follows ISO/IEC 7064 MOD 11,10; the authorities do not publish that, so a number without it is not refuted.
pub(super) fn vat_id(value: &str) -> Verdict {
    let compact: String = value.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
    let number = compact
        .split_at_checked(2)
        .filter(|(country, _)| country.eq_ignore_ascii_case("de"))
        .and_then(|(_, number)| digits::<9>(number));
    match number {
        Some(digits) if iso_7064_mod_11_10(&digits) => Verdict::Verified,
        Some(_) => Verdict::Plausible,
        None => Verdict::Refuted,
    }
}

/// A letter's position in the alphabet, from 1.
fn position_of(letter: &str) -> Option<u32> {
    match letter.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(u32::from(letter.to_ascii_uppercase() - b'A') + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        // The pension insurance's example of a number, and the tax office's of an IdNr.
        assert_eq!(social_security("65180539W001"), Verdict::Verified);
        assert_eq!(social_security("65180539W002"), Verdict::Refuted);
        assert_eq!(tax_id("86095742719"), Verdict::Verified);
        assert_eq!(tax_id("86095742718"), Verdict::Refuted);
    }

    #[test]
    fn multibyte_text_is_refuted() {
        for judge in
            [practice_number, health_insurance, id_card, physician_number, passport, social_security, tax_id, vat_id]
        {
            for text in ["", "é", "ééééééééé", "１２３４５６７８９"] {
                assert_eq!(judge(text), Verdict::Refuted, "{text}");
            }
        }
    }
}
