use std::collections::HashMap;
use std::fmt;

/// Not a character of the alphabet.
const NONE: u16 = u16::MAX;

/// The characters that a text is encrypted in, and their numerals.
pub(super) struct Alphabet {
    characters: Vec<char>,
    ascii: [u16; 128],
    others: HashMap<char, u16>,
}

impl Alphabet {
    /// Different characters in the order of their numerals; at most 65,535.
    pub(super) fn new(characters: &str) -> Self {
        let characters: Vec<char> = characters.chars().take(usize::from(NONE)).collect();
        let mut alphabet = Self { characters: characters.clone(), ascii: [NONE; 128], others: HashMap::new() };
        for (numeral, character) in (0..NONE).zip(characters) {
            match usize::try_from(u32::from(character)).ok().and_then(|at| alphabet.ascii.get_mut(at)) {
                Some(place) => *place = numeral,
                None => {
                    alphabet.others.insert(character, numeral);
                }
            }
        }
        alphabet
    }

    pub(super) fn radix(&self) -> u32 {
        u32::try_from(self.characters.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn numeral(&self, character: char) -> Option<u16> {
        match usize::try_from(u32::from(character)).ok().and_then(|at| self.ascii.get(at)) {
            Some(numeral) => (*numeral != NONE).then_some(*numeral),
            None => self.others.get(&character).copied(),
        }
    }

    pub(super) fn character(&self, numeral: u16) -> char {
        self.characters.get(usize::from(numeral)).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} characters", self.characters.len())
    }
}
