//! Names of people, by dictionaries and shape: what can be told offline, without a language model.
//!
//! Found: a known given name before a known family name (`Anna Smith`, `José A. García`), a title before a capitalised
//! word (`Dr. Osei`), and single names in columns that are called so. Missed: names outside the lists unless a title or the
//! column's name helps, names in small letters, family names before given names without a comma, scripts beyond Latin.

use super::{Entity, Family, Outcome, Site};
use crate::pattern::{Edges, within};
use crate::shape::{mixed, padded};
use crate::text::slice;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// A given and a family name that are known.
const BOTH_KNOWN: f64 = 0.6;
/// One of the two is, or it stands alone: only beside words that speak of names.
const ONE_KNOWN: f64 = 0.2;
const TITLED: f64 = 0.65;

macro_rules! name {
    () => {
        r"(?:\b(?-i:[A-Z])|(?u:[^\x00-\x7F]))(?:[a-z'-]|(?u:[^\x00-\x7F])){1,30}"
    };
}

pub(crate) const ENTITIES: &[Entity] = &[Entity::new(
    "PERSON",
    Family::Personal,
    &[
        within(
            Edges::Letters,
            TITLED,
            concat!(
                r"(?:mr|mrs|ms|miss|dr|prof|herr|frau|mme|mlle|monsieur|madame|señor|señora|sr|sra|signor|signora)\.? ",
                name!(),
                "(?: ",
                name!(),
                "){0,2}"
            ),
        )
        .at_most(TITLED),
        within(Edges::Letters, BOTH_KNOWN, concat!(name!(), r"(?:,? (?:[A-Z]\. ?)?", name!(), "){1,4}"))
            .at_most(BOTH_KNOWN),
        within(Edges::Letters, ONE_KNOWN, name!()).at_most(ONE_KNOWN),
    ],
)
.site(person)
.context(&[
    "name",
    "full name",
    "first name",
    "last name",
    "given name",
    "family name",
    "surname",
    "forename",
    "customer",
    "client",
    "patient",
    "employee",
    "contact",
    "person",
    "author",
    "signed",
    "regards",
    "sincerely",
    "nachname",
    "vorname",
    "nom",
    "prénom",
    "nombre",
    "apellido",
    "cognome",
])
.default_on()];

/// Of the capitalised words, the first pair that is a name.
fn person(site: &Site<'_>) -> Outcome {
    let value = site.value();
    let words: Vec<(usize, &str)> = words(value).collect();
    let end_of = |(start, word): &(usize, &str)| start + word.len();
    let found = |from: usize, to: usize, score: f64| Outcome::Keep {
        start: site.start + from,
        end: site.start + to,
        score: Some(score),
    };
    let Some(first) = words.first() else { return Outcome::Drop { resume: site.end } };
    if is_title(first.1) && words.len() > 1 {
        // The title is no part of the name.
        let name = words.get(1).map_or(0, |(start, _)| *start);
        return found(name, value.len(), TITLED);
    }
    for (index, given) in words.iter().enumerate() {
        if !is_known(given_names(), given.1) {
            continue;
        }
        // The family name is the last of up to three words behind the given one, initials and second names between.
        let behind = words.get(index + 1..).unwrap_or_default().iter().take(3);
        let before_comma = behind.take_while(|(start, _)| !slice(value, end_of(given), *start).contains(','));
        if let Some(family) = before_comma.filter(|(_, word)| is_known(family_names(), word)).last() {
            return found(given.0, end_of(family), BOTH_KNOWN);
        }
    }
    // Family name, given name.
    for pair in words.windows(2) {
        let [family, given] = pair else { continue };
        let comma = slice(value, end_of(family), given.0).starts_with(',');
        if comma && is_known(family_names(), family.1) && is_known(given_names(), given.1) {
            return found(family.0, end_of(given), BOTH_KNOWN);
        }
    }
    let known = |(_, word): &(usize, &str)| is_known(given_names(), word) || is_known(family_names(), word);
    if words.iter().any(known) && words.len() <= 3 {
        return found(0, value.len(), ONE_KNOWN);
    }
    Outcome::Drop { resume: site.start + end_of(first) }
}

fn words(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = slice(value, from, value.len());
            let skipped = rest.find(|character: char| !" ,.".contains(character))?;
            let start = from + skipped;
            let rest = slice(value, start, value.len());
            let len = rest.find([' ', ',', '.']).unwrap_or(rest.len());
            from = start + len;
            // An initial is no word.
            if slice(value, start, from).chars().nth(1).is_some() {
                return Some((start, slice(value, start, from)));
            }
        }
    })
}

fn is_title(word: &str) -> bool {
    const TITLES: &[&str] = &[
        "mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "mlle", "monsieur", "madame", "señor",
        "señora", "sr", "sra", "signor", "signora",
    ];
    TITLES.iter().any(|title| title.eq_ignore_ascii_case(word))
}

/// Longest name looked up, in bytes.
const LONGEST: usize = 48;

/// Whether a word, or each part of a double name, stands in a list. Accents do not count.
fn is_known(names: &Names, word: &str) -> bool {
    if word.len() > LONGEST {
        return false;
    }
    let mut folded = [0; LONGEST];
    let mut len = 0;
    for character in word.chars() {
        len = match append(&mut folded, len, character) {
            Some(len) => len,
            None => return false,
        };
    }
    let folded = folded.get(..len).unwrap_or_default();
    !folded.is_empty() && folded.split(|byte| *byte == b'-').all(|part| names.contains(part))
}

/// Writes a folded character behind the first `len` bytes, and gives the new length unless there is no room.
fn append(out: &mut [u8; LONGEST], len: usize, character: char) -> Option<usize> {
    if character.is_ascii() {
        if character == '\'' {
            return Some(len);
        }
        *out.get_mut(len)? = u8::try_from(character.to_ascii_lowercase()).ok()?;
        return Some(len + 1);
    }
    let mut bytes = [0; 4];
    let folded = fold(character).unwrap_or_else(|| character.encode_utf8(&mut bytes)).as_bytes();
    out.get_mut(len..len + folded.len())?.copy_from_slice(folded);
    Some(len + folded.len())
}

/// Small letters without accents for a letter with one, as the lists have them; apostrophes go.
fn fold(character: char) -> Option<&'static str> {
    Some(match character {
        'à'..='å' | 'À'..='Å' | 'ā' | 'ă' | 'ą' | 'Ą' => "a",
        'ç' | 'Ç' | 'ć' | 'č' | 'Ć' | 'Č' => "c",
        'ď' | 'đ' | 'Đ' => "d",
        'è'..='ë' | 'È'..='Ë' | 'ę' | 'ě' | 'ė' => "e",
        'ğ' | 'Ğ' => "g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ı' | 'İ' => "i",
        'ł' | 'Ł' => "l",
        'ñ' | 'ń' | 'ň' | 'Ñ' => "n",
        'ò'..='ö' | 'ø' | 'Ò'..='Ö' | 'Ø' | 'ő' => "o",
        'ř' | 'Ř' => "r",
        'ś' | 'š' | 'ş' | 'Ś' | 'Š' | 'Ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' => "t",
        'ù'..='ü' | 'Ù'..='Ü' | 'ű' | 'ů' => "u",
        'ý' | 'ÿ' | 'Ý' => "y",
        'ź' | 'ż' | 'ž' | 'Ź' | 'Ż' | 'Ž' => "z",
        'æ' | 'Æ' => "ae",
        '\u{2019}' => "",
        _ => return None,
    })
}

/// Names by their bytes. The lists are fixed, so a fast hash of no secret does: nobody can add names that collide.
type Names = HashSet<&'static [u8], BuildHasherDefault<NameHasher>>;

#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.chunks(16).fold(self.0, |hash, chunk| mixed(padded(chunk), hash));
    }

    fn write_usize(&mut self, length: usize) {
        self.0 ^= u64::try_from(length).unwrap_or(u64::MAX);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn list(text: &'static str) -> Names {
    text.lines().filter(|line| !line.starts_with('#')).map(str::as_bytes).collect()
}

fn given_names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| list(include_str!("names/given.txt")))
}

fn family_names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| list(include_str!("names/family.txt")))
}
