//! One pattern ready to be searched: its automata, each built when it is first needed.

use crate::expression::{WholeClasses, widen};
use crate::judge::left_edge_fails;
use crate::pattern::Edges;
use crate::prefix::Prefixes;
use crate::shape::MAX_BYTES;
use crate::text::next_boundary;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::meta::{self, Cache, Regex};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;
use std::ops::Range;
use std::sync::OnceLock;

/// Longest expression of the user's own, in bytes of its compiled automaton.
pub(crate) const MAX_CUSTOM_NFA_BYTES: usize = 1 << 20;
/// A pattern whose automaton fits these is laid out as a whole, which makes it fast on short cells; others are laid out
/// lazily.
const MAX_DFA_BYTES: usize = 512 << 10;
const MAX_DFA_STATES: usize = 4096;

/// A pattern that is searched.
pub(crate) struct CompiledPattern {
    pub(crate) entity: usize,
    pub(crate) score: f64,
    pub(crate) edges: Edges,
    /// Whether a match needs context to reach the threshold.
    pub(crate) hopeless_alone: bool,
    /// The best score a match can have without context.
    pub(crate) ceiling: f64,
    pub(crate) hir: Hir,
    whole_classes: WholeClasses,
    regex: OnceLock<Option<Regex>>,
    anchored: OnceLock<Option<Box<dense::DFA<Vec<u32>>>>>,
    widened: OnceLock<Option<Regex>>,
    prefixes: OnceLock<Box<Prefixes>>,
}

/// What the patterns of an entity share.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) entity: usize,
    pub(crate) threshold: f64,
    pub(crate) needs_keyword: bool,
}

/// Where a pattern can match in the cells of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Bit i: a match that is worth judging may start at byte i.
    pub(crate) starts: u64,
    /// Where the matches end that start at these bytes, in order, if they stand there in every cell of the shape.
    pub(crate) ends: Option<Vec<u8>>,
}

impl CompiledPattern {
    pub(crate) fn new(owner: Owner, score: f64, edges: Edges, ceiling: f64, hir: Hir) -> Self {
        Self {
            entity: owner.entity,
            score,
            edges,
            hopeless_alone: owner.needs_keyword || ceiling < owner.threshold,
            ceiling,
            whole_classes: WholeClasses::of(&hir),
            hir,
            regex: OnceLock::new(),
            anchored: OnceLock::new(),
            widened: OnceLock::new(),
            prefixes: OnceLock::new(),
        }
    }

    /// The same with its expression compiled already.
    pub(crate) fn compiled(self, regex: Regex) -> Self {
        Self { regex: OnceLock::from(Some(regex)), ..self }
    }

    /// The compiled expression; `None` cannot happen for expressions that were accepted.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compile(&self.hir, None).ok()).as_ref()
    }

    /// The first match in a part of the text.
    pub(crate) fn find(&self, cache: &mut Option<Box<Cache>>, text: &str, part: Range<usize>) -> Option<Range<usize>> {
        let regex = self.regex()?;
        let cache = cache.get_or_insert_with(|| Box::new(regex.create_cache()));
        regex.search_with(cache, &Input::new(text).span(part)).map(|found| found.range())
    }

    /// Where the match that starts at `start` ends.
    pub(crate) fn end_at(&self, cache: &mut Option<Box<Cache>>, text: &str, start: usize) -> Option<usize> {
        let input = Input::new(text).span(start..text.len()).anchored(Anchored::Yes);
        let automaton = self.anchored.get_or_init(|| lay_out(&self.hir)).as_deref();
        if let Some(Ok(half)) = automaton.map(|automaton| automaton.try_search_fwd(&input)) {
            return half.map(|half| half.offset());
        }
        let regex = self.regex()?;
        let cache = cache.get_or_insert_with(|| Box::new(regex.create_cache()));
        regex.search_with(cache, &input).map(|found| found.end())
    }

    /// Of the places where matches may start, those with bytes that a match can start with.
    #[inline]
    pub(crate) fn possible_starts(&self, starts: u64, text: &[u8]) -> u64 {
        let prefixes = self.prefixes.get_or_init(|| Box::new(Prefixes::of(&self.hir)));
        bits(starts).filter(|start| prefixes.allow(text, *start)).fold(0, |possible, start| possible | 1 << start)
    }

    /// Where it can match in texts of the shape that `text` has, which is of at most 64 bytes; `None` if that is not known.
    pub(crate) fn reach(&self, text: &str) -> Option<Reach> {
        debug_assert!(text.len() <= MAX_BYTES);
        let widened = self.widened.get_or_init(|| compile(&widen(&self.hir), None).ok()).as_ref()?;
        let mut starts = 0;
        let mut from = 0;
        while let Some(found) = widened.find(Input::new(text).span(from..text.len())) {
            if !left_edge_fails(self.edges, text, found.start()) {
                starts |= 1 << found.start();
            }
            from = next_boundary(text, found.start() + 1);
            if from >= text.len() {
                break;
            }
        }
        let end_at = |start| u8::try_from(self.end_at(&mut None, text, start)?).ok();
        let is_in_all = self.whole_classes.cover(text);
        let ends = is_in_all.then(|| bits(starts).map(end_at).collect()).flatten();
        Some(Reach { starts, ends })
    }
}

/// The numbers of the bits that are set, upwards.
fn bits(mut left: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let number = lowest(left)?;
        left &= left - 1;
        Some(number)
    })
}

/// The number of the lowest bit that is set.
#[inline]
pub(crate) fn lowest(bits: u64) -> Option<usize> {
    if bits == 0 { None } else { usize::try_from(bits.trailing_zeros()).ok() }
}

pub(crate) fn compile(hir: &Hir, nfa_size_limit: Option<usize>) -> Result<Regex, String> {
    // Cells are short: looking for literals first costs more than it saves.
    let config = meta::Config::new()
        .auto_prefilter(false)
        .nfa_size_limit(nfa_size_limit)
        .dfa_size_limit(Some(MAX_DFA_BYTES))
        .dfa_state_limit(Some(MAX_DFA_STATES))
        .which_captures(thompson::WhichCaptures::Implicit);
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(|error| error.to_string())
}

fn lay_out(hir: &Hir) -> Option<Box<dense::DFA<Vec<u32>>>> {
    let thompson = thompson::Config::new()
        .nfa_size_limit(Some(MAX_CUSTOM_NFA_BYTES))
        .which_captures(thompson::WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(thompson).build_from_hir(hir).ok()?;
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(MAX_DFA_BYTES))
        .determinize_size_limit(Some(MAX_DFA_BYTES));
    dense::Builder::new().configure(config).build_from_nfa(&nfa).ok().map(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity;
    use crate::shape::Shape;
    use proptest::prelude::*;

    fn patterns() -> &'static [CompiledPattern] {
        static PATTERNS: OnceLock<Vec<CompiledPattern>> = OnceLock::new();
        PATTERNS.get_or_init(|| {
            let owner = Owner { entity: 0, threshold: 0.0, needs_keyword: false };
            let compiled = |pattern: &crate::pattern::Pattern| {
                let hir = crate::detector::hir_of(pattern.regex, pattern.edges).unwrap();
                CompiledPattern::new(owner, 0.5, pattern.edges, 1.0, hir)
            };
            entity::all().iter().flat_map(|entity| entity.patterns).map(compiled).collect()
        })
    }

    /// Another text of the same shape.
    fn twin(text: &str, shift: u8) -> String {
        let shifted = |character: char| match character {
            '0'..='9' => char::from(b'0' + (character as u8 - b'0' + shift) % 10),
            'a'..='z' => char::from(b'a' + (character as u8 - b'a' + shift) % 26),
            'A'..='Z' => char::from(b'a' + (character as u8 - b'A' + shift) % 26),
            'é' if shift % 2 == 1 => 'ß',
            other => other,
        };
        text.chars().map(shifted).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// What is learnt of a text holds for all of its shape: matches start nowhere else, with no other byte, and the one
        /// that stands in every cell ends where it was said to.
        #[test]
        fn reach_holds_for_the_shape(text in "[0-9]{0,9}[-@. +A-Ca-cé]{0,3}[0-9]{0,9}[- A-Z.é]{0,3}[a-z@.0-9]{0,9}", shift in 1..9_u8) {
            let other = twin(&text, shift);
            prop_assert_eq!(Shape::of(text.as_bytes()), Shape::of(other.as_bytes()));
            for pattern in patterns() {
                let reach = pattern.reach(&text).unwrap();
                let possible = pattern.possible_starts(reach.starts, other.as_bytes());
                for start in (0..other.len()).filter(|start| other.is_char_boundary(*start)) {
                    let end = pattern.end_at(&mut None, &other, start);
                    let is_lost = end.is_some() && possible >> start & 1 == 0;
                    prop_assert!(!is_lost || left_edge_fails(pattern.edges, &other, start), "{} in {other:?}", pattern.hir);
                }
                for (start, known_end) in bits(reach.starts).zip(reach.ends.iter().flatten()) {
                    let end = pattern.end_at(&mut None, &other, start);
                    prop_assert_eq!(end, Some(usize::from(*known_end)), "{} in {:?}", pattern.hir, other);
                }
                prop_assert_eq!(Some(reach), pattern.reach(&other));
            }
        }
    }
}
