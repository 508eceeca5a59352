//! Shapes of short cells: the classes of their bytes. Whether a widened pattern can match depends on the shape alone, so
//! one search serves all cells of a shape, and a column's cells have few shapes.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

/// Longest cell, in bytes, that has a shape.
const MAX_BYTES: usize = 64;
const WORD_BYTES: usize = 8;

/// All digits are one class, all ASCII letters another, all characters beyond ASCII a third; any other ASCII character is
/// a class of its own. So letters, digits and the underscore stay apart from the rest, and word edges depend on the shape
/// alone too.
const DIGIT: u8 = b'0';
const LETTER: u8 = b'a';
/// The first byte of a character beyond ASCII, and its further bytes: where characters begin depends on the shape alone.
const LEAD: u8 = 0xC0;
const CONTINUATION: u8 = 0x80;

/// Without a branch, so that the compiler classifies many bytes at once.
const fn class_of(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0') < 10;
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let beyond = byte & 0xC0;
    let ascii = if digit {
        DIGIT
    } else if letter {
        LETTER
    } else {
        byte
    };
    if beyond == LEAD {
        LEAD
    } else if beyond == CONTINUATION {
        CONTINUATION
    } else {
        ascii
    }
}

/// The shape of a cell: the class of each byte, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    classes: [u8; MAX_BYTES],
    len: usize,
}

impl Default for Shape {
    /// The shape of the empty cell.
    fn default() -> Self {
        Self { classes: [0; MAX_BYTES], len: 0 }
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        let (ours, _) = self.classes.as_chunks::<WORD_BYTES>();
        let (theirs, _) = other.classes.as_chunks::<WORD_BYTES>();
        let differences = ours
            .iter()
            .zip(theirs)
            .fold(0, |bits, (one, other)| bits | (u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other)));
        self.len == other.len && differences == 0
    }
}

impl Shape {
    /// The shape of a cell of at most 64 bytes.
    pub(crate) fn of(cell: &[u8]) -> Option<Self> {
        let mut shape = Self { len: cell.len(), ..Self::default() };
        shape.classes.get_mut(..cell.len())?.copy_from_slice(cell);
        // Zeros behind the cell stay zeros: zero is a class of its own.
        let words = cell.len().div_ceil(2 * WORD_BYTES);
        for chunk in shape.classes.as_chunks_mut::<{ 2 * WORD_BYTES }>().0.iter_mut().take(words) {
            for byte in chunk {
                *byte = class_of(*byte);
            }
        }
        Some(shape)
    }

    /// Bits that differ for most shapes.
    pub(crate) fn hash(&self) -> u64 {
        const SECRETS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];
        let (pairs, _) = self.classes.as_chunks::<{ 2 * WORD_BYTES }>();
        let used = self.len.div_ceil(2 * WORD_BYTES);
        let mut hash = SECRETS[0] ^ u64::try_from(self.len).unwrap_or(0);
        for pair in pairs.iter().take(used) {
            let both = u128::from_le_bytes(*pair);
            #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
            let (low, high) = (both as u64, (both >> 64) as u64);
            hash = fold(low ^ hash, high ^ SECRETS[1]);
        }
        hash
    }

    /// Whether the cell can hold words beside a value: a letter and something that is neither letter nor digit.
    pub(crate) fn has_words(&self) -> bool {
        let classes = self.classes.get(..self.len).unwrap_or_default();
        let is_letter = |class: &u8| matches!(*class, LETTER | LEAD);
        let parts = |class: &u8| !matches!(*class, LETTER | DIGIT);
        classes.iter().any(is_letter) && classes.iter().any(parts)
    }
}

/// Both halves of a product, mixed.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
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
    let mut touched = [false; 128];
    let mut beyond_ascii = false;
    for (start, end) in ranges {
        beyond_ascii |= end >= '\u{80}';
        for byte in (0..128_u8).filter(|byte| (start..=end).contains(&char::from(*byte))) {
            if let Some(slot) = touched.get_mut(usize::from(class_of(byte))) {
                *slot = true;
            }
        }
    }
    let is_touched = |byte: &u8| touched.get(usize::from(class_of(*byte))).copied().unwrap_or(false);
    let ascii = (0..128_u8).filter(is_touched);
    let mut members: Vec<_> = ascii.map(|byte| ClassUnicodeRange::new(char::from(byte), char::from(byte))).collect();
    if beyond_ascii {
        members.push(ClassUnicodeRange::new('\u{80}', char::MAX));
    }
    Hir::class(Class::Unicode(ClassUnicode::new(members)))
}
