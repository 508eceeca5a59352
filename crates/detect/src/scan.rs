//! From a cell to its findings: which patterns, where, how likely, and which of those that overlap.

use crate::context::{Place, boosted, window};
use crate::detector::{Compiled, CompiledPattern, Detector, Judgement};
use crate::entity::{Outcome, Site, Verdict};
use crate::pattern::Edges;
use crate::shape::Shape;
use crate::text::{after, before, extends_word, slice};
use regex_automata::meta::Cache;
use regex_automata::{Input, PatternSet};

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
}

/// Scans cells, one after the other, on one thread.
pub struct Scanner<'d> {
    detector: &'d Detector,
    found: PatternSet,
    shapes: Vec<Remembered>,
    noted: Vec<u16>,
    wanted: Vec<usize>,
    caches: Vec<Option<Box<Cache>>>,
    spoken_for: Vec<bool>,
    raw: Vec<Raw>,
    findings: Vec<Finding<'d>>,
}

impl std::fmt::Debug for Scanner<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Scanner of {:?}", self.detector)
    }
}

/// The patterns that may match in cells of a shape: a range of `Scanner::noted`.
#[derive(Clone, Copy, Default)]
struct Remembered {
    shape: Shape,
    start: usize,
    end: usize,
    /// Whether a cell of the shape can hold words beside a value.
    has_words: bool,
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
        Finding { entity, start: self.start, end: self.end, score: self.score, base_score: self.base_score }
    }
}

impl<'d> Scanner<'d> {
    pub(crate) fn new(detector: &'d Detector) -> Self {
        Self {
            detector,
            found: PatternSet::new(detector.patterns.len()),
            shapes: vec![Remembered::default(); SHAPES],
            noted: Vec::new(),
            wanted: Vec::new(),
            caches: std::iter::repeat_with(|| None).take(detector.patterns.len()).collect(),
            spoken_for: Vec::new(),
            raw: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The findings in a cell, by their start. They last until the next cell is scanned.
    pub fn scan(&mut self, text: &str, place: &Place) -> &[Finding<'d>] {
        self.findings.clear();
        if text.len() < SHORTEST {
            return &self.findings;
        }
        let has_words = self.select_patterns(text);
        if self.wanted.is_empty() {
            return &self.findings;
        }
        self.raw.clear();
        self.spoken_for.clear();
        if self.detector.use_context && has_words {
            self.detector.words().mark(text, &mut self.spoken_for);
        }
        for position in 0..self.wanted.len() {
            let Some(index) = self.wanted.get(position).copied() else { continue };
            let Some(pattern) = self.detector.patterns.get(index) else { continue };
            let in_context = || self.spoken_for.get(pattern.entity) == Some(&true) || place.speaks_for(pattern.entity);
            if (!pattern.hopeless_alone || in_context()) && !self.is_surpassed(pattern, text) {
                self.search(index, pattern, text, place);
            }
            if !self.detector.keep_overlaps && self.is_settled(text) {
                break;
            }
        }
        if !self.raw.is_empty() {
            self.resolve();
        }
        &self.findings
    }

    /// Fills `wanted` with the patterns that may match, and says whether the cell can hold words beside a value.
    fn select_patterns(&mut self, text: &str) -> bool {
        self.wanted.clear();
        let Some(shape) = Shape::of(text) else {
            self.detector.which_match(text, false, &mut self.found);
            self.wanted.extend(self.found.iter().map(|pattern| pattern.as_usize()));
            return has_words(text);
        };
        let slot = slot_of(shape);
        let (start, end, has_words) = match self.shapes.get(slot) {
            Some(known) if known.shape == shape => (known.start, known.end, known.has_words),
            _ => self.remember(shape, slot, text),
        };
        let patterns = self.noted.get(start..end).unwrap_or_default();
        self.wanted.extend(patterns.iter().map(|pattern| usize::from(*pattern)));
        has_words
    }

    fn remember(&mut self, shape: Shape, slot: usize, text: &str) -> (usize, usize, bool) {
        if self.noted.len() > MAX_NOTED_PATTERNS {
            self.noted.clear();
            self.shapes.fill(Remembered::default());
        }
        self.detector.which_match(text, true, &mut self.found);
        let start = self.noted.len();
        self.noted.extend(self.found.iter().filter_map(|pattern| u16::try_from(pattern.as_usize()).ok()));
        let remembered = Remembered { shape, start, end: self.noted.len(), has_words: shape.has_words() };
        if let Some(place) = self.shapes.get_mut(slot) {
            *place = remembered;
        }
        (remembered.start, remembered.end, remembered.has_words)
    }

    /// All matches of one pattern that its entity's check lets through.
    fn search(&mut self, index: usize, pattern: &CompiledPattern, text: &str, place: &Place) {
        let (Some(regex), Some(entity)) = (pattern.regex(), self.detector.entities.get(pattern.entity)) else { return };
        let Some(mut cache) =
            self.caches.get_mut(index).map(|cache| cache.take().unwrap_or_else(|| Box::new(regex.create_cache())))
        else {
            return;
        };
        let mut from = 0;
        while let Some(found) = regex.search_with(&mut cache, &Input::new(text).span(from..text.len())) {
            let site = Site { text, start: found.start(), end: found.end(), settings: &self.detector.settings };
            let resume = self.weigh(pattern, entity, &site, place);
            from = next_boundary(text, resume.max(found.start() + 1));
            if from >= text.len() {
                break;
            }
        }
        if let Some(kept) = self.caches.get_mut(index) {
            *kept = Some(cache);
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
                || (self.spoken_for.get(pattern.entity) == Some(&true)
                    && speaks_nearby(entity, site.text, start, base_score)));
        let score = if has_context && base_score < 1.0 { boosted(base_score) } else { base_score };
        if score >= entity.threshold && (has_context || !entity.needs_keyword) {
            self.raw.push(Raw { entity: pattern.entity, start, end, score, base_score });
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
        let whole =
            self.raw.last().filter(|raw| raw.entity == pattern.entity && raw.start == 0 && raw.end == text.len());
        whole.is_some_and(|raw| raw.base_score >= pattern.ceiling)
    }

    /// Whether the last finding is certain and takes the whole cell: then no other can displace it.
    fn is_settled(&self, text: &str) -> bool {
        self.raw.last().is_some_and(|raw| raw.score >= 1.0 && raw.start == 0 && raw.end == text.len())
    }

    /// The likeliest first, then the longest, then the entity listed first; whatever overlaps a better one goes.
    fn resolve(&mut self) {
        if let [only] = self.raw.as_slice() {
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
        self.raw.sort_unstable_by(by_rank);
        let keep_overlaps = self.detector.keep_overlaps;
        let mut kept = Kept::default();
        for raw in &self.raw {
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

fn slot_of(shape: Shape) -> usize {
    usize::try_from(shape.hash()).unwrap_or(0) % SHAPES
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
fn speaks_nearby(entity: &Compiled, text: &str, start: usize, base_score: f64) -> bool {
    if start == 0 || entity.context.is_empty() || (base_score >= 1.0 && !entity.needs_keyword) {
        return false;
    }
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
