//! Words near a value, in its column's name or in its JSON path, that make it more likely to be what it looks like.

use crate::text::{floor_boundary, slice};
use std::sync::atomic::{AtomicU64, Ordering};

/// How far before a value words count, in words and in bytes.
const WINDOW_WORDS: usize = 8;
const WINDOW_BYTES: usize = 96;

/// What context adds to a score, and the least score with context.
const BOOST: f64 = 0.35;
const FLOOR: f64 = 0.4;

/// Where a cell stands: which entities its column's name or JSON path speaks for. Made by [`crate::Detector::place`].
#[derive(Debug, Clone, Default)]
pub struct Place {
    speaks_for: Vec<bool>,
    id: u64,
}

impl Place {
    pub(crate) fn new(speaks_for: Vec<bool>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let is_silent = !speaks_for.contains(&true);
        Self { speaks_for, id: if is_silent { 0 } else { NEXT.fetch_add(1, Ordering::Relaxed) } }
    }

    /// Differs for places that differ; zero for all that speak for nothing.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn speaks_for(&self, entity: usize) -> bool {
        self.speaks_for.get(entity).copied().unwrap_or(false)
    }
}

/// The score of a value that has context.
pub(crate) fn boosted(score: f64) -> f64 {
    (score + BOOST).clamp(FLOOR, 1.0)
}

/// Scripts from Thai on put no spaces between words.
pub(crate) const FIRST_UNSPACED: char = '\u{0E00}';

/// A context word or phrase, ready to be looked up in normalised text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phrase {
    /// With its spaces, and without: `passport number`, `passportnumber`. Counts as whole words.
    Words(Vec<String>),
    /// Of a script that puts no spaces between words: counts wherever it stands.
    Unspaced(String),
}

impl Phrase {
    pub(crate) fn new(phrase: &str) -> Self {
        let spaced = normalise(phrase);
        if spaced.chars().any(|character| character >= FIRST_UNSPACED) {
            return Self::Unspaced(spaced.trim().to_owned());
        }
        let joined = format!(" {} ", spaced.replace(' ', ""));
        Self::Words(if joined == spaced { vec![spaced] } else { vec![spaced, joined] })
    }

    /// The byte that the phrase starts with in any spelling; `None` if it counts wherever it stands.
    fn initial(&self) -> Option<u8> {
        match self {
            // A space comes first.
            Self::Words(spellings) => spellings.first()?.as_bytes().get(1).copied(),
            Self::Unspaced(_) => None,
        }
    }

    fn stands_behind_a_space(&self, text: &[u8]) -> bool {
        let Self::Words(spellings) = self else { return false };
        let starts = (0..text.len()).filter(|at| text.get(*at) == Some(&b' '));
        let behind = |start: usize| text.get(start..).unwrap_or_default();
        starts.map(behind).any(|rest| spellings.iter().any(|spelling| is_first_in(spelling.as_bytes(), rest)))
    }

    pub(crate) fn stands_in(&self, normalised: &str) -> bool {
        match self {
            Self::Words(spellings) => spellings.iter().any(|spelling| normalised.contains(spelling.as_str())),
            Self::Unspaced(phrase) => normalised.contains(phrase.as_str()),
        }
    }
}

/// Whether `text` starts with `spelling`: compared byte by byte, since most differ in the first letter.
fn is_first_in(spelling: &[u8], text: &[u8]) -> bool {
    spelling.len() <= text.len() && spelling.iter().zip(text).all(|(one, other)| one == other)
}

/// Whether one of the phrases stands in a normalised text. Most are ruled out by the first letters of the text's words.
pub(crate) fn any_stands_in(phrases: &[Phrase], normalised: &str) -> bool {
    let bit_of = |byte: u8| 1_u64 << (byte & 63);
    let text = normalised.as_bytes();
    let initials = text.windows(2).fold(0, |bits, pair| match pair {
        [b' ', initial] => bits | bit_of(*initial),
        _ => bits,
    });
    phrases.iter().any(|phrase| match phrase.initial() {
        Some(initial) => initials & bit_of(initial) != 0 && phrase.stands_behind_a_space(text),
        None => phrase.stands_in(normalised),
    })
}

/// Lower case, singular words between single spaces, with a space at both ends.
pub(crate) fn normalise(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len() + 2);
    normalised.push(' ');
    let mut word_start = normalised.len();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            normalised.push(character.to_ascii_lowercase());
        } else if !character.is_ascii() && character.is_alphanumeric() {
            normalised.extend(character.to_lowercase());
        } else if normalised.len() > word_start {
            end_word(&mut normalised, word_start);
            word_start = normalised.len();
        }
    }
    if normalised.len() > word_start {
        end_word(&mut normalised, word_start);
    }
    normalised
}

/// A plural ending goes: `phones` is `phone`.
fn end_word(normalised: &mut String, word_start: usize) {
    const SHORTEST_PLURAL: usize = 4;
    let word = slice(normalised, word_start, normalised.len());
    if word.len() >= SHORTEST_PLURAL && word.ends_with('s') && !word.ends_with("ss") {
        normalised.pop();
    }
    normalised.push(' ');
}

/// The normalised words before `start`.
pub(crate) fn window(text: &str, start: usize) -> String {
    let from = floor_boundary(text, start.saturating_sub(WINDOW_BYTES));
    let mut normalised = normalise(slice(text, from, start));
    let first = normalised.bytes().enumerate().rev().filter(|(_, byte)| *byte == b' ').nth(WINDOW_WORDS);
    normalised.drain(..first.map_or(0, |(index, _)| index));
    normalised
}

/// A column's name: its words as written, and once more split where small letters meet capitals.
pub(crate) fn normalise_name(name: &str) -> String {
    let mut split = String::with_capacity(name.len() + 8);
    let mut previous_is_lower = false;
    for character in name.chars() {
        if previous_is_lower && character.is_uppercase() {
            split.push(' ');
        }
        previous_is_lower = character.is_lowercase() || character.is_numeric();
        split.push(character);
    }
    normalise(name) + &normalise(&split)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_whole_and_in_any_spelling() {
        let phrase = Phrase::new("passport number");
        for text in ["my Passport Number:", "passport_number", "passport-numbers", "the passportnumber is"] {
            assert!(phrase.stands_in(&normalise(text)), "{text}");
        }
        assert!(!Phrase::new("lic").stands_in(&normalise("duplicate")));
        assert!(Phrase::new("email").stands_in(&normalise_name("customerEmail")));
        assert!(Phrase::new("e-mail").stands_in(&normalise_name("EMAIL")));
        assert!(Phrase::new("여권").stands_in(&normalise("대한민국여권")));
    }

    #[test]
    fn the_window_holds_the_last_words() {
        assert_eq!(
            window("one two three four five six seven eight nine 42", 45),
            " two three four five six seven eight nine "
        );
        assert_eq!(window("42", 0), " ");
    }

    #[test]
    fn context_adds_up_to_one() {
        assert!((boosted(0.01) - 0.4).abs() < 1e-9);
        assert!((boosted(0.5) - 0.85).abs() < 1e-9);
        assert!((boosted(0.9) - 1.0).abs() < 1e-9);
    }
}
