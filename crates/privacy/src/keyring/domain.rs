use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a domain: 1 to 64 of `a-z`, `0-9`, `_`, `-`, beginning with a letter or digit. It stands in vault keys,
/// encryption contexts and derivation labels, so nothing else may be in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

/// Why a text does not name a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a domain's name: expected 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit")]
pub struct DomainError;

impl Domain {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Parses a name.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn new(name: impl Into<String>) -> Result<Self, DomainError> {
        let name = name.into();
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let begins = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit());
        if begins && name.len() <= Self::MAX_BYTES && name.bytes().all(inner) {
            Ok(Self(name))
        } else {
            Err(DomainError)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Domain {
    type Error = DomainError;
    fn try_from(name: String) -> Result<Self, DomainError> {
        Self::new(name)
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

impl std::str::FromStr for Domain {
    type Err = DomainError;
    fn from_str(name: &str) -> Result<Self, DomainError> {
        Self::new(name)
    }
}

/// The generation of a domain's secret, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Epoch(u32);

/// Why a number or text is not an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an epoch: expected 1 to 999999999 in decimal digits, without leading zeros")]
pub struct EpochError;

impl Epoch {
    /// The epoch of a new domain.
    pub const FIRST: Self = Self(1);
    const LAST: u32 = 999_999_999;

    /// Takes a number.
    ///
    /// # Errors
    /// When it is 0 or has more than nine digits.
    pub const fn new(number: u32) -> Result<Self, EpochError> {
        if number == 0 || number > Self::LAST { Err(EpochError) } else { Ok(Self(number)) }
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The epoch after this one; none after the last.
    pub const fn next(self) -> Option<Self> {
        if self.0 < Self::LAST { Some(Self(self.0 + 1)) } else { None }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TryFrom<u32> for Epoch {
    type Error = EpochError;
    fn try_from(number: u32) -> Result<Self, EpochError> {
        Self::new(number)
    }
}

impl From<Epoch> for u32 {
    fn from(epoch: Epoch) -> Self {
        epoch.0
    }
}

/// Reads the one spelling that [`fmt::Display`] writes: `+1`, `01` and the like are other texts, not other spellings.
impl std::str::FromStr for Epoch {
    type Err = EpochError;
    fn from_str(text: &str) -> Result<Self, EpochError> {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !canonical {
            return Err(EpochError);
        }
        Self::new(text.parse().map_err(|_not_u32| EpochError)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_key_parts() {
        for good in ["a", "0", "customers", "eu_customers-2", &"a".repeat(64)] {
            assert!(Domain::new(good).is_ok(), "{good}");
        }
        for bad in ["", "_a", "-a", "A", "a/b", "a.b", "..", "a b", "a\n", "é", &"a".repeat(65)] {
            assert_eq!(Domain::new(bad), Err(DomainError), "{bad}");
        }
        assert!(serde_json::from_str::<Domain>(r#""../x""#).is_err());
    }

    #[test]
    fn an_epoch_has_one_spelling() {
        assert_eq!("12".parse(), Ok(Epoch(12)));
        for bad in ["", "0", "01", "+1", "-1", " 1", "1 ", "1.0", "1000000000", "4294967297", "١"] {
            assert_eq!(bad.parse::<Epoch>(), Err(EpochError), "{bad}");
        }
        assert_eq!(Epoch::FIRST.next(), Epoch::new(2).ok());
        assert_eq!(Epoch::new(999_999_999).unwrap().next(), None);
    }
}
