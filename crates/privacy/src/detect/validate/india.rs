//! India.

use super::Verdict;

/// The states and union territories of the GST Council's list.
const STATES: std::ops::RangeInclusive<u32> = 1..=37;

/// The goods and services tax number: state, PAN, entity, `Z`, check character.
///
/// The check character is not asked for: specimens rarely carry the right one, and twelve other fixed places leave little
/// to chance. To pass one over would be the graver error.
pub(super) fn gstin(value: &str) -> Verdict {
    let shape: Option<&[u8; 15]> = value.as_bytes().try_into().ok();
    let holds = shape.is_some_and(|[s1, s2, pan @ .., entity, z, check]| {
        let is_state = s1.is_ascii_digit() && s2.is_ascii_digit() && {
            STATES.contains(&(u32::from(s1 - b'0') * 10 + u32::from(s2 - b'0')))
        };
        let is_pan =
            |(i, byte): (usize, &u8)| if (5..9).contains(&i) { byte.is_ascii_digit() } else { is_letter(*byte) };
        is_state
            && pan.iter().enumerate().all(is_pan)
            && (is_letter(*entity) || matches!(entity, b'1'..=b'9'))
            && matches!(z, b'Z' | b'z')
            && check.is_ascii_alphanumeric()
    });
    Verdict::of(holds)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}
