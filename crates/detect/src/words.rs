//! Which entities the words of a cell may speak for: tells in one pass which cannot be, so that these need not be searched.

use crate::context::{FIRST_UNSPACED, Phrase};
use crate::shape::{mixed, padded};

/// Longest word that is looked up, in bytes. Entities with a phrase that starts with a longer one count as spoken for.
const MAX_WORD_BYTES: usize = 32;
const LANES: usize = 16;

/// Which entities have a context phrase that starts with a word.
#[derive(Debug, Default)]
pub(crate) struct WordIndex {
    /// One bit for each of the words' hashes.
    filter: Vec<u64>,
    /// Hashes of words and the entities they speak for, sorted.
    entries: Vec<(u64, usize)>,
    /// Where the entries begin whose hashes start with the same bits.
    buckets: Vec<usize>,
    /// Entities with phrases that count wherever they stand.
    unspaced: Vec<usize>,
    /// Entities with a word too long to look up.
    always: Vec<usize>,
    /// Whether a word is a number.
    has_numbers: bool,
    entities: usize,
}

/// The entities that words of a cell may speak for.
#[derive(Debug, Default)]
pub(crate) struct SpokenFor {
    bits: Vec<u64>,
    any: bool,
}

impl SpokenFor {
    pub(crate) fn any(&self) -> bool {
        self.any
    }

    pub(crate) fn has(&self, entity: usize) -> bool {
        self.any && self.bits.get(entity / 64).is_some_and(|bits| bits >> (entity % 64) & 1 == 1)
    }

    fn clear(&mut self, entities: usize) {
        self.bits.clear();
        self.bits.resize(entities.div_ceil(64), 0);
        self.any = false;
    }

    fn mark(&mut self, entity: usize) {
        if let Some(bits) = self.bits.get_mut(entity / 64) {
            *bits |= 1 << (entity % 64);
            self.any = true;
        }
    }
}

/// Where a word of a short cell stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WordSpan {
    start: u8,
    end: u8,
}

impl WordIndex {
    const FILTER_WORDS: usize = 1024;
    const BUCKETS: usize = 1024;

    pub(crate) fn new<'p>(contexts: impl Iterator<Item = &'p [Phrase]>) -> Self {
        let mut index = Self { filter: vec![0; Self::FILTER_WORDS], ..Self::default() };
        for (entity, phrases) in contexts.enumerate() {
            index.entities = entity + 1;
            for phrase in phrases {
                match phrase {
                    Phrase::Unspaced(_) => index.unspaced.push(entity),
                    Phrase::Words(spellings) => {
                        spellings
                            .iter()
                            .filter_map(|spelling| spelling.split_whitespace().next())
                            .for_each(|word| index.add(word, entity));
                    }
                }
            }
        }
        index.entries.sort_unstable();
        index.entries.dedup();
        let first_of = |bucket: usize| index.entries.partition_point(|(hash, _)| bucket_of(*hash) < bucket);
        index.buckets = (0..Self::BUCKETS).map(first_of).collect();
        index
    }

    fn add(&mut self, word: &str, entity: usize) {
        let Some(hash) = hash_of(word.as_bytes()) else {
            self.always.push(entity);
            return;
        };
        self.has_numbers |= word.bytes().all(|byte| byte.is_ascii_digit());
        self.entries.push((hash, entity));
        let (slot, bit) = filter_place(hash);
        if let Some(slot) = self.filter.get_mut(slot) {
            *slot |= bit;
        }
    }

    /// Marks each entity that some word of `text` may speak for.
    pub(crate) fn mark(&self, text: &str, spoken_for: &mut SpokenFor) {
        self.mark_always(spoken_for);
        if text.is_ascii() {
            self.mark_ascii(text.as_bytes(), spoken_for);
        } else {
            self.mark_any(text, spoken_for);
        }
    }

    /// The same where the words of an ASCII text are known to stand.
    pub(crate) fn mark_words(&self, text: &[u8], words: &[WordSpan], spoken_for: &mut SpokenFor) {
        self.mark_always(spoken_for);
        for word in words {
            self.mark_word(text.get(word.start.into()..word.end.into()).unwrap_or_default(), spoken_for);
        }
    }

    /// Adds where the words of a short ASCII text stand that could speak for something: where in all texts of its shape. Says
    /// whether they are free of digits.
    pub(crate) fn find_words(&self, text: &[u8], found: &mut Vec<WordSpan>) -> bool {
        let mut are_letters = true;
        let counts = |word: &[u8]| self.has_numbers || !word.iter().all(u8::is_ascii_digit);
        each_word(text, |start, word| {
            if let (true, Ok(start), Ok(end)) = (counts(word), u8::try_from(start), u8::try_from(start + word.len())) {
                found.push(WordSpan { start, end });
                are_letters &= !word.iter().any(u8::is_ascii_digit);
            }
        });
        are_letters
    }

    fn mark_always(&self, spoken_for: &mut SpokenFor) {
        spoken_for.clear(self.entities);
        self.always.iter().for_each(|entity| spoken_for.mark(*entity));
    }

    fn mark_ascii(&self, text: &[u8], spoken_for: &mut SpokenFor) {
        each_word(text, |_, word| self.mark_word(word, spoken_for));
    }

    fn mark_any(&self, text: &str, spoken_for: &mut SpokenFor) {
        if text.chars().any(|character| character >= FIRST_UNSPACED) {
            self.unspaced.iter().for_each(|entity| spoken_for.mark(*entity));
        }
        let mut lower = String::new();
        for word in text.split(|character: char| !character.is_alphanumeric()) {
            lower.clear();
            lower.extend(word.chars().flat_map(char::to_lowercase));
            self.mark_word(lower.as_bytes(), spoken_for);
        }
    }

    /// A word counts with and without the ending of a plural.
    #[inline]
    fn mark_word(&self, word: &[u8], spoken_for: &mut SpokenFor) {
        self.mark_hash(hash_of(word), spoken_for);
        if let [singular @ .., b's' | b'S'] = word {
            self.mark_hash(hash_of(singular), spoken_for);
        }
    }

    #[inline]
    fn mark_hash(&self, hash: Option<u64>, spoken_for: &mut SpokenFor) {
        let Some(hash) = hash else { return };
        let (slot, bit) = filter_place(hash);
        if self.filter.get(slot).is_some_and(|slot| slot & bit != 0) {
            self.mark_known(hash, spoken_for);
        }
    }

    fn mark_known(&self, word_hash: u64, spoken_for: &mut SpokenFor) {
        let first = self.buckets.get(bucket_of(word_hash)).copied().unwrap_or(0);
        let up_to = self.entries.get(first..).unwrap_or_default().iter().take_while(|(hash, _)| *hash <= word_hash);
        up_to.filter(|(hash, _)| *hash == word_hash).for_each(|(_, entity)| spoken_for.mark(*entity));
    }
}

/// Hands over the runs of letters and digits of an ASCII text.
fn each_word(text: &[u8], mut take: impl FnMut(usize, &[u8])) {
    let mut start = 0;
    for word in text.split(|byte| !byte.is_ascii_alphanumeric()) {
        if !word.is_empty() {
            take(start, word);
        }
        start += word.len() + 1;
    }
}

/// Words that differ in case alone have the same hash; others that collide are told apart by the search. `None` for a word
/// that is too long.
#[inline]
fn hash_of(word: &[u8]) -> Option<u64> {
    /// Makes capitals small, and leaves small letters and digits as they are.
    const SMALL: u128 = 0x2020_2020_2020_2020_2020_2020_2020_2020;
    let length = u64::try_from(word.len()).ok()?;
    match word.len() {
        ..=LANES => Some(mixed(padded(word) | SMALL, length)),
        17..=MAX_WORD_BYTES => {
            let (first, last) = (u128::from_le_bytes(*word.first_chunk()?), u128::from_le_bytes(*word.last_chunk()?));
            Some(mixed(last | SMALL, mixed(first | SMALL, length)))
        }
        _ => None,
    }
}

fn bucket_of(hash: u64) -> usize {
    usize::try_from(hash >> 54).unwrap_or(0) % WordIndex::BUCKETS
}

fn filter_place(hash: u64) -> (usize, u64) {
    let slot = usize::try_from(hash >> 54).unwrap_or(0);
    (slot, 1 << (hash >> 48 & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::normalise;
    use proptest::prelude::*;

    fn index(phrases: &[Vec<Phrase>]) -> WordIndex {
        WordIndex::new(phrases.iter().map(Vec::as_slice))
    }

    proptest! {
        /// No entity that a phrase in the text speaks for goes unmarked, however its words are found.
        #[test]
        fn whoever_is_spoken_for_is_marked(
            words in proptest::collection::vec("[a-zA-Z0-9]{1,5}|[a-zé]{1,4}s|[a-z]{17,40}|여권", 1..5),
            phrase in 0..5_usize,
            text in "[a-z0-9 .]{0,20}",
        ) {
            let phrases: Vec<Vec<Phrase>> = words.iter().map(|word| vec![Phrase::new(word)]).collect();
            let index = index(&phrases);
            let text = format!("{text} {} {text}", words.get(phrase).map_or("", String::as_str));
            let mut marked = SpokenFor::default();
            index.mark(&text, &mut marked);
            let mut by_span = SpokenFor::default();
            if text.is_ascii() && text.len() <= 255 {
                let mut spans = Vec::new();
                let are_letters = index.find_words(text.as_bytes(), &mut spans);
                let has_digit = |span: &WordSpan| {
                    let word = text.get(span.start.into()..span.end.into()).unwrap_or_default();
                    word.bytes().any(|byte| byte.is_ascii_digit())
                };
                prop_assert_eq!(are_letters, !spans.iter().any(has_digit));
                index.mark_words(text.as_bytes(), &spans, &mut by_span);
            }
            let normalised = normalise(&text);
            for (entity, phrases) in phrases.iter().enumerate() {
                if phrases[0].stands_in(&normalised) {
                    prop_assert!(marked.has(entity) && marked.any());
                    prop_assert!(by_span.has(entity) || !text.is_ascii());
                }
            }
        }
    }

    #[test]
    fn other_words_mark_nobody() {
        let index = index(&[vec![Phrase::new("passport number")], vec![Phrase::new("ssn")]]);
        let mut marked = SpokenFor::default();
        for (text, expected) in [
            ("his Passports", [true, false]),
            ("the SSN is", [false, true]),
            ("number one", [false; 2]),
            ("", [false; 2]),
        ] {
            index.mark(text, &mut marked);
            assert_eq!([0, 1].map(|entity| marked.has(entity)), expected, "{text}");
        }
    }
}
