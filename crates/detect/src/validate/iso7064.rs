//! Check characters of ISO/IEC 7064.

/// MOD 11,10, a hybrid system over decimal digits: whether the last digit checks the others.
pub(crate) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, payload)) = digits.split_last() else { return false };
    let product = payload.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// MOD 97-10 over letters and digits (A is 10, Z is 35): whether the remainder is 1.
pub(crate) fn mod_97(characters: impl Iterator<Item = char>) -> bool {
    let remainder = characters.filter_map(|character| character.to_digit(36)).fold(0, |remainder, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % 97
    });
    remainder == 1
}
