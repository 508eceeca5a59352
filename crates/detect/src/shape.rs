//! Shapes of short cells: the classes of their characters. Whether a widened pattern can match depends on the shape
//! alone, so one search serves all cells of a shape, and a column's cells have few shapes.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

/// Characters that one word of a shape holds, four bits each, and the words.
const WORD_CHARACTERS: usize = 16;
const WORDS: usize = 4;
/// Longest cell, in characters, that has a shape.
const MAX_CHARACTERS: usize = WORDS * WORD_CHARACTERS;

/// The class of characters beyond ASCII; no ASCII character has it.
const BEYOND_ASCII: u8 = 15;
const DIGIT: u8 = 1;
const LETTER: u8 = 2;
/// ASCII characters that no pattern tells apart often enough to have a class of their own.
const OTHER: u8 = 14;

/// The class of each ASCII character: 1 digits, 2 letters, then characters that patterns name, each alone. Classes keep
/// letters, digits and the underscore apart from the rest, so word edges depend on the shape alone too.
const CLASSES: [u8; 128] = classes();

const fn classes() -> [u8; 128] {
    const ALONE: &[u8] = b"-./:@+() _,";
    let mut classes = [OTHER; 128];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 128")]
        let character = byte as u8;
        #[expect(clippy::indexing_slicing, reason = "both are below 128, and this runs at compile time")]
        if character.is_ascii_digit() {
            classes[byte] = DIGIT;
        } else if character.is_ascii_alphabetic() {
            classes[byte] = LETTER;
        }
        byte += 1;
    }
    let mut index = 0;
    while index < ALONE.len() {
        #[expect(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "the characters are ASCII and few, and this runs at compile time"
        )]
        {
            classes[ALONE[index] as usize] = 3 + index as u8;
        }
        index += 1;
    }
    classes
}

fn class_of(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(BEYOND_ASCII)
}

/// The shape of a cell: four bits a character, none of them zero; equal shapes mean equal classes in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    words: [u64; WORDS],
}

impl Shape {
    /// The shape of a cell of at most 64 characters.
    pub(crate) fn of(text: &str) -> Option<Self> {
        const LONGEST_CHARACTER: usize = 4;
        if text.len() > MAX_CHARACTERS * LONGEST_CHARACTER {
            return None;
        }
        if text.is_ascii() { Self::of_ascii(text.as_bytes()) } else { Self::of_any(text) }
    }

    fn of_ascii(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_CHARACTERS {
            return None;
        }
        let mut shape = Self::default();
        for (word, chunk) in shape.words.iter_mut().zip(bytes.chunks(WORD_CHARACTERS)) {
            *word = chunk.iter().fold(0, |word, byte| word << 4 | u64::from(class_of(*byte)));
        }
        Some(shape)
    }

    fn of_any(text: &str) -> Option<Self> {
        let mut shape = Self::default();
        for (index, character) in text.chars().enumerate() {
            let class = u8::try_from(character).map_or(BEYOND_ASCII, class_of);
            let word = shape.words.get_mut(index / WORD_CHARACTERS)?;
            *word = *word << 4 | u64::from(class);
        }
        Some(shape)
    }

    /// Twelve bits that differ for most shapes.
    pub(crate) fn hash(&self) -> u64 {
        const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
        self.words.iter().fold(0, |hash: u64, word| (hash.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER)) >> 52
    }

    /// Whether the cell can hold words beside a value: a letter and something that is neither letter nor digit.
    pub(crate) fn has_words(&self) -> bool {
        const LETTERS: u16 = 1 << LETTER | 1 << BEYOND_ASCII;
        const SEPARATORS: u16 = !(1 | 1 << DIGIT | 1 << LETTER);
        let classes = self.words.iter().fold(0_u16, |classes, word| {
            (0..WORD_CHARACTERS).fold(classes, |classes, place| classes | 1 << (word >> (4 * place) & 15))
        });
        classes & LETTERS != 0 && classes & SEPARATORS != 0
    }
}

/// The same expression with every character replaced by its whole class: it matches wherever the original does.
pub(crate) fn widen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0);
            Hir::concat(text.chars().map(|character| widened([(character, character)].into_iter())).collect())
        }
        HirKind::Class(Class::Unicode(class)) => widened(class.iter().map(|range| (range.start(), range.end()))),
        HirKind::Class(Class::Bytes(class)) => {
            widened(class.iter().map(|range| (char::from(range.start()), char::from(range.end()))))
        }
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(widen(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => widen(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(widen).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(widen).collect()),
    }
}

/// All characters of the classes that `ranges` touch.
fn widened(ranges: impl Iterator<Item = (char, char)>) -> Hir {
    let mut touched = [false; 16];
    for (start, end) in ranges {
        for byte in 0..128_u8 {
            if (start..=end).contains(&char::from(byte)) {
                touch(&mut touched, class_of(byte));
            }
        }
        if end >= '\u{80}' {
            touch(&mut touched, BEYOND_ASCII);
        }
    }
    let is_touched = |class: u8| touched.get(usize::from(class)).copied().unwrap_or(false);
    let ascii = (0..128_u8).filter(|byte| is_touched(class_of(*byte)));
    let mut members: Vec<_> = ascii.map(|byte| ClassUnicodeRange::new(char::from(byte), char::from(byte))).collect();
    if is_touched(BEYOND_ASCII) {
        members.push(ClassUnicodeRange::new('\u{80}', char::MAX));
    }
    Hir::class(Class::Unicode(ClassUnicode::new(members)))
}

fn touch(touched: &mut [bool; 16], class: u8) {
    if let Some(slot) = touched.get_mut(usize::from(class)) {
        *slot = true;
    }
}
