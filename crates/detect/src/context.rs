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
const FIRST_UNSPACED: char = '\u{0E00}';

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

    pub(crate) fn stands_in(&self, normalised: &str) -> bool {
        match self {
            Self::Words(spellings) => spellings.iter().any(|spelling| normalised.contains(spelling.as_str())),
            Self::Unspaced(phrase) => normalised.contains(phrase.as_str()),
        }
    }
}

/// Which entities have a context phrase that starts with a word: tells in one pass over a text which entities its words
/// cannot speak for, so that these need not be searched.
#[derive(Debug, Default)]
pub(crate) struct WordIndex {
    /// One bit for each of the words' hashes.
    filter: Vec<u64>,
    /// Hashes of words and the entities they speak for, sorted.
    entries: Vec<(u64, usize)>,
    /// Entities with phrases that count wherever they stand.
    unspaced: Vec<usize>,
    entities: usize,
}

impl WordIndex {
    const FILTER_WORDS: usize = 1024;

    pub(crate) fn new<'p>(contexts: impl Iterator<Item = &'p [Phrase]>) -> Self {
        let mut index = Self { filter: vec![0; Self::FILTER_WORDS], ..Self::default() };
        for (entity, phrases) in contexts.enumerate() {
            index.entities = entity + 1;
            for phrase in phrases {
                match phrase {
                    Phrase::Unspaced(_) => index.unspaced.push(entity),
                    Phrase::Words(spellings) => {
                        let first_words = spellings.iter().filter_map(|spelling| spelling.split_whitespace().next());
                        index.entries.extend(first_words.map(|word| (finish(word.bytes().fold(0, step)), entity)));
                    }
                }
            }
        }
        for (word_hash, _) in &index.entries {
            let (slot, bit) = filter_place(*word_hash);
            if let Some(slot) = index.filter.get_mut(slot) {
                *slot |= bit;
            }
        }
        index.entries.sort_unstable();
        index.entries.dedup();
        index
    }

    /// Marks in `spoken_for` each entity that some word of `text` may speak for, and says whether there is one.
    pub(crate) fn mark(&self, text: &str, spoken_for: &mut Vec<bool>) -> bool {
        spoken_for.clear();
        spoken_for.resize(self.entities, false);
        if text.is_ascii() {
            self.mark_ascii(text.as_bytes(), spoken_for);
        } else {
            self.mark_any(text, spoken_for);
        }
        spoken_for.contains(&true)
    }

    fn mark_ascii(&self, text: &[u8], spoken_for: &mut [bool]) {
        let (mut word, mut without_last, mut last) = (0, 0, 0);
        for byte in text.iter().copied().chain([b' ']) {
            if byte.is_ascii_alphanumeric() {
                without_last = word;
                // This makes capitals small, and leaves small letters and digits as they are.
                last = byte | 0x20;
                word = step(word, last);
            } else if word != 0 {
                self.mark_word(word, without_last, last == b's', spoken_for);
                word = 0;
            }
        }
    }

    fn mark_any(&self, text: &str, spoken_for: &mut [bool]) {
        if text.chars().any(|character| character >= FIRST_UNSPACED) {
            self.unspaced.iter().for_each(|entity| mark_one(spoken_for, *entity));
        }
        let (mut word, mut without_last, mut last) = (0, 0, ' ');
        for character in text.chars().chain([' ']) {
            if character.is_alphanumeric() {
                for lower in character.to_lowercase() {
                    without_last = word;
                    last = lower;
                    word = lower.encode_utf8(&mut [0; 4]).bytes().fold(word, step);
                }
            } else if word != 0 {
                self.mark_word(word, without_last, last == 's', spoken_for);
                word = 0;
            }
        }
    }

    fn mark_word(&self, word: u64, without_last: u64, may_be_plural: bool, spoken_for: &mut [bool]) {
        self.mark_hash(finish(word), spoken_for);
        if may_be_plural {
            self.mark_hash(finish(without_last), spoken_for);
        }
    }

    fn mark_hash(&self, word_hash: u64, spoken_for: &mut [bool]) {
        let (slot, bit) = filter_place(word_hash);
        if self.filter.get(slot).is_none_or(|slot| slot & bit == 0) {
            return;
        }
        let first = self.entries.partition_point(|(hash, _)| *hash < word_hash);
        let same = self.entries.get(first..).unwrap_or_default().iter().take_while(|(hash, _)| *hash == word_hash);
        same.for_each(|(_, entity)| mark_one(spoken_for, *entity));
    }
}

fn mark_one(spoken_for: &mut [bool], entity: usize) {
    if let Some(mark) = spoken_for.get_mut(entity) {
        *mark = true;
    }
}

/// A word's letters, mixed lightly as they come and well at its end. Words that collide are told apart by the search.
fn step(state: u64, byte: u8) -> u64 {
    state.rotate_left(7) ^ u64::from(byte)
}

fn finish(state: u64) -> u64 {
    let mixed = state.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 32
}

fn filter_place(hash: u64) -> (usize, u64) {
    let slot = usize::try_from(hash >> 54).unwrap_or(0);
    (slot, 1 << (hash >> 48 & 63))
}

/// Lower case, singular words between single spaces, with a space at both ends.
pub(crate) fn normalise(text: &str) -> String {
    let mut normalised = String::with_capacity(text.len() + 2);
    normalised.push(' ');
    let mut word_start = normalised.len();
    for character in text.chars() {
        if character.is_alphanumeric() {
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
    let normalised = normalise(slice(text, from, start));
    let mut spaces = normalised.match_indices(' ').rev().map(|(index, _)| index);
    let first = spaces.nth(WINDOW_WORDS).unwrap_or(0);
    slice(&normalised, first, normalised.len()).to_owned()
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
