//! From a cell to its findings: which patterns, where, how likely, and which of those that overlap.
//!
//! A short cell whose shape was seen before goes the fast way: what its patterns can match, and from which byte on, was
//! learnt of an earlier cell of that shape. A long cell, or one of a new shape, is searched by all patterns at once and then
//! by those that matched. Both ways give the same findings.

use crate::compiled::{CompiledPattern, Reach, lowest};
use crate::context::{Place, boosted};
use crate::detector::{Compiled, Detector};
use crate::entity::Site;
use crate::judge::{is_sample, judge, may_have_words_nearby, speaks_nearby};
use crate::resolve::{Raw, resolve};
use crate::shape::Shape;
use crate::text::{next_boundary, slice};
use crate::words::{SpokenFor, WordSpan};
use regex_automata::PatternSet;
use regex_automata::meta::Cache;
use std::ops::Range;

/// Shapes remembered, and the patterns noted for them all before the memory is emptied.
const SHAPES: usize = 4096;
const MAX_NOTED_PATTERNS: usize = 1 << 18;

/// No built-in pattern matches less.
const SHORTEST: usize = 2;

/// Something personal in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding<'d> {
    /// The entity's name.
    pub entity: &'d str,
    /// Where it starts, in bytes, on a character boundary.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// How likely it is, 0 to 1.
    pub score: f64,
    /// How likely it would be without context.
    pub base_score: f64,
    /// The entity's number in its detector, and which that is.
    pub(crate) number: usize,
    pub(crate) detector_id: u64,
}

impl Finding<'_> {
    pub(crate) fn raw(&self) -> Raw {
        let Self { start, end, score, base_score, number: entity, .. } = *self;
        Raw { entity, start, end, score, base_score }
    }
}

/// Scans cells, one after the other, on one thread.
pub struct Scanner<'d> {
    detector: &'d Detector,
    memory: Memory,
    findings: Vec<Finding<'d>>,
}

/// What a scanner learnt about the shapes of cells: kept between the batches of a table, it saves learning it again. It
/// holds no text.
pub struct Memory {
    /// Of which detector.
    detector_id: u64,
    found: PatternSet,
    shapes: Vec<Remembered>,
    /// Where the last cell's shape stands: that of the next cell is mostly the same.
    last_slot: usize,
    noted: Vec<Candidate>,
    ends: Vec<u8>,
    words: Vec<WordSpan>,
    caches: Vec<Option<Box<Cache>>>,
    spoken_for: SpokenFor,
    hearing: Hearing,
    /// The text without its numbers that `spoken_for` was made of, if that says it all: texts made from one template are
    /// listened to once.
    heard: Option<Shape>,
    raw: Vec<Raw>,
}

/// Whether it is known for whom the words of the cell speak.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hearing {
    /// Nobody asked yet.
    Due,
    /// `Memory::spoken_for` says so.
    Done,
    /// For nobody.
    Nobody,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Memory of a scanner")
    }
}

impl std::fmt::Debug for Scanner<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Scanner of {:?}", self.detector)
    }
}

/// A pattern that may match in a cell.
#[derive(Clone, Copy)]
struct Candidate {
    /// Bit i: a match that is worth judging may start at byte i.
    starts: u64,
    /// Where in `Memory::ends` it says where the matches end that start at these bytes, if the shape says so.
    ends: Option<u32>,
    pattern: u16,
    entity: u16,
    /// Whether it needs words of the cell that speak for its entity.
    needs_words: bool,
}

/// The patterns that may match in cells of a shape at a place.
#[derive(Clone, Copy, Default)]
struct Remembered {
    shape: Shape,
    place: u64,
    /// `None` until the shape comes up again: shapes that come up once are not worth learning.
    selected: Option<Selected>,
}

impl Remembered {
    #[inline]
    fn is(&self, shape: &Shape, place: &Place) -> bool {
        self.shape == *shape && self.place == place.id()
    }
}

/// The patterns to try on a cell: a range of `Memory::noted`.
#[derive(Clone, Copy, Default)]
struct Selected {
    start: usize,
    end: usize,
    /// Where its words stand, if the shape says so.
    words: Option<Words>,
    /// Whether words of the cell can speak for an entity.
    has_words: bool,
    /// Whether it is for one cell alone, and forgotten afterwards.
    is_passing: bool,
}

/// Where the words stand in the cells of a shape: a range of `Memory::words`.
#[derive(Clone, Copy)]
struct Words {
    start: usize,
    end: usize,
    /// Whether no digit is part of them.
    are_letters: bool,
}

impl<'d> Scanner<'d> {
    pub(crate) fn new(detector: &'d Detector, memory: Option<Memory>) -> Self {
        let fresh = || Memory {
            detector_id: detector.id,
            found: PatternSet::new(detector.patterns.len()),
            shapes: vec![Remembered::default(); SHAPES],
            last_slot: 0,
            noted: Vec::new(),
            ends: Vec::new(),
            words: Vec::new(),
            caches: std::iter::repeat_with(|| None).take(detector.patterns.len()).collect(),
            spoken_for: SpokenFor::default(),
            hearing: Hearing::Due,
            heard: None,
            raw: Vec::new(),
        };
        let memory = memory.filter(|memory| memory.detector_id == detector.id).unwrap_or_else(fresh);
        Self { detector, memory, findings: Vec::new() }
    }

    /// Keeps what was learnt for [`Detector::scanner_with`].
    pub fn into_memory(self) -> Memory {
        self.memory
    }

    /// The findings in a cell, by their start. They last until the next cell is scanned.
    pub fn scan(&mut self, text: &str, place: &Place) -> &[Finding<'d>] {
        self.findings.clear();
        if text.len() >= SHORTEST {
            let selected = match Shape::of(text.as_bytes()) {
                Some(shape) => self.select(&shape, text.as_bytes(), place),
                None => self.select_for_one(text, place),
            };
            if selected.start < selected.end {
                self.search_selected(&selected, text, place);
            }
        }
        &self.findings
    }

    /// The same for a cell whose bytes are UTF-8; others are read with replacement characters, which keeps every ASCII
    /// value findable, and spans then count in the text so read.
    pub fn scan_bytes(&mut self, cell: &[u8], place: &Place) -> &[Finding<'d>] {
        // Cells of ASCII in which nothing can be are let go before they are looked at again.
        if cell.len() >= SHORTEST
            && let Some(shape) = Shape::of(cell)
            && shape.is_ascii()
        {
            self.findings.clear();
            let selected = self.select(&shape, cell, place);
            if selected.start < selected.end
                && let Ok(text) = std::str::from_utf8(cell)
            {
                self.search_selected(&selected, text, place);
            }
            return &self.findings;
        }
        match std::str::from_utf8(cell) {
            Ok(text) => self.scan(text, place),
            Err(_) => self.scan(&String::from_utf8_lossy(cell), place),
        }
    }

    /// The findings that were made earlier in an equal cell at an equal place.
    pub(crate) fn recall(&mut self, found: &[Raw]) -> &[Finding<'d>] {
        self.findings.clear();
        self.findings.extend(found.iter().map(|raw| self.detector.finding(raw)));
        &self.findings
    }

    /// Whether some word of the cell may speak for the entity. The words are looked up when first asked for.
    fn is_spoken_for(&mut self, entity: usize, text: &str, words: Option<Words>) -> bool {
        if self.memory.hearing == Hearing::Due {
            self.listen(text, words);
        }
        self.memory.hearing == Hearing::Done && self.memory.spoken_for.has(entity)
    }

    fn listen(&mut self, text: &str, words: Option<Words>) {
        let memory = &mut self.memory;
        let index = self.detector.words();
        let letters = words.filter(|words| words.are_letters).and_then(|_| Shape::without_numbers(text.as_bytes()));
        if letters.is_none() || letters != memory.heard {
            match words.and_then(|words| memory.words.get(words.start..words.end)) {
                Some(words) => index.mark_words(text.as_bytes(), words, &mut memory.spoken_for),
                None => index.mark(text, &mut memory.spoken_for),
            }
            memory.heard = letters;
        }
        memory.hearing = if memory.spoken_for.any() { Hearing::Done } else { Hearing::Nobody };
    }

    fn search_selected(&mut self, selected: &Selected, text: &str, place: &Place) {
        self.memory.raw.clear();
        self.memory.hearing =
            if selected.has_words && self.detector.use_context { Hearing::Due } else { Hearing::Nobody };
        let at = At { text, place, words: selected.words };
        for position in selected.start..selected.end {
            let Some(mut candidate) = self.memory.noted.get(position).copied() else { break };
            let Some(pattern) = self.detector.patterns.get(usize::from(candidate.pattern)) else { continue };
            if !selected.is_passing && candidate.ends.is_none() {
                candidate.starts = pattern.possible_starts(candidate.starts, text.as_bytes());
            }
            if candidate.starts == 0 {
                continue;
            }
            if candidate.needs_words && !self.is_spoken_for(candidate.entity.into(), text, selected.words) {
                if self.memory.hearing == Hearing::Done {
                    continue;
                }
                // No word speaks for anything, and what is left needs words.
                break;
            }
            if !self.is_surpassed(pattern, text) {
                if selected.is_passing {
                    self.search_through(pattern, candidate, &at);
                } else {
                    self.search_starts(pattern, candidate, &at);
                }
            }
            if !self.detector.keep_overlaps && self.is_settled(text) {
                break;
            }
        }
        if selected.is_passing {
            self.memory.noted.truncate(selected.start);
        }
        if !self.memory.raw.is_empty() {
            resolve(&mut self.memory.raw, self.detector.keep_overlaps);
            self.findings.extend(self.memory.raw.iter().map(|raw| self.detector.finding(raw)));
        }
    }

    /// The patterns that may match in a short cell.
    #[inline]
    fn select(&mut self, shape: &Shape, cell: &[u8], place: &Place) -> Selected {
        let is_known = |known: &&Remembered| known.is(shape, place);
        if let Some(known) = self.memory.shapes.get(self.memory.last_slot).filter(is_known)
            && let Some(selected) = known.selected
        {
            return selected;
        }
        self.memory.last_slot = slot_of(shape, place);
        match self.memory.shapes.get(self.memory.last_slot).filter(is_known) {
            Some(Remembered { selected: Some(selected), .. }) => *selected,
            Some(_) => self.learn(shape, cell, place),
            None => self.meet(shape, cell, place),
        }
    }

    /// A shape seen for the first time is noted, and its cell searched like a long one.
    #[cold]
    fn meet(&mut self, shape: &Shape, cell: &[u8], place: &Place) -> Selected {
        if let Some(slot) = self.memory.shapes.get_mut(self.memory.last_slot) {
            *slot = Remembered { shape: *shape, place: place.id(), selected: None };
        }
        self.select_for_one(&String::from_utf8_lossy(cell), place)
    }

    /// A shape seen for the second time is learnt: which patterns may match in its cells, and where.
    #[cold]
    fn learn(&mut self, shape: &Shape, cell: &[u8], place: &Place) -> Selected {
        let text = String::from_utf8_lossy(cell);
        self.detector.which_match(&text, true, &mut self.memory.found);
        if self.memory.noted.len() > MAX_NOTED_PATTERNS {
            self.memory.noted.clear();
            self.memory.ends.clear();
            self.memory.words.clear();
            self.memory.shapes.fill(Remembered::default());
        }
        let mut selected = self.note(has_words(&text), place, |pattern| pattern.reach(&text));
        if selected.has_words && text.is_ascii() {
            let start = self.memory.words.len();
            let are_letters = self.detector.words().find_words(text.as_bytes(), &mut self.memory.words);
            selected.words = Some(Words { start, end: self.memory.words.len(), are_letters });
        }
        if let Some(slot) = self.memory.shapes.get_mut(self.memory.last_slot) {
            *slot = Remembered { shape: *shape, place: place.id(), selected: Some(selected) };
        }
        selected
    }

    /// For a cell whose shape is not worth learning.
    fn select_for_one(&mut self, text: &str, place: &Place) -> Selected {
        self.detector.which_match(text, false, &mut self.memory.found);
        let selected = self.note(has_words(text), place, |_| None);
        Selected { is_passing: true, ..selected }
    }

    /// Notes the patterns in `found` that can reach the threshold. What needs words comes last.
    fn note(&mut self, has_words: bool, place: &Place, reach: impl Fn(&CompiledPattern) -> Option<Reach>) -> Selected {
        let memory = &mut self.memory;
        let start = memory.noted.len();
        for (pattern, mut candidate) in candidates(self.detector, &memory.found, place, has_words) {
            if let Some(Reach { starts, ends }) = reach(pattern) {
                candidate.starts = starts;
                candidate.ends = ends.as_ref().and(u32::try_from(memory.ends.len()).ok());
                memory.ends.extend(ends.into_iter().flatten());
            }
            memory.noted.push(candidate);
        }
        memory.noted.get_mut(start..).unwrap_or_default().sort_by_key(|candidate| candidate.needs_words);
        Selected { start, end: memory.noted.len(), words: None, has_words, is_passing: false }
    }

    /// All matches of one pattern that its entity's check lets through, in a cell of a known shape: at each byte where one
    /// may start, an automaton that starts there tells whether it does. The leftmost is so found first, as by a search.
    fn search_starts(&mut self, pattern: &CompiledPattern, candidate: Candidate, at: &At<'_>) {
        let mut starts = candidate.starts;
        while let Some(start) = lowest(starts) {
            let end = match candidate.ends {
                Some(ends) => self.known_end(ends, candidate.starts, start),
                None => self
                    .memory
                    .caches
                    .get_mut(usize::from(candidate.pattern))
                    .and_then(|cache| pattern.end_at(cache, at.text, start)),
            };
            let resume = end.map_or(0, |end| self.weigh(pattern, start..end, at));
            let next = u32::try_from(resume.max(start + 1)).unwrap_or(u32::MAX);
            starts &= u64::MAX.checked_shl(next).unwrap_or(0);
        }
    }

    /// Of the ends that are listed for `starts`, that of the match at `start`.
    fn known_end(&self, ends: u32, starts: u64, start: usize) -> Option<usize> {
        let earlier = (starts & !(u64::MAX << start)).count_ones();
        self.memory.ends.get(usize::try_from(ends + earlier).ok()?).copied().map(usize::from)
    }

    /// The same in any cell.
    fn search_through(&mut self, pattern: &CompiledPattern, candidate: Candidate, at: &At<'_>) {
        let mut from = 0;
        while from < at.text.len() {
            let Some(cache) = self.memory.caches.get_mut(usize::from(candidate.pattern)) else { return };
            let Some(found) = pattern.find(cache, at.text, from..at.text.len()) else { return };
            let start = found.start;
            let resume = self.weigh(pattern, found, at);
            from = next_boundary(at.text, resume.max(start + 1));
        }
    }

    /// Judges a candidate, notes it if it is to be reported, and says where the search goes on.
    fn weigh(&mut self, pattern: &CompiledPattern, span: Range<usize>, at: &At<'_>) -> usize {
        let At { text, place, words } = *at;
        let Some(entity) = self.detector.entities.get(pattern.entity) else { return span.end };
        let site = Site { text, start: span.start, end: span.end, settings: &self.detector.settings };
        let (start, end, base_score) = match judge(pattern, entity, &site) {
            Ok(kept) => kept,
            Err(resume) => return resume,
        };
        let value = slice(text, start, end);
        if value.is_empty() || self.is_exempt(entity, value) {
            return end.max(site.start + 1);
        }
        let has_context = self.detector.use_context
            && (place.speaks_for(pattern.entity)
                || (may_have_words_nearby(entity, start, base_score)
                    && self.is_spoken_for(pattern.entity, text, words)
                    && speaks_nearby(entity, text, start)));
        let score = if has_context && base_score < 1.0 { boosted(base_score) } else { base_score };
        if score >= entity.threshold && (has_context || !entity.needs_keyword) {
            self.memory.raw.push(Raw { entity: pattern.entity, start, end, score, base_score });
        }
        end
    }

    fn is_exempt(&self, entity: &Compiled, value: &str) -> bool {
        let detector = self.detector;
        let allowed = !detector.allowed.is_empty() && detector.allowed.contains(value);
        allowed
            || detector.allowed_patterns.iter().any(|pattern| pattern.is_match(value))
            || (!detector.report_samples && is_sample(entity, value))
    }

    /// Whether the pattern's own entity takes the whole cell already, with a score that this pattern cannot beat.
    fn is_surpassed(&self, pattern: &CompiledPattern, text: &str) -> bool {
        let whole = self
            .memory
            .raw
            .last()
            .filter(|raw| raw.entity == pattern.entity && raw.start == 0 && raw.end == text.len());
        whole.is_some_and(|raw| raw.base_score >= pattern.ceiling)
    }

    /// Whether the last finding is certain and takes the whole cell: then no other can displace it.
    fn is_settled(&self, text: &str) -> bool {
        self.memory.raw.last().is_some_and(|raw| raw.score >= 1.0 && raw.start == 0 && raw.end == text.len())
    }
}

/// The cell that is searched.
struct At<'t> {
    text: &'t str,
    place: &'t Place,
    /// Where its words stand, if that is known.
    words: Option<Words>,
}

/// The patterns among those that match which can reach the threshold at this place.
fn candidates<'s>(
    detector: &'s Detector,
    found: &'s PatternSet,
    place: &'s Place,
    has_words: bool,
) -> impl Iterator<Item = (&'s CompiledPattern, Candidate)> {
    found.iter().filter_map(move |id| {
        let pattern = detector.patterns.get(id.as_usize())?;
        let needs_words = pattern.hopeless_alone && !place.speaks_for(pattern.entity);
        let can_have_words = || {
            let has_context = detector.entities.get(pattern.entity).is_some_and(|entity| !entity.context.is_empty());
            detector.use_context && has_words && has_context
        };
        if needs_words && !can_have_words() {
            return None;
        }
        let (index, entity) = (u16::try_from(id.as_usize()).ok()?, u16::try_from(pattern.entity).ok()?);
        Some((pattern, Candidate { starts: u64::MAX, ends: None, pattern: index, entity, needs_words }))
    })
}

fn slot_of(shape: &Shape, place: &Place) -> usize {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let hash = shape.hash() ^ place.id().wrapping_mul(SPREAD);
    usize::try_from(hash >> 32).unwrap_or(0) % SHAPES
}

/// Whether the cell can hold words beside a value: a letter and something that parts words.
fn has_words(text: &str) -> bool {
    let mut letter = false;
    let mut parted = false;
    for byte in text.bytes() {
        letter |= byte.is_ascii_alphabetic() || byte >= 0x80;
        parted |= byte >= 0x80 || !byte.is_ascii_alphanumeric();
    }
    letter && parted
}
