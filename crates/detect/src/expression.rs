//! What an expression says of shapes before it is searched.

use crate::shape::{DIGIT, LETTER, class_of};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

/// The ranges of characters that a literal or class takes.
pub(crate) fn ranges(kind: &HirKind) -> Vec<(char, char)> {
    match kind {
        HirKind::Literal(literal) => {
            String::from_utf8_lossy(&literal.0).chars().map(|character| (character, character)).collect()
        }
        HirKind::Class(Class::Unicode(class)) => class.iter().map(|range| (range.start(), range.end())).collect(),
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
        _ => Vec::new(),
    }
}

/// The same expression with every character replaced by its whole class: it matches wherever the original does.
pub(crate) fn widen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(_) => Hir::concat(ranges(hir.kind()).into_iter().map(|one| widened(&[one])).collect()),
        HirKind::Class(_) => widened(&ranges(hir.kind())),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(widen(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => widen(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(widen).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(widen).collect()),
    }
}

/// All characters of the classes that `ranges` touch.
fn widened(ranges: &[(char, char)]) -> Hir {
    let mut touched = [false; 128];
    let mut beyond_ascii = false;
    for &(start, end) in ranges {
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

/// Which classes of a shape an expression takes only as a whole. For shapes of such classes alone the expression is its own
/// widened form: its matches stand at the same places in all cells of the shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WholeClasses {
    digits: bool,
    letters: bool,
    beyond_ascii: bool,
}

impl WholeClasses {
    pub(crate) fn of(hir: &Hir) -> Self {
        let mut whole = Self { digits: true, letters: true, beyond_ascii: true };
        whole.visit(hir);
        whole
    }

    /// Whether all classes of the text's shape are taken as a whole.
    pub(crate) fn cover(self, text: &str) -> bool {
        text.bytes().all(|byte| match class_of(byte) {
            DIGIT => self.digits,
            LETTER => self.letters,
            _ => byte.is_ascii() || self.beyond_ascii,
        })
    }

    fn visit(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Look(look) => self.beyond_ascii &= !is_unicode(*look),
            HirKind::Literal(_) => ranges(hir.kind()).into_iter().for_each(|one| self.take(&[one])),
            HirKind::Class(_) => self.take(&ranges(hir.kind())),
            HirKind::Repetition(repetition) => self.visit(&repetition.sub),
            HirKind::Capture(capture) => self.visit(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| self.visit(part)),
        }
    }

    fn take(&mut self, ranges: &[(char, char)]) {
        let has = |byte: u8| ranges.iter().any(|(start, end)| (*start..=*end).contains(&char::from(byte)));
        let all_or_none = |mut bytes: std::ops::RangeInclusive<u8>| {
            let first = has(*bytes.start());
            bytes.all(|byte| has(byte) == first)
        };
        self.digits &= all_or_none(b'0'..=b'9');
        self.letters &= all_or_none(b'a'..=b'z') && all_or_none(b'A'..=b'Z') && has(b'a') == has(b'A');
        let none = ranges.iter().all(|(_, end)| end.is_ascii());
        let all = ranges.iter().any(|(start, end)| *start <= '\u{80}' && *end == char::MAX);
        self.beyond_ascii &= none || all;
    }
}

/// Whether it looks at characters beyond ASCII one by one.
fn is_unicode(look: Look) -> bool {
    use Look::{
        WordEndHalfUnicode, WordEndUnicode, WordStartHalfUnicode, WordStartUnicode, WordUnicode, WordUnicodeNegate,
    };
    let looks =
        [WordUnicode, WordUnicodeNegate, WordStartUnicode, WordEndUnicode, WordStartHalfUnicode, WordEndHalfUnicode];
    looks.contains(&look)
}
