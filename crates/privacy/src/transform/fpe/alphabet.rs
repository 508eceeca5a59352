use std::collections::HashMap;
use std::fmt;

/// Not a character of the alphabet.
const NONE: u16 = u16::MAX;

/// The characters that a text is encrypted in, and their numerals.
pub(super) struct Alphabet {
    characters: Vec<char>,
    ascii: [u16; 128],
    others: HashMap<char, u16>,
    /// The same by byte, when all characters are ASCII: others of a text have no numeral then, nor have their bytes.
    bytes: Option<Box<Bytes>>,
}

/// Numerals by byte, and bytes by numeral.
struct Bytes {
    numerals: [u16; 256],
    characters: [u8; 128],
}

impl Alphabet {
    /// Different characters in the order of their numerals; at most 65,535.
    pub(super) fn new(characters: &str) -> Self {
        let characters: Vec<char> = characters.chars().take(usize::from(NONE)).collect();
        let mut alphabet =
            Self { characters: characters.clone(), ascii: [NONE; 128], others: HashMap::new(), bytes: None };
        for (numeral, character) in (0..NONE).zip(characters) {
            match usize::try_from(u32::from(character)).ok().and_then(|at| alphabet.ascii.get_mut(at)) {
                Some(place) => *place = numeral,
                None => {
                    alphabet.others.insert(character, numeral);
                }
            }
        }
        alphabet.bytes = Bytes::of(&alphabet).map(Box::new);
        alphabet
    }

    /// Whether these are the decimal digits, each with its own value.
    pub(super) fn is_decimal(&self) -> bool {
        self.characters.iter().eq(&['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
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

    /// Appends the numerals of the characters of a text that have one.
    pub(super) fn read(&self, text: &str, numerals: &mut Vec<u16>) {
        match &self.bytes {
            Some(bytes) => bytes.read(text.as_bytes(), numerals),
            None => numerals.extend(text.chars().filter_map(|c| self.numeral(c))),
        }
    }

    /// Appends a text, in UTF-8, with other characters in the places of those that have a numeral.
    pub(super) fn write(&self, text: &str, numerals: &[u16], out: &mut Vec<u8>) {
        if let Some(bytes) = &self.bytes {
            return bytes.write(text.as_bytes(), numerals, out);
        }
        let mut numerals = numerals.iter();
        for character in text.chars() {
            let replaced =
                self.numeral(character).and_then(|_| numerals.next()).map(|numeral| self.character(*numeral));
            out.extend_from_slice(replaced.unwrap_or(character).encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

impl Bytes {
    /// None for an alphabet that is not all ASCII.
    fn of(alphabet: &Alphabet) -> Option<Self> {
        let mut bytes = Self { numerals: [NONE; 256], characters: [0; 128] };
        for (numeral, character) in (0..NONE).zip(&alphabet.characters) {
            let byte = u8::try_from(*character).ok().filter(u8::is_ascii)?;
            *bytes.numerals.get_mut(usize::from(byte))? = numeral;
            *bytes.characters.get_mut(usize::from(numeral))? = byte;
        }
        Some(bytes)
    }

    fn numeral(&self, byte: u8) -> u16 {
        self.numerals.get(usize::from(byte)).copied().unwrap_or(NONE)
    }

    /// Every byte's numeral is written, and the next one over it when there is none.
    fn read(&self, text: &[u8], numerals: &mut Vec<u16>) {
        let begin = numerals.len();
        numerals.resize(begin + text.len(), 0);
        let mut end = begin;
        for byte in text {
            let numeral = self.numeral(*byte);
            if let Some(place) = numerals.get_mut(end) {
                *place = numeral;
            }
            end += usize::from(numeral != NONE);
        }
        numerals.truncate(end);
    }

    fn character(&self, numeral: u16) -> u8 {
        self.characters.get(usize::from(numeral)).copied().unwrap_or_default()
    }

    /// ASCII takes the place of ASCII.
    fn write(&self, text: &[u8], numerals: &[u16], out: &mut Vec<u8>) {
        if text.len() == numerals.len() {
            return out.extend(numerals.iter().map(|numeral| self.character(*numeral)));
        }
        let mut numerals = numerals.iter();
        out.extend(text.iter().map(|byte| match self.numeral(*byte) {
            NONE => *byte,
            _ => numerals.next().map_or(*byte, |numeral| self.character(*numeral)),
        }));
    }
}

impl fmt::Debug for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} characters", self.characters.len())
    }
}
