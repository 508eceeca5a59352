//! Reading text by byte offsets without panics.

/// The text between two byte offsets; empty when they are not on character boundaries.
pub(crate) fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// The character that ends at `at`.
pub(crate) fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

/// The character that starts at `at`.
pub(crate) fn after(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// The nearest character boundary at or before `at`.
pub(crate) fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}

/// The nearest character boundary at or behind `at`.
pub(crate) fn next_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&index| text.is_char_boundary(index)).unwrap_or(text.len())
}

/// Letters of scripts that separate words by spaces extend a word; those of Thai, Chinese, Japanese and Korean, which
/// stand next to a number without a space, do not.
pub(crate) fn extends_word(character: char) -> bool {
    const FIRST_SCRIPT_WITHOUT_SPACES: char = '\u{0E00}';
    match character {
        '_' => true,
        _ if character.is_ascii() => character.is_ascii_alphanumeric(),
        _ => character < FIRST_SCRIPT_WITHOUT_SPACES && character.is_alphanumeric(),
    }
}
