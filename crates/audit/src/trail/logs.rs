//! Log files and digests, reconciled both ways.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sluice_common::Sha256Digest;

use super::chain::{Chain, PERIOD};
use super::finding::{Code, TrailReport};
use super::gzip::hash_log;
use super::key::{FileAt, LogKey};
use super::source::TrailSource;

/// More than any log file inflates to: CloudTrail closes one after some 50 MB.
pub const MAX_LOG_BYTES: u64 = 1 << 30;

/// CloudTrail delivers a log file some minutes after the minute in its name.
const DELIVERY: SignedDuration = SignedDuration::from_mins(15);

/// How long after its hour a digest is delivered at the latest.
pub(super) const DIGEST_GRACE: SignedDuration = SignedDuration::from_hours(1);

/// Judges a log file by the digest that lists it.
pub fn judge_log(body: &[u8], listed: Option<&Sha256Digest>) -> Option<Code> {
    match hash_log(body, MAX_LOG_BYTES) {
        Err(_broken) => Some(Code::LogInvalidFormat),
        Ok(inflated) if listed != Some(&inflated.sha256) => Some(Code::LogHashMismatch),
        Ok(inflated) if inflated.has_trailing_data => Some(Code::LogTrailingData),
        Ok(_) => None,
    }
}

/// The log files that digests speak of.
pub(super) struct Listed {
    /// By believed digests, with the digests of their contents and the end of their hour.
    believed: BTreeMap<FileAt, (Option<Sha256Digest>, Timestamp)>,
    /// By digests whose signature is not at hand.
    unverified: BTreeSet<FileAt>,
    /// By digests that are not to be believed.
    refused: BTreeSet<FileAt>,
}

impl Listed {
    /// Gathers what the digests of some chains list.
    pub(super) fn of(chains: &[Chain]) -> Self {
        let mut listed = Self { believed: BTreeMap::new(), unverified: BTreeSet::new(), refused: BTreeSet::new() };
        for seen in chains.iter().flat_map(|chain| &chain.digests) {
            let Some(judged) = &seen.judged else { continue };
            let logs = judged.document.iter().flat_map(|document| &document.logs);
            if judged.is_believed {
                listed.believed.extend(logs.map(|log| (log.at.clone(), (log.sha256, seen.key.end))));
            } else if judged.is_unverified() {
                listed.unverified.extend(logs.map(|log| log.at.clone()));
            } else {
                listed.refused.extend(logs.map(|log| log.at.clone()));
            }
        }
        listed
    }

    /// Reads every listed file and compares.
    pub(super) async fn read(&self, source: &dyn TrailSource, report: &mut TrailReport) {
        for (at, (sha256, end)) in &self.believed {
            let code = match source.read(at).await {
                Err(_unknown) => {
                    report.unreadable.push(at.clone());
                    continue;
                }
                Ok(None) => Some(Code::LogMissing),
                Ok(Some(file)) => judge_log(&file.body, sha256.as_ref()),
            };
            if let Some(code) = code {
                report.find(code, Some(at.clone()), Some(*end));
                report.logs_invalid = report.logs_invalid.saturating_add(1);
            } else {
                report.logs_valid = report.logs_valid.saturating_add(1);
            }
        }
    }

    /// Finds the files that no believed digest lists.
    pub(super) fn uncovered(
        &self,
        logs: &[(LogKey, FileAt)],
        chains: &[Chain],
        as_of: Timestamp,
        report: &mut TrailReport,
    ) {
        for (key, at) in logs {
            if self.believed.contains_key(at) || self.unverified.contains(at) {
                continue;
            }
            let of_scope = || chains.iter().filter(|chain| chain.id.scope == key.scope && !chain.id.backfill);
            if is_pending(key.made, of_scope().filter_map(|chain| chain.last_end).max(), as_of) {
                report.pending = report.pending.saturating_add(1);
                continue;
            }
            let delivered = key.made.checked_add(DELIVERY).unwrap_or(key.made);
            if !self.refused.contains(at) && of_scope().any(|chain| chain.covers(key.made, delivered)) {
                report.find(Code::LogNotInAnyDigest, Some(at.clone()), Some(key.made));
            }
            report.find(Code::LogUncovered, Some(at.clone()), Some(key.made));
            report.uncovered.push(at.clone());
        }
    }
}

/// Whether the digest that should list a log file is not due yet.
fn is_pending(made: Timestamp, last_end: Option<Timestamp>, as_of: Timestamp) -> bool {
    let delivered = made.checked_add(DELIVERY).unwrap_or(made);
    // Without any digest, hours are those of the clock.
    let mark = last_end.unwrap_or(Timestamp::UNIX_EPOCH);
    if delivered <= mark {
        return false;
    }
    let late_by = delivered.duration_since(mark).as_secs();
    let hours = late_by.checked_add(PERIOD.as_secs() - 1).and_then(|it| it.checked_div(PERIOD.as_secs())).unwrap_or(0);
    let due = mark
        .checked_add(SignedDuration::from_secs(hours.saturating_mul(PERIOD.as_secs())))
        .and_then(|end| end.checked_add(DIGEST_GRACE));
    due.is_ok_and(|due| due > as_of)
}
