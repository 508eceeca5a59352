mod words;

use std::fmt;

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use sluice_common::policy::SurrogateKind;

use super::text::{has_text, map_drawn};
use super::token_text::push_five_bits;
use super::{ColumnTransform, TransformError};
use crate::crypto::Prf;
use crate::keyring::{KeyPurpose, ScopedKey};
use words::{FAMILY_ENDS, FAMILY_STARTS, GIVEN_ENDS, GIVEN_STARTS};

/// Digits of base32 in a made-up address: 65 bits, so that among n people two share one with a chance of n² / 2⁶⁶.
const ADDRESS_DIGITS: usize = 13;

/// Domains that are reserved for examples (RFC 2606 §3): nobody gets the mail.
const DOMAINS: [&str; 4] = ["example.com", "example.net", "example.org", "mail.example"];

/// A made-up e-mail address or name in place of a person's: the same for equal values within the domain, with no way back.
///
/// An address keeps what follows the `@` when the policy says so; different people have different addresses. A name keeps
/// the number of its words, initials and the way it is capitalised; a comma after the first word tells that it is the
/// family's. There are 262,144 names, so different people may share one: names read well and do not join.
pub struct Surrogate {
    kind: SurrogateKind,
    keep_domain: bool,
    prf: Prf,
}

impl Surrogate {
    /// Surrogates under a key of a domain.
    pub fn new<'k>(kind: SurrogateKind, keep_domain: bool, key: impl Into<ScopedKey<'k>>) -> Self {
        Self { kind, keep_domain, prf: Prf::new(&key.into().derive(KeyPurpose::Surrogate)) }
    }

    /// Appends what stands for a text.
    pub fn surrogate(&self, text: &str, out: &mut String) {
        self.write(text, self.prf.number(text.as_bytes()), out);
    }

    fn write(&self, text: &str, number: u128, out: &mut String) {
        let mut drawn = Drawn(number);
        match self.kind {
            SurrogateKind::Email => self.email(text, &mut drawn, out),
            SurrogateKind::Name => name(text, &mut drawn, out),
        }
    }

    fn email(&self, text: &str, drawn: &mut Drawn, out: &mut String) {
        let begin = out.len();
        drawn.given(out);
        out.push('.');
        drawn.family(out);
        if let Some(name) = out.get_mut(begin..) {
            name.make_ascii_lowercase();
        }
        out.push('.');
        push_five_bits(drawn.0, ADDRESS_DIGITS, out);
        out.push('@');
        match text.rsplit_once('@') {
            // Whatever follows the last `@`, if it can be a domain at all: free text must not slip through.
            Some((_, domain)) if self.keep_domain && is_domain(domain) => out.push_str(domain),
            _ => out.push_str(drawn.pick(&DOMAINS)),
        }
    }
}

/// Letters, digits, hyphens and dots, with a dot.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Random bits, taken from the bottom. The top ones are left for the digits of an address.
struct Drawn(u128);

impl Drawn {
    fn pick<'w, const N: usize>(&mut self, words: &[&'w str; N]) -> &'w str {
        let count = const { N as u128 };
        let word = usize::try_from(self.0 % count).ok().and_then(|at| words.get(at)).copied().unwrap_or_default();
        // A rotation: the bits that were used come last.
        self.0 = self.0.rotate_right(count.trailing_zeros().max(1));
        word
    }

    fn given(&mut self, out: &mut String) {
        out.push_str(self.pick(GIVEN_STARTS));
        out.push_str(self.pick(GIVEN_ENDS));
    }

    fn family(&mut self, out: &mut String) {
        out.push_str(self.pick(FAMILY_STARTS));
        out.push_str(self.pick(FAMILY_ENDS));
    }
}

fn name(text: &str, drawn: &mut Drawn, out: &mut String) {
    /// Further words are left out: nobody has so many names, and free text must not decide how long the result is.
    const MAX_WORDS: usize = 8;
    let mut words = [""; MAX_WORDS];
    let mut count = 0;
    for (place, word) in words.iter_mut().zip(text.split_whitespace()) {
        *place = word;
        count += 1;
    }
    let family_first = words.first().is_some_and(|first| first.ends_with(','));
    for (index, word) in words.into_iter().take(count).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let begin = out.len();
        let is_family = if family_first { index == 0 } else { index + 1 == count && count > 1 };
        if is_family {
            drawn.family(out);
        } else {
            drawn.given(out);
        }
        let writing = Writing::of(word);
        if writing == Writing::Initial || writing == Writing::LowerInitial {
            // The words begin with one letter of ASCII.
            out.truncate(begin + 1);
        }
        if let Some(made) = out.get_mut(begin..) {
            match writing {
                Writing::Lower | Writing::LowerInitial => made.make_ascii_lowercase(),
                Writing::Upper => made.make_ascii_uppercase(),
                Writing::Initial | Writing::Mixed => {}
            }
        }
        if let Some(mark) = word.chars().last().filter(|mark| matches!(mark, ',' | '.')) {
            out.push(mark);
        }
    }
}

/// How the letters of a word are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// One letter.
    Initial,
    LowerInitial,
    /// All in lower case, or none at all.
    Lower,
    Upper,
    Mixed,
}

impl Writing {
    fn of(word: &str) -> Self {
        let (mut letters, mut is_lower, mut is_upper) = (0usize, true, true);
        for letter in word.chars().filter(|c| c.is_alphabetic()) {
            letters += 1;
            is_lower &= letter.is_lowercase();
            is_upper &= letter.is_uppercase();
            if !is_lower && !is_upper && letters > 1 {
                return Self::Mixed;
            }
        }
        match (letters, is_lower, is_upper) {
            (1, true, _) => Self::LowerInitial,
            (1, false, _) => Self::Initial,
            (_, true, _) => Self::Lower,
            (_, false, true) => Self::Upper,
            (_, false, false) => Self::Mixed,
        }
    }
}

impl ColumnTransform for Surrogate {
    fn output_type(&self, input: &DataType) -> Result<DataType, TransformError> {
        has_text(input).map(|()| DataType::Utf8View)
    }

    fn apply(&self, input: &ArrayRef) -> Result<ArrayRef, TransformError> {
        let numbers = |texts: &[&str], numbers: &mut Vec<u128>| {
            self.prf.numbers(texts.iter().map(|text| text.as_bytes()), numbers);
        };
        map_drawn(input, numbers, |text, number, out| self.write(text, number, out))
    }
}

impl fmt::Debug for Surrogate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Surrogate({:?}, [redacted])", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey, Epoch};

    fn surrogate(kind: SurrogateKind, keep_domain: bool, domain: &str) -> Surrogate {
        let key = DomainKey::new(Domain::new(domain).unwrap(), Epoch::FIRST, Zeroizing::new([7; 32]));
        Surrogate::new(kind, keep_domain, &key)
    }

    fn one(surrogate: &Surrogate, text: &str) -> String {
        let mut out = String::new();
        surrogate.surrogate(text, &mut out);
        out
    }

    #[test]
    fn addresses_are_addresses_of_nobody() {
        let email = surrogate(SurrogateKind::Email, false, "customers");
        let made = one(&email, "anna@company.com");
        let (local, domain) = made.split_once('@').unwrap();
        assert!(DOMAINS.contains(&domain) && local.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{made}");
        assert_eq!(made, one(&email, "anna@company.com"));
        assert_ne!(made, one(&surrogate(SurrogateKind::Email, false, "staff"), "anna@company.com"));
        let keeping = surrogate(SurrogateKind::Email, true, "customers");
        assert!(one(&keeping, "anna@Company.co.uk").ends_with("@Company.co.uk"));
        for text in ["no address", "anna@localhost", "anna@the office of Anna.", "@", "a@b..c"] {
            assert!(DOMAINS.iter().any(|domain| one(&keeping, text).ends_with(domain)), "{text}");
        }
    }

    #[test]
    fn different_people_have_different_addresses() {
        let email = surrogate(SurrogateKind::Email, false, "customers");
        let made: HashSet<String> = (0..20_000).map(|i| one(&email, &format!("user{i}@example.com"))).collect();
        assert_eq!(made.len(), 20_000);
    }

    #[test]
    fn names_keep_their_shape() {
        let name = surrogate(SurrogateKind::Name, false, "customers");
        let made = one(&name, "Anna Smith");
        let (given, family) = made.split_once(' ').unwrap();
        assert!(given.len() > 2 && family.len() > 3 && given.starts_with(|c: char| c.is_ascii_uppercase()), "{made}");
        assert!(one(&name, "ANNA SMITH").chars().all(|c| c.is_ascii_uppercase() || c == ' '));
        assert!(one(&name, "anna smith").chars().all(|c| c.is_ascii_lowercase() || c == ' '));
        let initial = one(&name, "J. Smith");
        assert_eq!(initial.find('.'), Some(1), "{initial}");
        let sorted = one(&name, "Smith, Anna");
        assert_eq!(sorted.split(' ').next().unwrap().chars().last(), Some(','), "{sorted}");
        assert_eq!(one(&name, "Anna Maria de la Cruz").split(' ').count(), 5);
        assert_eq!(one(&name, &"word ".repeat(100)).split(' ').count(), 8);
    }

    #[test]
    fn names_are_drawn_from_all_there_are() {
        let name = surrogate(SurrogateKind::Name, false, "customers");
        let made: HashSet<String> = (0..5_000).map(|i| one(&name, &format!("Anna Smith{i}"))).collect();
        assert!(made.len() > 4_800, "{}", made.len());
    }

    proptest! {
        #[test]
        fn any_text_is_replaced(text in "\\PC{1,40}") {
            for kind in [SurrogateKind::Email, SurrogateKind::Name] {
                let surrogate = surrogate(kind, true, "customers");
                prop_assert_eq!(one(&surrogate, &text), one(&surrogate, &text));
            }
        }
    }
}
