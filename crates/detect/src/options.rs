//! What to look for and what to report.

use crate::entity::phone::PhoneRules;
use std::collections::BTreeMap;
use thiserror::Error;

/// The score from which a finding is reported unless a threshold says otherwise: what a weak shape reaches with context.
const DEFAULT_THRESHOLD: f64 = 0.4;

/// What to look for and what to report. The default looks for the default entities.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of built-in entities; `None` means those that are on by default. See [`crate::entity::names`].
    pub entities: Option<Vec<String>>,
    /// Entities of one's own, always searched.
    pub custom: Vec<CustomEntity>,
    /// The least score reported.
    pub thresholds: Thresholds,
    /// Values that are never reported.
    pub allow: Allow,
    /// Whether values that only tests and documentation contain are reported: issuers' test cards, sample numbers.
    pub report_samples: bool,
    /// Whether words near a value raise its score.
    pub use_context: bool,
    /// Whether findings of different entities may overlap.
    pub keep_overlaps: bool,
    /// How checks judge.
    pub settings: Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            entities: None,
            custom: Vec::new(),
            thresholds: Thresholds::default(),
            allow: Allow::default(),
            report_samples: true,
            use_context: true,
            keep_overlaps: false,
            settings: Settings::default(),
        }
    }
}

/// The least scores reported, 0 to 1.
#[derive(Debug, Clone)]
pub struct Thresholds {
    /// Where no other is given.
    pub default: f64,
    /// By name of entity.
    pub by_entity: BTreeMap<String, f64>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { default: DEFAULT_THRESHOLD, by_entity: BTreeMap::new() }
    }
}

impl Thresholds {
    pub(crate) fn of(&self, entity: &str) -> f64 {
        self.by_entity.get(entity).copied().unwrap_or(self.default)
    }
}

/// Values that are never reported. They may be sensitive themselves, so they are not printed.
#[derive(Clone, Default)]
pub struct Allow {
    /// Whole values.
    pub exact: Vec<String>,
    /// Regular expressions that must match a whole value.
    pub patterns: Vec<String>,
}

impl std::fmt::Debug for Allow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Allow({} values, {} patterns)", self.exact.len(), self.patterns.len())
    }
}

/// How checks judge.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Which telephone numbers count.
    pub phone: PhoneRules,
    /// Whether a German VAT number with a wrong check digit is dropped.
    pub strict_vat_checksum: bool,
}

/// An entity of the user's own.
#[derive(Clone, Default)]
pub struct CustomEntity {
    /// Its name, which no built-in entity may have.
    pub name: String,
    /// Regular expressions over ASCII classes, without regard to case, between word edges; each with its score, 0 to 1.
    pub patterns: Vec<(String, f64)>,
    /// Values that are always reported, with certainty, where they stand as whole words.
    pub values: Vec<String>,
    /// Words near a value that raise its score.
    pub context: Vec<String>,
    /// Whether values are reported only beside one of the context words.
    pub needs_keyword: bool,
    /// A check digit that promotes a value to 1.0 or drops it.
    pub checksum: Option<Checksum>,
}

/// Listed values may be sensitive themselves, so they are not printed.
impl std::fmt::Debug for CustomEntity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, patterns, values, .. } = self;
        write!(formatter, "CustomEntity({name}, {} patterns, {} values)", patterns.len(), values.len())
    }
}

/// Check digits that custom entities can ask for. Separators between the digits are skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// ISO/IEC 7812-1, annex B.
    Luhn,
    /// The dihedral group D5.
    Verhoeff,
    /// ISO 7064 MOD 11,10 over digits.
    Mod1110,
    /// ISO 7064 MOD 97-10 over letters and digits.
    Mod97,
}

/// What is wrong with options.
#[derive(Debug, Error)]
pub enum OptionsError {
    /// A name that no entity has.
    #[error("there is no entity {0}; see `sluice_detect::entity::names` for those there are")]
    UnknownEntity(String),
    /// A custom entity with the name of another.
    #[error("the entity {0} exists already; give the custom one another name")]
    DuplicateEntity(String),
    /// A regular expression that cannot be used.
    #[error("pattern {number} of {owner} cannot be used: {reason}")]
    Pattern {
        /// The custom entity, or the allow list.
        owner: String,
        /// Which of its patterns, from 1.
        number: usize,
        /// What is wrong, without the text it was meant to match.
        reason: String,
    },
    /// A score or threshold that is none.
    #[error("the score of {0} must lie between 0 and 1")]
    Score(String),
    /// More patterns than a detector can hold.
    #[error("there are more than {0} patterns; split the custom entities over several detectors")]
    TooManyPatterns(usize),
}
