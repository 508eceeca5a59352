use std::fmt;

use sha2::{Digest as _, Sha256};
use sluice_common::policy::{self, CheckDigit};

use crate::keyring::{Epoch, KeyRef, ScopedKey};
use crate::transform::token_text::{SCOPE_DIGITS, key_text, parse_key, parse_scope, push_scope};

const PREFIX: &str = "fpe1_";

/// What is told beside a column of `fpe`, whose values have no room for it: `fpe1_<epoch>-<8 of a-z2-7>_<8 of a-z2-7>`.
///
/// The first part is the id of the key, derived as in tokens ([`ScopedKey::fingerprint`]); the second one follows from the
/// parameters that decide the values: alphabet, kept ends and check digit. FF1 authenticates nothing, so this is how a
/// wrong key or a changed policy is told from the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FpeMark {
    key: KeyRef,
    parameters: [u8; 5],
}

impl FpeMark {
    /// The mark of what is made with these parameters under a key.
    pub fn new(parameters: &policy::Fpe, key: ScopedKey<'_>) -> Self {
        Self { key: key.fingerprint(), parameters: fingerprint(parameters) }
    }

    /// Reads a mark. Each has one spelling. None when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (key, parameters) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let key = parse_key(key).filter(|key| key.scope.is_some())?;
        let parameters = (parameters.len() == SCOPE_DIGITS).then(|| parse_scope(parameters))??;
        Some(Self { key, parameters })
    }

    /// The epoch of the key.
    pub fn epoch(&self) -> Epoch {
        self.key.epoch
    }

    /// The id of the key: `<epoch>-<8 of a-z2-7>`.
    pub fn key_id(&self) -> String {
        key_text(self.key)
    }

    /// Whether the values were made under this key.
    pub fn is_of_key(&self, key: ScopedKey<'_>) -> bool {
        self.key == key.fingerprint()
    }

    /// Whether the values were made with these parameters.
    pub fn has_parameters(&self, parameters: &policy::Fpe) -> bool {
        self.parameters == fingerprint(parameters)
    }
}

impl fmt::Display for FpeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameters = String::new();
        push_scope(self.parameters, &mut parameters);
        write!(f, "{PREFIX}{}_{parameters}", self.key_id())
    }
}

/// Forty bits of the SHA-256 of what decides the values.
fn fingerprint(parameters: &policy::Fpe) -> [u8; 5] {
    let policy::Fpe { alphabet, keep_first, keep_last, check, unfit: _, key: _ } = parameters;
    let check = match check {
        CheckDigit::None => "none",
        CheckDigit::Luhn => "luhn",
    };
    // The alphabet comes last, since it may hold slashes.
    let told = format!("sluice/v1/fpe-parameters/{keep_first}/{keep_last}/{check}/{alphabet}");
    Sha256::digest(told.as_bytes()).first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use sluice_common::policy::{KeyScope, Unfit};
    use zeroize::Zeroizing;

    use super::*;
    use crate::keyring::{Domain, DomainKey};

    fn parameters() -> policy::Fpe {
        policy::Fpe {
            alphabet: "0123456789".to_owned(),
            keep_first: 0,
            keep_last: 4,
            check: CheckDigit::Luhn,
            unfit: Unfit::Refuse,
            key: KeyScope::Domain,
        }
    }

    fn key(domain: &str, epoch: u32) -> DomainKey {
        DomainKey::new(Domain::new(domain).unwrap(), Epoch::new(epoch).unwrap(), Zeroizing::new([7; 32]))
    }

    #[test]
    fn the_mark_is_pinned() {
        // Python: base32(HKDF(b"\7" * 32, info=b"sluice/v1/identity/customers/1", length=5)), then
        // base32(sha256(b"sluice/v1/fpe-parameters/0/4/luhn/0123456789")[:5]), both in lower case.
        let key = key("customers", 1);
        let mark = FpeMark::new(&parameters(), (&key).into());
        assert_eq!(mark.to_string(), "fpe1_1-sl2vynqb_wldmw3t4");
        assert_eq!(FpeMark::parse(&mark.to_string()), Some(mark));
        assert_eq!(mark.epoch(), Epoch::FIRST);
        // A key of one column has the id that stands in its tokens.
        let of_column = FpeMark::new(&parameters(), key.of_column("card"));
        let mut token = String::new();
        crate::transform::Token::new(key.of_column("card")).token("x", &mut token);
        assert_eq!(token.split('_').nth(1), Some(of_column.key_id().as_str()));
    }

    #[test]
    fn keys_and_parameters_are_told_apart() {
        let ours = key("customers", 1);
        let mark = FpeMark::new(&parameters(), (&ours).into());
        assert!(mark.is_of_key((&ours).into()) && mark.has_parameters(&parameters()));
        for other in [key("customers", 2), key("staff", 1)] {
            assert!(!mark.is_of_key((&other).into()));
        }
        assert!(!mark.is_of_key(ours.of_column("card")));
        for other in [
            policy::Fpe { alphabet: "1023456789".to_owned(), ..parameters() },
            policy::Fpe { keep_first: 1, ..parameters() },
            policy::Fpe { keep_last: 3, ..parameters() },
            policy::Fpe { check: CheckDigit::None, ..parameters() },
        ] {
            assert!(!mark.has_parameters(&other), "{other:?}");
        }
        // What becomes of short values changes no other one.
        assert!(mark.has_parameters(&policy::Fpe { unfit: Unfit::Null, key: KeyScope::Column, ..parameters() }));
    }

    #[test]
    fn other_texts_are_no_marks() {
        for text in [
            "",
            "fpe1_",
            "fpe1_1_aaaaaaaa",
            "fpe1_1-aaaaaaaa_",
            "fpe1_1-aaaaaaaa_aaaaaaa1",
            "fpe1_1-aaaaaaaa_aaaaaaaaa",
            "fpe1_01-aaaaaaaa_aaaaaaaa",
            "fpe1_1-AAAAAAAA_aaaaaaaa",
            "fpe2_1-aaaaaaaa_aaaaaaaa",
            "tk1_1-aaaaaaaa_aaaqeayeaudaocajbifqydiob4",
        ] {
            assert_eq!(FpeMark::parse(text), None, "{text}");
        }
    }
}
