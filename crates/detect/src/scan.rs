//! From a cell to its findings: which patterns, where, how likely, and which of those that overlap.

use crate::context::{Place, boosted, window};
use crate::detector::{Compiled, CompiledPattern, Detector, Judgement};
use crate::entity::{Outcome, Site, Verdict};
use crate::pattern::Edges;
use crate::shape::Shape;
use crate::text::{after, before, extends_word, slice};
use regex_automata::dfa::Automaton as _;
use regex_automata::meta::Cache;
use regex_automata::{Anchored, Input, PatternSet};

/// Shapes remembered, and the patterns noted for them all before the memory is emptied.
const SHAPES: usize = 4096;
const MAX_NOTED_PATTERNS: usize = 1 << 18;

/// So many findings are compared each with each.
const FEW: usize = 16;

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
    /// The entity's number in its detector.
    pub(crate) number: usize,
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
    noted: Vec<Candidate>,
    caches: Vec<Option<Box<Cache>>>,
    /// The entities that words of the cell may speak for; empty until somebody asks.
    spoken_for: Vec<bool>,
    has_words: bool,
    raw: Vec<Raw>,
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
    pattern: u16,
    entity: u16,
    /// Whether it may match at the start of the cell, and further on.
    at_start: bool,
    further_on: bool,
    /// Whether it needs words of the cell that speak for its entity.
    needs_words: bool,
}

/// The patterns that may match in cells of a shape at a place.
#[derive(Clone, Copy, Default)]
struct Remembered {
    shape: Shape,
    place: u64,
    selected: Selected,
}

/// A range of `Memory::noted`.
#[derive(Clone, Copy, Default)]
struct Selected {
    start: usize,
    end: usize,
    /// Whether words of the cell can speak for an entity.
    has_words: bool,
    /// Whether it is for one cell alone, and forgotten afterwards.
    is_passing: bool,
}

#[derive(Clone, Copy)]
struct Raw {
    entity: usize,
    start: usize,
    end: usize,
    score: f64,
    base_score: f64,
}

impl Raw {
    fn named<'d>(&self, detector: &'d Detector) -> Finding<'d> {
        let entity = detector.entities.get(self.entity).map_or("", |entity| entity.name.as_str());
        let Self { start, end, score, base_score, .. } = *self;
        Finding { entity, start, end, score, base_score, number: self.entity }
    }
}

impl<'d> Scanner<'d> {
    pub(crate) fn new(detector: &'d Detector, memory: Option<Memory>) -> Self {
        let fresh = || Memory {
            detector_id: detector.id,
            found: PatternSet::new(detector.patterns.len()),
            shapes: vec![Remembered::default(); SHAPES],
            noted: Vec::new(),
            caches: std::iter::repeat_with(|| None).take(detector.patterns.len()).collect(),
            spoken_for: Vec::new(),
            has_words: false,
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
        if let Some(selected) = self.select_patterns(text.as_bytes(), place) {
            self.search_selected(&selected, text, place);
        }
        &self.findings
    }

    /// The same for a cell whose bytes are UTF-8; others are read with replacement characters, which keeps every ASCII
    /// value findable, and spans then count in the text so read.
    pub fn scan_bytes(&mut self, cell: &[u8], place: &Place) -> &[Finding<'d>] {
        self.findings.clear();
        if let Some(selected) = self.select_patterns(cell, place) {
            match std::str::from_utf8(cell) {
                Ok(text) => self.search_selected(&selected, text, place),
                Err(_) => self.search_selected(&selected, &String::from_utf8_lossy(cell), place),
            }
        }
        &self.findings
    }

    /// Whether some word of the cell may speak for the entity. The words are looked up when first asked for.
    fn is_spoken_for(&mut self, entity: usize, text: &str) -> bool {
        if self.memory.has_words && self.memory.spoken_for.is_empty() {
            self.memory.has_words = self.detector.words().mark(text, &mut self.memory.spoken_for);
        }
        self.memory.spoken_for.get(entity) == Some(&true)
    }

    fn search_selected(&mut self, selected: &Selected, text: &str, place: &Place) {
        self.memory.raw.clear();
        self.memory.spoken_for.clear();
        self.memory.has_words = selected.has_words && self.detector.use_context;
        for position in selected.start..selected.end {
            let Some(candidate) = self.memory.noted.get(position).copied() else { break };
            if candidate.needs_words && !self.is_spoken_for(candidate.entity.into(), text) {
                if self.memory.has_words {
                    continue;
                }
                // No word speaks for anything, and what is left needs words.
                break;
            }
            let Some(pattern) = self.detector.patterns.get(usize::from(candidate.pattern)) else { continue };
            if !self.is_surpassed(pattern, text) {
                self.search(candidate, pattern, text, place);
            }
            if !self.detector.keep_overlaps && self.is_settled(text) {
                break;
            }
        }
        if selected.is_passing {
            self.memory.noted.truncate(selected.start);
        }
        if !self.memory.raw.is_empty() {
            self.resolve();
        }
    }

    /// The patterns that may match: a range of `noted`. What needs words comes last.
    fn select_patterns(&mut self, cell: &[u8], place: &Place) -> Option<Selected> {
        if cell.len() < SHORTEST {
            return None;
        }
        let selected = match Shape::of(cell) {
            Some(shape) => {
                let slot = slot_of(&shape, place);
                match self.memory.shapes.get(slot) {
                    Some(known) if known.place == place.id() && known.shape == shape => known.selected,
                    _ => self.remember(shape, slot, cell, place),
                }
            }
            None => self.select_for_one(cell, place),
        };
        (selected.start < selected.end).then_some(selected)
    }

    /// For a long cell, whose shape is not worth remembering.
    fn select_for_one(&mut self, cell: &[u8], place: &Place) -> Selected {
        let text = String::from_utf8_lossy(cell);
        self.detector.which_match(&text, false, &mut self.memory.found);
        let selected = self.note(has_words(&text), place, |_| (true, true));
        Selected { is_passing: true, ..selected }
    }

    /// Notes the patterns in `found` that can reach the threshold.
    fn note(&mut self, has_words: bool, place: &Place, starts: impl Fn(&CompiledPattern) -> (bool, bool)) -> Selected {
        let memory = &mut self.memory;
        if memory.noted.len() > MAX_NOTED_PATTERNS {
            memory.noted.clear();
            memory.shapes.fill(Remembered::default());
        }
        let start = memory.noted.len();
        memory.noted.extend(candidates(self.detector, &memory.found, place, has_words, starts));
        memory.noted.get_mut(start..).unwrap_or_default().sort_by_key(|candidate| candidate.needs_words);
        Selected { start, end: memory.noted.len(), has_words, is_passing: false }
    }

    #[cold]
    fn remember(&mut self, shape: Shape, slot: usize, cell: &[u8], place: &Place) -> Selected {
        let text = String::from_utf8_lossy(cell);
        self.detector.which_match(&text, true, &mut self.memory.found);
        let selected = self.note(shape.has_words(), place, |pattern| pattern.starts(&text));
        if let Some(known) = self.memory.shapes.get_mut(slot) {
            *known = Remembered { shape, place: place.id(), selected };
        }
        selected
    }

    /// All matches of one pattern that its entity's check lets through.
    fn search(&mut self, candidate: Candidate, pattern: &CompiledPattern, text: &str, place: &Place) {
        let Some(entity) = self.detector.entities.get(pattern.entity) else { return };
        let mut from = 0;
        // Most values stand at the start of their cell: there one pass tells where they end.
        if candidate.at_start
            && let Some(end) = self.end_at_start(candidate, pattern, text)
        {
            let site = Site { text, start: 0, end, settings: &self.detector.settings };
            from = next_boundary(text, self.weigh(pattern, entity, &site, place).max(1));
        }
        if candidate.further_on {
            self.search_from(from, candidate, pattern, text, place);
        }
    }

    /// Where the match at the start of the text ends.
    fn end_at_start(&mut self, candidate: Candidate, pattern: &CompiledPattern, text: &str) -> Option<usize> {
        let input = Input::new(text).anchored(Anchored::Yes);
        if let Some(Ok(half)) = pattern.anchored().map(|automaton| automaton.try_search_fwd(&input)) {
            return half.map(|half| half.offset());
        }
        let regex = pattern.regex()?;
        let cache = self.memory.caches.get_mut(usize::from(candidate.pattern))?;
        let cache = cache.get_or_insert_with(|| Box::new(regex.create_cache()));
        regex.search_with(cache, &input).map(|found| found.end())
    }

    fn search_from(
        &mut self,
        mut from: usize,
        candidate: Candidate,
        pattern: &CompiledPattern,
        text: &str,
        place: &Place,
    ) {
        let (Some(regex), Some(entity)) = (pattern.regex(), self.detector.entities.get(pattern.entity)) else { return };
        let index = usize::from(candidate.pattern);
        while from < text.len() {
            let Some(slot) = self.memory.caches.get_mut(index) else { return };
            let cache = slot.get_or_insert_with(|| Box::new(regex.create_cache()));
            let Some(found) = regex.search_with(cache, &Input::new(text).span(from..text.len())) else { return };
            let site = Site { text, start: found.start(), end: found.end(), settings: &self.detector.settings };
            let resume = self.weigh(pattern, entity, &site, place);
            from = next_boundary(text, resume.max(found.start() + 1));
        }
    }

    /// Judges a candidate, notes it if it is to be reported, and says where the search goes on.
    fn weigh(&mut self, pattern: &CompiledPattern, entity: &Compiled, site: &Site<'_>, place: &Place) -> usize {
        if !edges_hold(pattern.edges, site) {
            return match pattern.edges {
                Edges::Word | Edges::Free => site.end,
                Edges::Letters | Edges::Digits | Edges::Dates => site.start + 1,
            };
        }
        let (start, end, base_score) = match entity.judge(site) {
            Judgement::Verdict(Verdict::Invalid) => return site.end,
            Judgement::Verdict(Verdict::Valid) => (site.start, site.end, 1.0),
            Judgement::Verdict(Verdict::Plausible) => (site.start, site.end, pattern.score),
            Judgement::Site(Outcome::Drop { resume }) => return resume,
            Judgement::Site(Outcome::Keep { start, end, score }) => (start, end, score.unwrap_or(pattern.score)),
        };
        let value = slice(site.text, start, end);
        if value.is_empty() || self.is_exempt(entity, value) {
            return end.max(site.start + 1);
        }
        let has_context = self.detector.use_context
            && (place.speaks_for(pattern.entity)
                || (may_have_words_nearby(entity, start, base_score)
                    && self.is_spoken_for(pattern.entity, site.text)
                    && speaks_nearby(entity, site.text, start)));
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

    /// The likeliest first, then the longest, then the entity listed first; whatever overlaps a better one goes.
    fn resolve(&mut self) {
        if let [only] = self.memory.raw.as_slice() {
            self.findings.push(only.named(self.detector));
            return;
        }
        let by_rank = |one: &Raw, other: &Raw| {
            let by_score = other.score.total_cmp(&one.score);
            by_score
                .then((other.end - other.start).cmp(&(one.end - one.start)))
                .then(one.entity.cmp(&other.entity))
                .then(one.start.cmp(&other.start))
        };
        self.memory.raw.sort_unstable_by(by_rank);
        let keep_overlaps = self.detector.keep_overlaps;
        if self.memory.raw.len() <= FEW {
            for raw in &self.memory.raw {
                let overlaps = |kept: &Finding<'_>| {
                    (kept.number == raw.entity || !keep_overlaps) && kept.start < raw.end && raw.start < kept.end
                };
                if !self.findings.iter().any(overlaps) {
                    self.findings.push(raw.named(self.detector));
                }
            }
            self.findings.sort_by(|one, other| one.start.cmp(&other.start).then(other.end.cmp(&one.end)));
            return;
        }
        let mut kept = Kept::default();
        for raw in &self.memory.raw {
            let group = if keep_overlaps { raw.entity } else { 0 };
            if kept.insert(group, raw.start, raw.end) {
                self.findings.push(raw.named(self.detector));
            }
        }
        self.findings.sort_by(|one, other| one.start.cmp(&other.start).then(other.end.cmp(&one.end)));
    }
}

/// Spans that do not overlap, by group.
#[derive(Default)]
struct Kept {
    spans: std::collections::BTreeMap<(usize, usize), usize>,
}

impl Kept {
    /// Whether the span overlapped none of its group and was kept.
    fn insert(&mut self, group: usize, start: usize, end: usize) -> bool {
        let last_before_end = self.spans.range((group, 0)..(group, end)).next_back();
        let free = last_before_end.is_none_or(|(_, kept_end)| *kept_end <= start);
        if free {
            self.spans.insert((group, start), end);
        }
        free
    }
}

/// The patterns among those that match which can reach the threshold at this place.
fn candidates<'s>(
    detector: &'s Detector,
    found: &'s PatternSet,
    place: &'s Place,
    has_words: bool,
    starts: impl Fn(&CompiledPattern) -> (bool, bool) + 's,
) -> impl Iterator<Item = Candidate> + 's {
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
        let (at_start, further_on) = starts(pattern);
        let (index, entity) = (u16::try_from(id.as_usize()).ok()?, u16::try_from(pattern.entity).ok()?);
        Some(Candidate { pattern: index, entity, at_start, further_on, needs_words })
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

fn next_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&index| text.is_char_boundary(index)).unwrap_or(text.len())
}

/// What ASCII word edges in the expression cannot see: letters of other alphabets, and digits behind separators.
fn edges_hold(edges: Edges, site: &Site<'_>) -> bool {
    let previous = before(site.text, site.start);
    let next = after(site.text, site.end);
    let foreign =
        |beside: Option<char>| beside.is_some_and(|character| !character.is_ascii() && extends_word(character));
    let digit = |beside: Option<char>| beside.is_some_and(|character| character.is_ascii_digit());
    let digit_before = |separators: &str| {
        previous.is_some_and(|separator| separators.contains(separator)) && digit(before(site.text, site.start - 1))
    };
    let digit_after = |separators: &str| {
        next.is_some_and(|separator| separators.contains(separator)) && digit(after(site.text, site.end + 1))
    };
    match edges {
        Edges::Free => true,
        Edges::Word => !foreign(previous) && !foreign(next),
        Edges::Letters => !previous.is_some_and(extends_word) && !next.is_some_and(extends_word),
        Edges::Digits => !digit(previous) && !digit(next) && !digit_before("-") && !digit_after("-"),
        Edges::Dates => {
            !previous.is_some_and(extends_word)
                && !next.is_some_and(extends_word)
                && !digit_before("-/.")
                && !digit_after("-/.")
        }
    }
}

/// Certain findings need no context.
fn may_have_words_nearby(entity: &Compiled, start: usize, base_score: f64) -> bool {
    start > 0 && !entity.context.is_empty() && (base_score < 1.0 || entity.needs_keyword)
}

fn speaks_nearby(entity: &Compiled, text: &str, start: usize) -> bool {
    let words = window(text, start);
    entity.context.iter().any(|phrase| phrase.stands_in(&words))
}

fn is_sample(entity: &Compiled, value: &str) -> bool {
    let same = |sample: &&str| {
        let compact = value.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase());
        compact.eq(sample.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase()))
    };
    entity.samples.iter().any(same)
}
