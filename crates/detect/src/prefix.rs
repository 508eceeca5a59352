//! The bytes that a match can start with: two look-ups tell that most places in a text begin none, before an automaton
//! is asked.

#![expect(clippy::indexing_slicing, reason = "measured kernel: a table has an entry for each byte that indexes it")]

use crate::expression::ranges;
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// Kinds of beginnings that are told apart, one bit each.
const KINDS: usize = 16;
/// Beginnings told apart while they are collected; more become one that holds them all.
const MAX_BEGINNINGS: usize = 128;

/// The pairs of bytes that a match can start with: those whose first and second byte have a kind of beginning in common.
pub(crate) struct Prefixes {
    first: [u16; 256],
    second: [u16; 256],
}

impl Prefixes {
    pub(crate) fn of(hir: &Hir) -> Self {
        // What follows a match of one byte can be anything.
        let filled = |one: Beginning| Beginning {
            first: if one.len < 1 { Bytes::ALL } else { one.first },
            second: if one.len < 2 { Bytes::ALL } else { one.second },
            len: 2,
        };
        let beginnings = extend(vec![Beginning::EMPTY], hir).into_iter().map(filled).collect();
        let mut prefixes = Self { first: [0; 256], second: [0; 256] };
        for (number, kind) in kinds(beginnings).into_iter().enumerate() {
            let bit = 1 << number;
            for byte in 0..=u8::MAX {
                prefixes.first[usize::from(byte)] |= if kind.first.has(byte) { bit } else { 0 };
                prefixes.second[usize::from(byte)] |= if kind.second.has(byte) { bit } else { 0 };
            }
        }
        prefixes
    }

    /// Whether a match can start at `start`.
    #[inline]
    pub(crate) fn allow(&self, text: &[u8], start: usize) -> bool {
        let kinds_at = |table: &[u16; 256], place: usize| text.get(place).map(|byte| table[usize::from(*byte)]);
        let first = kinds_at(&self.first, start).unwrap_or(0);
        first & kinds_at(&self.second, start + 1).unwrap_or(u16::MAX) != 0
    }
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Bytes([u64; 4]);

impl Bytes {
    const NONE: Self = Self([0; 4]);
    const ALL: Self = Self([u64::MAX; 4]);
    /// Those that characters beyond ASCII are made of.
    const BEYOND_ASCII: Self = Self([0, 0, u64::MAX, u64::MAX]);

    fn has(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    fn and(self, other: Self) -> Self {
        Self([0, 1, 2, 3].map(|word| self.0[word] | other.0[word]))
    }

    /// The ASCII characters of ranges, and whether there are others.
    fn of(ranges: &[(char, char)]) -> (Self, bool) {
        let mut bytes = Self::NONE;
        let has = |byte: u8| ranges.iter().any(|(start, end)| (*start..=*end).contains(&char::from(byte)));
        for byte in (0..128_u8).filter(|byte| has(*byte)) {
            bytes.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        (bytes, ranges.iter().any(|(_, end)| !end.is_ascii()))
    }
}

/// How a match may begin: the first `len` of its bytes are known, up to two.
#[derive(Clone, Copy)]
struct Beginning {
    first: Bytes,
    second: Bytes,
    len: u8,
}

impl Beginning {
    const EMPTY: Self = Self { first: Bytes::NONE, second: Bytes::NONE, len: 0 };

    /// With a character behind it.
    fn then(self, ranges: &[(char, char)], out: &mut Vec<Self>) {
        let (ascii, has_others) = Bytes::of(ranges);
        let beyond = if has_others { Bytes::BEYOND_ASCII } else { Bytes::NONE };
        match self.len {
            0 => {
                if ascii != Bytes::NONE {
                    out.push(Self { first: ascii, second: Bytes::NONE, len: 1 });
                }
                if has_others {
                    out.push(Self { first: beyond, second: beyond, len: 2 });
                }
            }
            1 => out.push(Self { second: ascii.and(beyond), len: 2, ..self }),
            _ => out.push(self),
        }
    }

    fn and(self, other: Self) -> Self {
        let (first, second) = (self.first.and(other.first), self.second.and(other.second));
        Self { first, second, len: self.len }
    }
}

/// The beginnings when `hir` follows.
fn extend(before: Vec<Beginning>, hir: &Hir) -> Vec<Beginning> {
    if before.iter().all(|one| one.len == 2) {
        return before;
    }
    let after = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => before,
        HirKind::Literal(_) => ranges(hir.kind()).iter().fold(before, |before, one| followed(&before, &[*one])),
        HirKind::Class(_) => followed(&before, &ranges(hir.kind())),
        HirKind::Capture(capture) => extend(before, &capture.sub),
        HirKind::Concat(parts) => parts.iter().fold(before, extend),
        HirKind::Alternation(parts) => parts.iter().flat_map(|part| extend(before.clone(), part)).collect(),
        HirKind::Repetition(repetition) => repeated(before, repetition),
    };
    if after.len() > MAX_BEGINNINGS { merged(&after) } else { after }
}

fn followed(before: &[Beginning], ranges: &[(char, char)]) -> Vec<Beginning> {
    let mut after = Vec::new();
    for one in before {
        one.then(ranges, &mut after);
    }
    after
}

/// Two rounds that match something fill two bytes, and rounds that match nothing change nothing.
fn repeated(before: Vec<Beginning>, repetition: &Repetition) -> Vec<Beginning> {
    const ROUNDS: u32 = 2;
    let mut all = if repetition.min == 0 { before.clone() } else { Vec::new() };
    let mut round = before;
    for number in 1..=repetition.max.unwrap_or(ROUNDS).min(ROUNDS) {
        round = extend(round, &repetition.sub);
        if number >= repetition.min.min(ROUNDS) {
            all.extend(&round);
        }
    }
    all
}

/// One beginning for each length that holds all of that length.
fn merged(beginnings: &[Beginning]) -> Vec<Beginning> {
    let of_len = |len: u8| beginnings.iter().copied().filter(move |one| one.len == len).reduce(Beginning::and);
    (0..=2).filter_map(of_len).collect()
}

/// At most as many as there are bits: those with the same second bytes become one, and if there are still more, the last.
fn kinds(beginnings: Vec<Beginning>) -> Vec<Beginning> {
    let mut kinds: Vec<Beginning> = Vec::new();
    for one in beginnings {
        match kinds.iter_mut().find(|kind| kind.second == one.second) {
            Some(kind) => *kind = kind.and(one),
            None => kinds.push(one),
        }
    }
    while kinds.len() > KINDS {
        let (Some(one), Some(other)) = (kinds.pop(), kinds.pop()) else { break };
        kinds.push(one.and(other));
    }
    kinds
}
