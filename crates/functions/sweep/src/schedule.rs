//! What a schedule begins: one sweep at a time, and each share of the bytes in its turn.
//!
//! The accounts that were signed are the only memory. A schedule that comes while a sweep is under way leaves the lake to
//! that one; a sweep whose next part was lost goes on from its account; a deep sweep takes the share after the last one's,
//! so that a day without a sweep delays the shares and loses none.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sluice_common::port::VersionLister;
use sluice_common::{BucketName, Sha256Digest};
use sluice_evidence::predicate::Sweep;
use sluice_evidence::{Archive, Kept};
use sluice_integrity::sweep::{Deep, PastAccount, PastAccounts, SweepError, SweepRequest, subject};

/// The longest time from one part's account to the next one's: two of Lambda's longest runs.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// What a schedule's sweep is to do.
#[derive(Debug)]
pub(crate) enum Turn {
    /// To sweep this.
    Sweep(Box<SweepRequest>),
    /// Nothing: the sweep that gave this account has not ended.
    UnderWay(Box<PastAccount>),
}

/// The signed past, and the time.
pub(crate) struct Past<'a> {
    pub(crate) archive: &'a Archive,
    pub(crate) versions: &'a dyn VersionLister,
    pub(crate) raw: &'a BucketName,
    pub(crate) now: Timestamp,
}

impl Past<'_> {
    /// Whose turn it is. With `shares` the request's bytes are the next of so many shares.
    pub(crate) async fn turn(&self, mut request: SweepRequest, shares: Option<u32>) -> Result<Turn, SweepError> {
        let mut past = PastAccounts::list(self.archive, self.versions, self.raw).await?;
        let mut account = past.older().await?;
        // Two parts of one second sort by their keys: one that another part follows is no part in the middle.
        while let Some(one) = &account {
            if !self.is_followed(&one.kept).await? {
                break;
            }
            account = past.older().await?;
        }
        if let Some(newest) = account.take_if(|newest| newest.kept.next.is_some()) {
            if self.now.duration_since(newest.written) < PATIENCE {
                return Ok(Turn::UnderWay(Box::new(newest)));
            }
            tracing::warn!("the sweep before this one stopped in the middle and goes on");
            if let Some(rest) = SweepRequest::after(&newest.kept) {
                return Ok(Turn::Sweep(Box::new(SweepRequest { deadline: request.deadline, ..rest })));
            }
        }
        if let Some(of) = shares {
            let mut index = None;
            while let Some(PastAccount { kept, .. }) = account {
                index = after(kept.deep, of, kept.as_of == request.as_of);
                if index.is_some() {
                    break;
                }
                account = past.older().await?;
            }
            let index = index.unwrap_or_else(|| of_day(request.as_of, of));
            request.deep = Deep::Share { index, of };
        }
        Ok(Turn::Sweep(Box::new(request)))
    }

    /// The digests of the buckets' settings that were signed last.
    pub(crate) async fn settings(&self) -> Result<BTreeMap<BucketName, Sha256Digest>, SweepError> {
        let mut past = PastAccounts::list(self.archive, self.versions, self.raw).await?;
        while let Some(PastAccount { kept, .. }) = past.older().await? {
            if !kept.settings.is_empty() {
                return Ok(kept.settings.clone());
            }
        }
        Ok(BTreeMap::new())
    }

    /// Whether the part after an account was accounted for.
    pub(crate) async fn is_followed(&self, account: &Kept<Sweep>) -> Result<bool, SweepError> {
        if account.next.is_none() {
            return Ok(false);
        }
        let key = Sweep::continuation(subject(self.raw), &account.link());
        Ok(self.archive.find::<Sweep>(&key).await?.is_some())
    }
}

/// The share after another deep sweep's; the same one when this is an attempt at the same sweep.
fn after(deep: Deep, of: u32, is_same_sweep: bool) -> Option<u32> {
    match deep {
        Deep::Share { index, of: before } if before == of && is_same_sweep => Some(index),
        Deep::Share { index, of: before } if before == of => index.checked_add(1)?.checked_rem(of),
        Deep::Share { .. } | Deep::All | Deep::None => None,
    }
}

/// Where to begin when no share was taken yet.
fn of_day(as_of: Timestamp, of: u32) -> u32 {
    let day = as_of.as_second().div_euclid(86_400);
    u32::try_from(day.rem_euclid(i64::from(of).max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_each_other_and_begin_again() {
        let share = |index, of| Deep::Share { index, of };
        assert_eq!(after(share(3, 7), 7, false), Some(4));
        assert_eq!(after(share(6, 7), 7, false), Some(0));
        assert_eq!(after(share(3, 7), 7, true), Some(3));
        assert_eq!(after(share(3, 7), 30, false), None);
        assert_eq!(after(Deep::All, 7, false), None);
        assert_eq!(after(share(0, 1), 1, false), Some(0));
    }

    #[test]
    fn the_first_share_is_the_day_s() {
        let day = |text: &str, of| of_day(text.parse().unwrap(), of);
        assert_eq!((day("1970-01-01T23:59:59Z", 7), day("1970-01-02T00:00:00Z", 7)), (0, 1));
        assert_eq!(day("1970-01-08T03:00:00Z", 7), 0);
        assert_eq!(day("1969-12-31T03:00:00Z", 7), 6);
        assert_eq!(day("2026-01-01T03:00:00Z", 1), 0);
    }
}
