//! Keys that signed statements before, as a deployment names them: what they signed stays true, and they sign nothing more.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use sluice_common::port::SpkiDer;

use super::{MAX_TRUSTED_KEYS, PublicKey, TrustError, TrustedKeys, Window};

/// A key that signed before: `[ARN=]BASE64[@UNTIL]`, as `sluice keys rotate-signing` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredKey {
    /// Its ARN, by which the audit knows its last uses.
    pub arn: Option<String>,
    /// The public key.
    pub spki: SpkiDer,
    /// The last instant at which S3 may have written its statements; without it they count at any time.
    pub until: Option<Timestamp>,
}

/// Retired keys with commas between.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetiredKeys(Vec<RetiredKey>);

/// A text that is no list of retired keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetiredKeysError {
    /// Not a public key.
    #[error(
        "item {0}: expected [ARN=]BASE64[@UNTIL] with a P-256 public key in DER, as `sluice keys rotate-signing` prints it"
    )]
    NotAKey(usize),
    /// No instant after the `@`.
    #[error("item {0}: what follows @ is no instant such as 2026-12-01T00:00:00Z")]
    NotAnInstant(usize),
}

impl RetiredKeys {
    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &RetiredKey> {
        self.0.iter()
    }
}

impl FromIterator<RetiredKey> for RetiredKeys {
    fn from_iter<I: IntoIterator<Item = RetiredKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl FromStr for RetiredKeys {
    type Err = RetiredKeysError;
    fn from_str(text: &str) -> Result<Self, RetiredKeysError> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.enumerate().map(|(at, item)| RetiredKey::parse(item, at.saturating_add(1))).collect()
    }
}

impl RetiredKey {
    fn parse(item: &str, number: usize) -> Result<Self, RetiredKeysError> {
        let (item, until) = match item.rsplit_once('@') {
            Some((item, until)) => {
                (item, Some(until.parse().map_err(|_not_a_time| RetiredKeysError::NotAnInstant(number))?))
            }
            None => (item, None),
        };
        // The padding of base64 is an equals sign, too.
        let (arn, key) = match item.split_once('=') {
            Some((arn, key)) if arn.starts_with("arn:") => (Some(arn.to_owned()), key),
            _ => (None, item),
        };
        let der = BASE64.decode(key).ok().filter(|der| PublicKey::from_spki_der(der).is_some());
        Ok(Self { arn, spki: SpkiDer(der.ok_or(RetiredKeysError::NotAKey(number))?), until })
    }
}

impl fmt::Display for RetiredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(arn) = &self.arn {
            write!(f, "{arn}=")?;
        }
        f.write_str(&BASE64.encode(&self.spki.0))?;
        self.until.map_or(Ok(()), |until| write!(f, "@{until}"))
    }
}

impl TrustedKeys {
    /// Trusts retired keys too, each until its end.
    ///
    /// # Errors
    /// When there are too many, or one cannot be used.
    pub fn with_retired(mut self, retired: &RetiredKeys) -> Result<Self, TrustError> {
        for (at, key) in retired.iter().enumerate() {
            let not_a_key = || TrustError::NotAKey(at.saturating_add(2));
            let public = PublicKey::from_spki_der(&key.spki.0).ok_or_else(not_a_key)?;
            let id = public.id().ok_or_else(not_a_key)?;
            // The key that signs now is not ended by a list that still names it.
            if self.keys.iter().any(|(known, _)| *known == id) {
                continue;
            }
            if self.keys.len() >= MAX_TRUSTED_KEYS {
                return Err(TrustError::TooMany(self.keys.len().saturating_add(1)));
            }
            self.keys.push((id, public));
            self.windows.insert(id, Window { not_before: None, not_after: key.until });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use sluice_common::port::Signer as _;
    use sluice_testkit::MemoryKms;

    use super::*;

    async fn spki(name: &str) -> SpkiDer {
        MemoryKms::new(name).public_key().await.unwrap()
    }

    #[tokio::test]
    async fn what_is_printed_is_read_again() {
        let until: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/a".to_owned();
        for (arn, until) in [(None, None), (Some(arn.clone()), None), (None, Some(until)), (Some(arn), Some(until))] {
            let key = RetiredKey { arn, spki: spki("old").await, until };
            let text = format!(" {key}, ,{key}");
            assert_eq!(text.parse::<RetiredKeys>().unwrap().iter().collect::<Vec<_>>(), [&key, &key], "{text}");
        }
        assert_eq!("".parse(), Ok(RetiredKeys::default()));
    }

    #[tokio::test]
    async fn what_is_no_key_or_no_instant_is_named_by_its_place() {
        let key = BASE64.encode(spki("old").await.0);
        for (text, error) in [
            ("AAAA".to_owned(), RetiredKeysError::NotAKey(1)),
            (format!("{key},arn:aws:kms:x"), RetiredKeysError::NotAKey(2)),
            (format!("{key}@tomorrow"), RetiredKeysError::NotAnInstant(1)),
        ] {
            assert_eq!(text.parse::<RetiredKeys>(), Err(error), "{text}");
        }
    }

    #[tokio::test]
    async fn a_retired_key_counts_until_its_end_and_the_present_one_always() {
        let until: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        let (new, old) = (spki("new").await, spki("old").await);
        let retired = [&old, &new]
            .map(|spki| RetiredKey { arn: None, spki: spki.clone(), until: Some(until) })
            .into_iter()
            .collect();
        let keys = TrustedKeys::from_spki_der([&new]).unwrap().with_retired(&retired).unwrap();
        let [new, old] = keys.ids().collect::<Vec<_>>().try_into().unwrap();
        let later: Timestamp = "2026-12-01T00:00:01Z".parse().unwrap();
        for (key, written, counts) in [(old, until, true), (old, later, false), (new, until, true), (new, later, true)]
        {
            assert_eq!(keys.check_written(&[key], written).is_ok(), counts, "{key} {written}");
        }
    }
}
