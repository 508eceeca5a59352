//! The kinds of personal data, one file a country or family; each a table of patterns, check, context and samples.
//!
//! A new entity is an entry in one of these tables; a new file is a module and one line in `TABLES`.

mod address;
mod alias;
mod australia;
mod canada;
mod credentials;
mod date;
mod driving;
mod finance;
mod finland;
mod france;
mod germany;
mod health;
mod india;
mod italy;
mod korea;
mod latin_america;
mod network;
mod nigeria;
mod person;
mod personal;
mod philippines;
pub(crate) mod phone;
mod poland;
mod singapore;
mod south_africa;
mod spain;
mod sweden;
mod thailand;
mod turkey;
mod uk;
mod us;

use crate::options::Settings;
use crate::pattern::Pattern;
use std::sync::OnceLock;

const TABLES: &[&[Entity]] = &[
    network::ENTITIES,
    phone::ENTITIES,
    finance::ENTITIES,
    credentials::ENTITIES,
    personal::ENTITIES,
    address::ENTITIES,
    person::ENTITIES,
    date::ENTITIES,
    us::ENTITIES,
    uk::ENTITIES,
    health::ENTITIES,
    driving::ENTITIES,
    canada::ENTITIES,
    germany::ENTITIES,
    spain::ENTITIES,
    italy::ENTITIES,
    france::ENTITIES,
    poland::ENTITIES,
    finland::ENTITIES,
    sweden::ENTITIES,
    turkey::ENTITIES,
    australia::ENTITIES,
    india::ENTITIES,
    korea::ENTITIES,
    singapore::ENTITIES,
    thailand::ENTITIES,
    philippines::ENTITIES,
    nigeria::ENTITIES,
    south_africa::ENTITIES,
    latin_america::ENTITIES,
];

/// What a check says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The check digit or the structure proves it.
    Valid,
    /// Nothing speaks against it; its kind has no check digit that decides.
    Plausible,
    /// It cannot be of this kind.
    Invalid,
}

impl Verdict {
    /// Valid or not, nothing between.
    pub(crate) fn decided(valid: bool) -> Self {
        if valid { Self::Valid } else { Self::Invalid }
    }

    /// Not invalid, but not proven either.
    pub(crate) fn plausible(possible: bool) -> Self {
        if possible { Self::Plausible } else { Self::Invalid }
    }
}

/// What a kind of data is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Identifies a person, a household or their property.
    Personal,
    /// Money: cards, accounts, wallets.
    Financial,
    /// Health care: patients and providers.
    Health,
    /// Opens something: passwords, keys, tokens.
    Credential,
    /// Identifies a device or a place on a network.
    Network,
}

/// A candidate in its text.
pub(crate) struct Site<'t> {
    pub(crate) text: &'t str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) settings: &'t Settings,
}

impl<'t> Site<'t> {
    /// The matched text.
    pub(crate) fn value(&self) -> &'t str {
        crate::text::slice(self.text, self.start, self.end)
    }
}

/// What becomes of a candidate whose check looked at its neighbourhood.
pub(crate) enum Outcome {
    /// Not of this kind; the search goes on from this offset.
    Drop { resume: usize },
    /// Of this kind, possibly with other ends; a score replaces the pattern's.
    Keep { start: usize, end: usize, score: Option<f64> },
}

/// How a candidate is judged.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// The pattern says it all.
    None,
    /// By its text alone.
    Value(fn(&str, &Settings) -> Verdict),
    /// By its text and what stands beside it.
    Site(fn(&Site<'_>) -> Outcome),
}

/// A kind of personal data.
pub(crate) struct Entity {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) patterns: &'static [Pattern],
    pub(crate) check: Check,
    /// Words near the value that raise its score, lower case not required.
    pub(crate) context: &'static [&'static str],
    /// Without one of the context words the value is not reported at all.
    pub(crate) needs_keyword: bool,
    /// Values that only documents and tests contain.
    pub(crate) samples: &'static [&'static str],
    /// Whether it is searched when the options name no entities.
    pub(crate) by_default: bool,
}

impl Entity {
    /// An entity that is off unless asked for, without check and context.
    pub(crate) const fn new(name: &'static str, family: Family, patterns: &'static [Pattern]) -> Self {
        Self {
            name,
            family,
            patterns,
            check: Check::None,
            context: &[],
            needs_keyword: false,
            samples: &[],
            by_default: false,
        }
    }

    pub(crate) const fn value(mut self, check: fn(&str, &Settings) -> Verdict) -> Self {
        self.check = Check::Value(check);
        self
    }

    pub(crate) const fn site(mut self, check: fn(&Site<'_>) -> Outcome) -> Self {
        self.check = Check::Site(check);
        self
    }

    pub(crate) const fn context(mut self, words: &'static [&'static str]) -> Self {
        self.context = words;
        self
    }

    /// Searched by default, and reported only beside one of `words`.
    pub(crate) const fn keyword(mut self, words: &'static [&'static str]) -> Self {
        self.context = words;
        self.needs_keyword = true;
        self.by_default = true;
        self
    }

    pub(crate) const fn samples(mut self, values: &'static [&'static str]) -> Self {
        self.samples = values;
        self
    }

    pub(crate) const fn default_on(mut self) -> Self {
        self.by_default = true;
        self
    }
}

/// All entities, in the order in which ties between them are resolved.
pub(crate) fn all() -> &'static [&'static Entity] {
    static ALL: OnceLock<Vec<&'static Entity>> = OnceLock::new();
    ALL.get_or_init(|| TABLES.iter().flat_map(|table| table.iter()).collect())
}

/// The entity of this name, or the one that Macie's name stands for.
pub(crate) fn by_name(name: &str) -> Option<&'static Entity> {
    let named = |name: &str| all().iter().copied().find(|entity| entity.name == name);
    named(name).or_else(|| named(alias::of(name)?))
}

/// The names of all built-in entities.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().iter().map(|entity| entity.name)
}

/// The names of the entities that are searched unless the options name others.
pub fn default_names() -> impl Iterator<Item = &'static str> {
    all().iter().filter(|entity| entity.by_default).map(|entity| entity.name)
}

/// What the entity `name` is about; `None` when there is no such entity.
pub fn family(name: &str) -> Option<Family> {
    by_name(name).map(|entity| entity.family)
}
