//! What a schedule begins: one sweep at a time, and each share of the bytes in its turn.
//!
//! The accounts that were signed are the only memory. A schedule that comes while a sweep is under way leaves the lake to
//! that one; a sweep whose next part was lost goes on from its account; a deep sweep takes the share after the last one's,
//! so that a day without a sweep delays the shares and loses none.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sluice_common::port::VersionLister;
use sluice_common::{BucketName, Sha256Digest};
use sluice_evidence::predicate::{LogHead, Sweep};
use sluice_evidence::{Archive, Kept};
use sluice_integrity::sweep::{Deep, PastAccount, PastAccounts, SweepError, SweepRequest, subject};

/// The longest time from one part's account to the next one's: two of Lambda's longest runs.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// How far the clocks of S3 and of a schedule may be apart.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Parts of a sweep that are followed back: more than two days of Lambda's longest runs.
const MAX_PARTS: u32 = 256;

/// What earlier sweeps knew.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Digests of the buckets' settings.
    pub(crate) settings: BTreeMap<BucketName, Sha256Digest>,
    /// Digests of the settings of keys and the trail.
    pub(crate) other_settings: BTreeMap<String, Sha256Digest>,
    /// The log's head.
    pub(crate) log_head: Option<LogHead>,
    /// Digest of the desired state by which they judged.
    pub(crate) desired: Option<Sha256Digest>,
    /// Every statement older than this was verified, and all was well.
    pub(crate) verified_before: Option<Timestamp>,
}

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

    /// What earlier sweeps knew, newest first.
    pub(crate) async fn known(&self, desired: &Sha256Digest) -> Result<Known, SweepError> {
        let mut past = PastAccounts::list(self.archive, self.versions, self.raw).await?;
        let mut known = Known::default();
        let mut is_settled = false;
        while let Some(PastAccount { kept, .. }) = past.older().await? {
            if known.settings.is_empty() && !kept.settings.is_empty() {
                known.settings = kept.settings.clone();
                known.other_settings = kept.other_settings.clone();
                known.desired = kept.statement().subject().first().and_then(|one| one.digest.sha256);
            }
            if known.log_head.is_none() {
                known.log_head = kept.log_head.clone();
            }
            if !is_settled && kept.next.is_none() {
                // Only the newest whole one counts: what it found would not be found again.
                is_settled = true;
                let is_clean = self.is_clean(&kept, desired).await?;
                // What an inventory did not know yet was not looked at.
                let until = kept.inventory.as_ref().map_or(kept.as_of, |inventory| inventory.as_of.min(kept.as_of));
                known.verified_before = is_clean.then(|| until.checked_sub(CLOCK_SKEW).ok()).flatten();
            }
            if is_settled && !known.settings.is_empty() && known.log_head.is_some() {
                break;
            }
        }
        Ok(known)
    }

    /// Whether a whole sweep, all its parts, looked at everything by this desired state and found nothing.
    async fn is_clean(&self, last: &Kept<Sweep>, desired: &Sha256Digest) -> Result<bool, SweepError> {
        let mut part = last.clone();
        for _ in 0..MAX_PARTS {
            let judged_by = part.statement().subject().first().and_then(|one| one.digest.sha256);
            if part.findings != 0 || part.unreadable != 0 || judged_by != Some(*desired) {
                return Ok(false);
            }
            let Some(before) = part.predecessor.clone() else { return Ok(part.desired.is_some()) };
            part = self.archive.follow::<Sweep>(&before).await?;
        }
        Ok(false)
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
