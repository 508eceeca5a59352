//! Cohorts: which of a domain's subjects share a key.

use std::fmt;

use serde::{Deserialize, Serialize};
use sluice_common::policy::CohortSize;

use crate::crypto::Prf;

/// Keys of cohorts that a run holds at most: all of them, where subjects share.
pub(crate) const MAX_COHORTS_IN_USE: usize = 16_384;

/// The number of a cohort within a domain: below the number of cohorts, or 53 bits where each subject is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Cohort(u64);

/// Why a number or text is not a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cohort: expected 0 to 9007199254740991 in decimal digits, without leading zeros")]
pub struct CohortError;

impl Cohort {
    /// What every reader of JSON keeps exactly (RFC 8785 §3.2.2.3).
    const BITS: u32 = 53;

    /// Takes a number; none when it is too large.
    pub const fn new(number: u64) -> Option<Self> {
        if number >> Self::BITS == 0 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Cohort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TryFrom<u64> for Cohort {
    type Error = CohortError;
    fn try_from(number: u64) -> Result<Self, CohortError> {
        Self::new(number).ok_or(CohortError)
    }
}

impl From<Cohort> for u64 {
    fn from(cohort: Cohort) -> Self {
        cohort.0
    }
}

/// Reads the one spelling that [`fmt::Display`] writes.
impl std::str::FromStr for Cohort {
    type Err = CohortError;
    fn from_str(text: &str) -> Result<Self, CohortError> {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        if !canonical {
            return Err(CohortError);
        }
        text.parse().ok().and_then(Self::new).ok_or(CohortError)
    }
}

/// Says in which cohort a subject is: a keyed hash of the subject's text, so that a cohort's number tells nothing of its
/// subjects. The key is the domain's for ever, so that a subject stays in its cohort in all datasets and epochs, and is
/// forgotten in all of them at once.
#[derive(Debug)]
pub struct Assignment {
    size: CohortSize,
    prf: Prf,
}

impl Assignment {
    pub(super) fn new(size: CohortSize, key: &[u8; 32]) -> Self {
        Self { size, prf: Prf::new(key) }
    }

    /// How many subjects share a key.
    pub fn size(&self) -> CohortSize {
        self.size
    }

    /// The cohort of a subject, as its text form stands in the table.
    pub fn cohort(&self, subject: &str) -> Cohort {
        self.drawn(self.prf.number(subject.as_bytes()))
    }

    /// The cohort of each of many subjects, which is cheaper than one by one.
    pub fn cohorts<'s>(&self, subjects: impl Iterator<Item = &'s str>) -> Vec<Cohort> {
        let mut numbers = Vec::new();
        self.prf.numbers(subjects.map(str::as_bytes), &mut numbers);
        numbers.into_iter().map(|number| self.drawn(number)).collect()
    }

    fn drawn(&self, number: u128) -> Cohort {
        let cohort = match self.size {
            // The bias of the remainder is below 2⁻¹¹³.
            CohortSize::Shared(cohorts) => number % u128::from(cohorts.max(1)),
            CohortSize::Each => number >> (u128::BITS - Cohort::BITS),
        };
        // Both are below 2⁵³.
        Cohort(u64::try_from(cohort).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cohort_has_one_spelling() {
        assert_eq!("0".parse(), Ok(Cohort(0)));
        assert_eq!("9007199254740991".parse(), Ok(Cohort((1 << 53) - 1)));
        for bad in ["", "00", "01", "+1", "-1", "1 ", "9007199254740992", "99999999999999999999"] {
            assert_eq!(bad.parse::<Cohort>(), Err(CohortError), "{bad}");
        }
    }

    #[test]
    fn subjects_spread_over_all_cohorts_by_the_key() {
        let of = |key: u8, size| {
            let assignment = Assignment::new(size, &[key; 32]);
            (0..2_000).map(|subject| assignment.cohort(&subject.to_string())).collect::<Vec<_>>()
        };
        let count = |mut cohorts: Vec<Cohort>| {
            cohorts.sort_unstable();
            cohorts.dedup();
            cohorts.len()
        };
        assert_eq!(count(of(7, CohortSize::Shared(16))), 16);
        assert_eq!(count(of(7, CohortSize::Each)), 2_000);
        assert_ne!(of(7, CohortSize::Shared(16)), of(8, CohortSize::Shared(16)));
    }

    proptest! {
        #[test]
        fn many_at_once_are_as_one_by_one(subjects in prop::collection::vec("\\PC{0,40}", 0..40), shared in 1u32..=16_384) {
            for size in [CohortSize::Shared(shared), CohortSize::Each] {
                let assignment = Assignment::new(size, &[7; 32]);
                let at_once = assignment.cohorts(subjects.iter().map(String::as_str));
                let each: Vec<_> = subjects.iter().map(|subject| assignment.cohort(subject)).collect();
                prop_assert_eq!(at_once, each);
            }
        }
    }
}
