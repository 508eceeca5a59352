use std::fmt;

use serde::ser::{SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use sluice_common::Sha256Digest;

use crate::keyring::{EpochShredReference, ShredReference};
use zeroize::Zeroizing;

/// Why a pseudonym was not turned back. It does not repeat the pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// A token: a keyed digest.
    #[error("a token cannot be turned back: it is a digest; only values of the transforms `encrypt` and `fpe` can")]
    NotReversible,
    /// Not a pseudonym, or one of a later release, or a damaged one.
    #[error("not a pseudonym of this release, or a damaged one")]
    Malformed,
    /// Changed, or made in another domain.
    #[error("the pseudonym does not open: it was altered, or belongs to another domain")]
    NotAuthentic,
    /// No such key.
    #[error("the domain has no key of the pseudonym's epoch")]
    UnknownEpoch,
    /// Made under the key of one column, and the request names none.
    #[error("the pseudonym was made under the key of one column: name the column in the request")]
    ColumnNeeded,
    /// Made under the key of another column.
    #[error("the pseudonym was made under the key of another column, or in another domain")]
    OtherColumn,
    /// The key that was named is not one of the domain and column.
    #[error("the values were made by `fpe` under another key: domain, epoch and key id must be those of the object")]
    OtherKey,
    /// The parameters are not those that the values were made with.
    #[error("the values were made by `fpe` with other parameters: alphabet, kept ends or check digit differ")]
    OtherParameters,
    /// FF1 never made such a value.
    #[error("no value of `fpe`: it has too few or too many characters of the alphabet")]
    NotFormatPreserving,
    /// The key is gone for good.
    #[error("the key of the pseudonym's epoch was shredded {0}: it cannot be opened any more")]
    #[serde(serialize_with = "without_reference")]
    Shredded(EpochShredReference),
    /// The key of the subject's cohort is gone for good: the subject was forgotten.
    #[error("the key of the subject's cohort was shredded on {} by statement {}", .0.on, .0.statement)]
    #[serde(serialize_with = "without_reference")]
    SubjectShredded(ShredReference),
    /// The cohort has no such key.
    #[error("the cohort of the pseudonym has no key of its epoch")]
    UnknownCohort,
}

/// How an answer names both kinds of destruction.
const SHREDDED: &str = "shredded";

/// The statement stands beside the refusal's name, not in it.
fn without_reference<T, S: Serializer>(_: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit()
}

/// What became of one pseudonym.
pub enum Opened {
    /// The value it stands for. Wiped when dropped.
    Value(Zeroizing<String>),
    /// Why there is none.
    Refused(Refusal),
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value([redacted])"),
            Self::Refused(refusal) => write!(f, "Refused({refusal:?})"),
        }
    }
}

impl Serialize for Opened {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Opened", 1)?;
        match self {
            Self::Value(value) => object.serialize_field("value", value.as_str())?,
            Self::Refused(Refusal::SubjectShredded(ShredReference { on, statement })) => {
                object.serialize_field("error", SHREDDED)?;
                object.serialize_field("on", on)?;
                object.serialize_field("statement", statement)?;
            }
            Self::Refused(Refusal::Shredded(EpochShredReference { on, statement })) => {
                object.serialize_field("error", SHREDDED)?;
                object.serialize_field("on", on)?;
                if let Some(statement) = statement {
                    object.serialize_field("statement", statement)?;
                }
            }
            Self::Refused(refusal) => {
                object.serialize_field("error", refusal)?;
            }
        }
        object.end()
    }
}

/// The values of a request's pseudonyms, in their order.
pub struct Answer {
    pub(super) results: Vec<Opened>,
    pub(super) request: Sha256Digest,
    pub(super) blind: Option<[u8; 32]>,
}

impl Answer {
    /// The results, one for each pseudonym of the request.
    pub fn results(&self) -> &[Opened] {
        &self.results
    }

    /// How many pseudonyms were opened.
    pub fn opened(&self) -> usize {
        self.results.iter().filter(|result| matches!(result, Opened::Value(_))).count()
    }

    /// The answer as it is given: `{requestSha256, blind, results: [{value} | {error}]}`. Wiped when dropped.
    ///
    /// `blind` is 256 bits that follow from the request and the domain's key. Without them the digest of an answer, which
    /// stands in a public statement, could be tried against every value that is likely.
    ///
    /// # Errors
    /// Never: there is nothing in it that JSON cannot say.
    pub fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        // Written into a buffer that is large enough from the start, so that growing leaves no copies behind.
        let values = self.results.iter().map(|result| match result {
            Opened::Value(value) => value.len().saturating_mul(6).saturating_add(32),
            Opened::Refused(_) => 192,
        });
        let mut json = Zeroizing::new(Vec::with_capacity(values.fold(512, usize::saturating_add)));
        serde_json::to_writer(&mut *json, self)?;
        Ok(json)
    }

    /// SHA-256 of an answer as it is given: what the statement says.
    pub fn digest(json: &[u8]) -> Sha256Digest {
        Sha256Digest::of(json)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Results<'a>(&'a [Opened]);
        impl Serialize for Results<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut list = serializer.serialize_seq(Some(self.0.len()))?;
                for result in self.0 {
                    list.serialize_element(result)?;
                }
                list.end()
            }
        }
        let mut object = serializer.serialize_struct("Answer", 3)?;
        object.serialize_field("requestSha256", &self.request)?;
        object.serialize_field("blind", &self.blind.map(hex::encode))?;
        object.serialize_field("results", &Results(&self.results))?;
        object.end()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("results", &self.results.len())
            .field("opened", &self.opened())
            .finish_non_exhaustive()
    }
}
