//! Options compiled into a detector, and checks on their own.

use crate::compiled::{CompiledPattern, MAX_CUSTOM_NFA_BYTES, Owner, compile};
use crate::context::{Phrase, Place, normalise_name};
use crate::entity::{self, Check, Entity, Outcome, Site, Verdict};
use crate::expression::widen;
use crate::options::{Checksum, CustomEntity, Options, OptionsError, Settings};
use crate::pattern::{Edges, Pattern};
use crate::resolve::Raw;
use crate::scan::{Finding, Memory, Scanner};
use crate::validate::{Digits, iso7064, luhn, verhoeff};
use crate::words::WordIndex;
use regex_automata::meta::{self, Regex};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, Look};
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Patterns one detector can hold.
const MAX_PATTERNS: usize = 4096;
/// Memory for the states of the automaton that all patterns share.
const SET_CACHE_BYTES: usize = 16 << 20;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Finds personal data. Compiled once, shared by all threads; each takes its own [`Scanner`].
pub struct Detector {
    pub(crate) entities: Vec<Compiled>,
    pub(crate) patterns: Vec<CompiledPattern>,
    pub(crate) settings: Settings,
    pub(crate) use_context: bool,
    pub(crate) keep_overlaps: bool,
    pub(crate) report_samples: bool,
    pub(crate) allowed: BTreeSet<String>,
    pub(crate) allowed_patterns: Vec<Regex>,
    /// Differs for all detectors of a process.
    pub(crate) id: u64,
    words: OnceLock<WordIndex>,
    exact: OnceLock<Option<Regex>>,
    widened: OnceLock<Option<Regex>>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Detector({} entities, {} patterns)", self.entities.len(), self.patterns.len())
    }
}

/// An entity that is searched.
pub(crate) struct Compiled {
    pub(crate) name: String,
    pub(crate) check: CompiledCheck,
    pub(crate) context: Vec<Phrase>,
    pub(crate) needs_keyword: bool,
    pub(crate) threshold: f64,
    /// Letters and digits of sample values, upper case.
    pub(crate) samples: &'static [&'static str],
}

#[derive(Clone, Copy)]
pub(crate) enum CompiledCheck {
    BuiltIn(Check),
    Custom(Option<Checksum>),
}

impl Detector {
    /// Compiles options. The regular expressions themselves are compiled when first needed.
    ///
    /// # Errors
    /// Names of entities that do not exist or exist twice, expressions that cannot be used, scores beyond 0 to 1.
    pub fn new(options: &Options) -> Result<Self, OptionsError> {
        let mut detector = Self {
            entities: Vec::new(),
            patterns: Vec::new(),
            settings: options.settings.clone(),
            use_context: options.use_context,
            keep_overlaps: options.keep_overlaps,
            report_samples: options.report_samples,
            allowed: options.allow.exact.iter().cloned().collect(),
            allowed_patterns: allowed_patterns(&options.allow.patterns)?,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            words: OnceLock::new(),
            exact: OnceLock::new(),
            widened: OnceLock::new(),
        };
        check_thresholds(options)?;
        for entity in chosen(options)? {
            detector.add_built_in(entity, options)?;
        }
        for custom in &options.custom {
            detector.add_custom(custom, options)?;
        }
        if detector.patterns.len() > MAX_PATTERNS {
            return Err(OptionsError::TooManyPatterns(MAX_PATTERNS));
        }
        Ok(detector)
    }

    /// A scanner of this detector, one for each thread.
    pub fn scanner(&self) -> Scanner<'_> {
        Scanner::new(self, None)
    }

    /// A scanner that goes on with what an earlier one of this detector learnt; another detector's memory is dropped.
    pub fn scanner_with(&self, memory: Memory) -> Scanner<'_> {
        Scanner::new(self, Some(memory))
    }

    /// The place of cells below these names: a column, or the steps of a JSON path.
    pub fn place(&self, names: &[&str]) -> Place {
        let names: String = names.iter().map(|name| normalise_name(name)).collect();
        let speaks_for = |entity: &Compiled| entity.context.iter().any(|phrase| phrase.stands_in(&names));
        Place::new(self.entities.iter().map(speaks_for).collect())
    }

    /// The names of the entities this detector looks for.
    pub fn entity_names(&self) -> impl Iterator<Item = &str> {
        self.entities.iter().map(|entity| entity.name.as_str())
    }

    /// A finding with its entity's name.
    pub(crate) fn finding(&self, raw: &Raw) -> Finding<'_> {
        let entity = self.entities.get(raw.entity).map_or("", |entity| entity.name.as_str());
        let Raw { start, end, score, base_score, entity: number } = *raw;
        Finding { entity, start, end, score, base_score, number, detector_id: self.id }
    }

    /// The entities that words of a text may speak for.
    pub(crate) fn words(&self) -> &WordIndex {
        self.words.get_or_init(|| WordIndex::new(self.entities.iter().map(|entity| entity.context.as_slice())))
    }

    fn add_built_in(&mut self, entity: &'static Entity, options: &Options) -> Result<(), OptionsError> {
        let threshold = options.thresholds.of(entity.name);
        let owner = Owner { entity: self.entities.len(), threshold, needs_keyword: entity.needs_keyword };
        for (number, pattern) in entity.patterns.iter().enumerate() {
            let Pattern { regex, score, edges, ceiling } = *pattern;
            let hir = built_in_hir(regex, edges).map_err(|reason| OptionsError::Pattern {
                owner: entity.name.to_owned(),
                number: number + 1,
                reason,
            })?;
            let ceiling = if matches!(entity.check, Check::None) { score } else { ceiling };
            self.patterns.push(CompiledPattern::new(owner, score, edges, ceiling, hir));
        }
        self.entities.push(Compiled {
            name: entity.name.to_owned(),
            check: CompiledCheck::BuiltIn(entity.check),
            context: entity.context.iter().map(|phrase| Phrase::new(phrase)).collect(),
            needs_keyword: entity.needs_keyword,
            threshold,
            samples: entity.samples,
        });
        Ok(())
    }

    fn add_custom(&mut self, custom: &CustomEntity, options: &Options) -> Result<(), OptionsError> {
        if entity::by_name(&custom.name).is_some() || self.entities.iter().any(|entity| entity.name == custom.name) {
            return Err(OptionsError::DuplicateEntity(custom.name.clone()));
        }
        let threshold = options.thresholds.of(&custom.name);
        let owner = Owner { entity: self.entities.len(), threshold, needs_keyword: custom.needs_keyword };
        let listed = listed_values(&custom.values);
        for (number, (regex, score)) in custom.patterns.iter().chain(&listed).enumerate() {
            if !(0.0..=1.0).contains(score) {
                return Err(OptionsError::Score(custom.name.clone()));
            }
            let in_pattern = |reason| OptionsError::Pattern { owner: custom.name.clone(), number: number + 1, reason };
            let hir = hir_of(regex, Edges::Word).map_err(in_pattern)?;
            let compiled = compile(&hir, Some(MAX_CUSTOM_NFA_BYTES)).map_err(in_pattern)?;
            let ceiling = if custom.checksum.is_none() { *score } else { 1.0 };
            self.patterns.push(CompiledPattern::new(owner, *score, Edges::Word, ceiling, hir).compiled(compiled));
        }
        self.entities.push(Compiled {
            name: custom.name.clone(),
            check: CompiledCheck::Custom(custom.checksum),
            context: custom.context.iter().map(|phrase| Phrase::new(phrase)).collect(),
            needs_keyword: custom.needs_keyword,
            threshold,
            samples: &[],
        });
        Ok(())
    }

    /// The patterns that match somewhere in `text`; with `widened`, those that match in some text of its shape.
    pub(crate) fn which_match(&self, text: &str, widened: bool, found: &mut PatternSet) {
        let (slot, is_widened) = if widened { (&self.widened, true) } else { (&self.exact, false) };
        let set = slot.get_or_init(|| self.compile_set(is_widened));
        found.clear();
        match set {
            Some(set) => set.which_overlapping_matches(&Input::new(text), found),
            // Too large to be one automaton: every pattern is tried, none is skipped.
            None => (0..self.patterns.len()).for_each(|pattern| {
                found.insert(regex_automata::PatternID::must(pattern));
            }),
        }
    }

    fn compile_set(&self, widened: bool) -> Option<Regex> {
        let hirs: Vec<Hir> = self
            .patterns
            .iter()
            .map(|pattern| if widened { widen(&pattern.hir) } else { pattern.hir.clone() })
            .collect();
        let config = meta::Config::new()
            .match_kind(MatchKind::All)
            .hybrid_cache_capacity(SET_CACHE_BYTES)
            .nfa_size_limit(None)
            .onepass(false)
            .dfa(false)
            .backtrack(false);
        meta::Builder::new().configure(config).build_many_from_hir(&hirs).ok()
    }
}

impl Compiled {
    pub(crate) fn judge(&self, site: &Site<'_>) -> Judgement {
        let verdict = match self.check {
            CompiledCheck::BuiltIn(Check::None) | CompiledCheck::Custom(None) => Verdict::Plausible,
            CompiledCheck::BuiltIn(Check::Value(check)) => check(site.value(), site.settings),
            CompiledCheck::BuiltIn(Check::Site(check)) => return Judgement::Site(check(site)),
            CompiledCheck::Custom(Some(checksum)) => holds(checksum, site.value()),
        };
        Judgement::Verdict(verdict)
    }
}

pub(crate) enum Judgement {
    Verdict(Verdict),
    Site(Outcome),
}

fn holds(checksum: Checksum, value: &str) -> Verdict {
    let digits = || Digits::of(value, " -./");
    Verdict::decided(match checksum {
        Checksum::Luhn => digits().is_some_and(|digits| luhn::holds(digits.as_slice())),
        Checksum::Verhoeff => digits().is_some_and(|digits| verhoeff::holds(digits.as_slice())),
        Checksum::Mod1110 => digits().is_some_and(|digits| iso7064::mod_11_10(digits.as_slice())),
        Checksum::Mod97 => iso7064::mod_97(value.chars()),
    })
}

fn chosen(options: &Options) -> Result<Vec<&'static Entity>, OptionsError> {
    let Some(names) = &options.entities else {
        return Ok(entity::all().iter().copied().filter(|entity| entity.by_default).collect());
    };
    if let Some(unknown) = names.iter().find(|name| entity::by_name(name).is_none()) {
        return Err(OptionsError::UnknownEntity(unknown.clone()));
    }
    let chosen: BTreeSet<&str> = names.iter().filter_map(|name| Some(entity::by_name(name)?.name)).collect();
    Ok(entity::all().iter().copied().filter(|entity| chosen.contains(entity.name)).collect())
}

/// One pattern for a list of values; a listed value is certain.
fn listed_values(values: &[String]) -> Option<(String, f64)> {
    let mut values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
    // Of two values that start alike the longer one comes first.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let escaped: Vec<String> = values.iter().map(|value| regex_syntax::escape(value)).collect();
    (!escaped.is_empty()).then(|| (escaped.join("|"), 1.0))
}

fn check_thresholds(options: &Options) -> Result<(), OptionsError> {
    let named = options.thresholds.by_entity.iter().map(|(name, threshold)| (name.as_str(), *threshold));
    let mut all = named.chain([("the default threshold", options.thresholds.default)]);
    match all.find(|(_, threshold)| !(0.0..=1.0).contains(threshold)) {
        Some((name, _)) => Err(OptionsError::Score(name.to_owned())),
        None => Ok(()),
    }
}

fn allowed_patterns(patterns: &[String]) -> Result<Vec<Regex>, OptionsError> {
    let compile_one =
        |(index, pattern): (usize, &String)| {
            // Anchored after it is parsed: `)|(` is no pattern, but would be one between brackets, and allow everything.
            let hir = ParserBuilder::new().build().parse(pattern).map_err(|error| error.to_string());
            let whole = |hir| Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
            hir.and_then(|hir| compile(&whole(hir), Some(MAX_CUSTOM_NFA_BYTES))).map_err(|reason| {
                OptionsError::Pattern { owner: "the allow list".to_owned(), number: index + 1, reason }
            })
        };
    patterns.iter().enumerate().map(compile_one).collect()
}

/// Parsed expressions, by text and whether they stand between word edges.
type Parsed = HashMap<(&'static str, bool), Result<Hir, String>>;

/// Expressions of built-in entities are parsed once in a process.
fn built_in_hir(regex: &'static str, edges: Edges) -> Result<Hir, String> {
    static PARSED: OnceLock<Parsed> = OnceLock::new();
    let parsed = PARSED.get_or_init(|| {
        let patterns = entity::all().iter().flat_map(|entity| entity.patterns);
        patterns
            .map(|pattern| ((pattern.regex, pattern.edges == Edges::Word), hir_of(pattern.regex, pattern.edges)))
            .collect()
    });
    parsed.get(&(regex, edges == Edges::Word)).cloned().unwrap_or_else(|| hir_of(regex, edges))
}

/// ASCII classes and word edges keep the automata small and free of tables; case is ignored.
pub(crate) fn hir_of(regex: &str, edges: Edges) -> Result<Hir, String> {
    let source = if edges == Edges::Word { format!(r"\b(?:{regex})\b") } else { regex.to_owned() };
    let mut parser =
        ParserBuilder::new().unicode(false).utf8(true).case_insensitive(true).dot_matches_new_line(true).build();
    let hir = parser.parse(&source).map_err(|error| error.to_string())?;
    if hir.properties().minimum_len().is_none_or(|len| len == 0) {
        return Err("it matches the empty text; make it require a character".to_owned());
    }
    Ok(hir)
}

/// What the check of the built-in entity `name` says of `value` as a whole; `None` when there is no such entity.
pub fn check(name: &str, value: &str, settings: &Settings) -> Option<Verdict> {
    const CERTAIN: f64 = 1.0;
    let entity = entity::by_name(name)?;
    Some(match entity.check {
        Check::None => Verdict::Plausible,
        Check::Value(check) => check(value, settings),
        Check::Site(check) => match check(&Site { text: value, start: 0, end: value.len(), settings }) {
            Outcome::Drop { .. } => Verdict::Invalid,
            Outcome::Keep { score: Some(score), .. } if score >= CERTAIN => Verdict::Valid,
            Outcome::Keep { .. } => Verdict::Plausible,
        },
    })
}
