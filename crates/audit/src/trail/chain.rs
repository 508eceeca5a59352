//! One chain of digests: each by itself, the links between them, and the hours that they leave out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::digest::{DigestDocument, SIGNATURE_ALGORITHM};
use super::finding::{Code, TrailReport};
use super::key::{ChainId, DigestKey, FileAt, TrailFileKind};
use super::public_key::PublicKeys;
use super::source::{SourceError, TrailFile};

/// CloudTrail makes a digest an hour.
pub(super) const PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// Clocks that are apart by less leave no gap.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// How far a key's validity may be from the moment at which a backfill digest was generated.
const BACKFILL_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// More hours than a century has: a timestamp in a name is not to be believed.
const MAX_GAP_HOURS: u32 = 10_000;

/// What is known of one digest by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it says, when it can be read.
    pub document: Option<DigestDocument>,
    /// Its signature, in hexadecimal, when it is at hand.
    pub signature: Option<String>,
    /// What is wrong with it.
    pub finding: Option<Code>,
    /// Whether what it says may be believed. A digest that was signed by a key outside its time is believed, and found.
    pub is_believed: bool,
}

impl Judged {
    const fn refused(code: Code, document: Option<DigestDocument>) -> Self {
        Self { document, signature: None, finding: Some(code), is_believed: false }
    }

    /// Whether only the signature is not at hand.
    pub const fn is_unverified(&self) -> bool {
        self.finding.is_none() && !self.is_believed
    }
}

/// Judges one digest by itself: form, place, key and signature. `from_successor` is the signature that the next digest
/// states, for copies whose metadata is lost.
pub fn judge_digest(
    key: &DigestKey,
    at: &FileAt,
    file: &TrailFile,
    keys: &PublicKeys,
    from_successor: Option<&str>,
) -> Judged {
    let Ok(document) = DigestDocument::from_file(&file.body) else {
        return Judged::refused(Code::DigestInvalidFormat, None);
    };
    let metadata = |name: &str| file.metadata.as_ref().and_then(|all| all.get(name)).map(String::as_str);
    let generated = metadata("backfill-generation-timestamp").map(str::parse::<Timestamp>);
    let signed_at = match (key.chain.backfill, generated, &file.metadata) {
        (false, ..) | (true, None, None) => document.end,
        (true, Some(Ok(at)), _) => at,
        (true, _, _) => return Judged::refused(Code::DigestInvalidFormat, Some(document)),
    };
    if document.at != *at {
        return Judged::refused(Code::DigestMoved, Some(document));
    }
    let algorithm = metadata("signature-algorithm").unwrap_or(SIGNATURE_ALGORITHM);
    let signature = match (metadata("signature"), &file.metadata) {
        (Some(signature), _) => Some(signature),
        (None, Some(_)) => return Judged::refused(Code::DigestSignatureMissing, Some(document)),
        (None, None) => from_successor,
    };
    let Some(public_key) = keys.find(&document.key_fingerprint) else {
        return if keys.is_empty() {
            Judged { document: Some(document), signature: None, finding: None, is_believed: false }
        } else {
            Judged::refused(Code::DigestKeyNotFound, Some(document))
        };
    };
    let Some(signature) = signature else {
        return Judged { document: Some(document), signature: None, finding: None, is_believed: false };
    };
    let holds = algorithm == SIGNATURE_ALGORITHM
        && hex::decode(signature).is_ok_and(|raw| public_key.verify(document.string_to_sign().as_bytes(), &raw));
    if !holds {
        return Judged::refused(Code::DigestSignatureInvalid, Some(document));
    }
    if !document.is_sound {
        return Judged::refused(Code::DigestInvalidFormat, Some(document));
    }
    let is_in_time = if key.chain.backfill {
        let from = public_key.valid_from.checked_sub(BACKFILL_TOLERANCE).unwrap_or(public_key.valid_from);
        let to = public_key.valid_to.checked_add(BACKFILL_TOLERANCE).unwrap_or(public_key.valid_to);
        from <= signed_at && signed_at <= to
    } else {
        public_key.is_valid_at(signed_at)
    };
    let finding = (!is_in_time).then_some(Code::DigestKeyOutsideValidity);
    let signature = Some(signature.to_ascii_lowercase());
    Judged { document: Some(document), signature, finding, is_believed: true }
}

/// A digest of a chain and where it lies.
pub(super) struct Seen {
    pub(super) key: DigestKey,
    pub(super) at: FileAt,
    pub(super) judged: Option<Judged>,
}

impl Seen {
    fn believed(&self) -> Option<(&DigestDocument, &Judged)> {
        let judged = self.judged.as_ref()?;
        judged.document.as_ref().filter(|_| judged.is_believed).map(|document| (document, judged))
    }
}

/// One chain, judged.
pub(super) struct Chain {
    pub(super) id: ChainId,
    /// By the end of their hours.
    pub(super) digests: Vec<Seen>,
    /// The end of the newest digest that is there or known to be missing.
    pub(super) last_end: Option<Timestamp>,
}

impl Chain {
    /// Judges what was read. `files` holds the chain's digests, newest first, each as the source gave it.
    pub(super) fn judge(
        id: ChainId,
        files: Vec<(DigestKey, FileAt, Result<Option<TrailFile>, SourceError>)>,
        keys: &PublicKeys,
        from: Timestamp,
        report: &mut TrailReport,
    ) -> Self {
        let mut stated: BTreeMap<FileAt, String> = BTreeMap::new();
        let mut digests = Vec::with_capacity(files.len());
        let mut gone = BTreeSet::new();
        for (key, at, file) in files {
            let judged = match file {
                Err(_unknown) => {
                    report.unreadable.push(at.clone());
                    None
                }
                Ok(None) => {
                    gone.insert((key.end, at));
                    continue;
                }
                Ok(Some(file)) => {
                    let judged = judge_digest(&key, &at, &file, keys, stated.get(&at).map(String::as_str));
                    let link = judged.document.as_ref().and_then(|document| document.previous.as_ref());
                    stated.extend(link.and_then(|link| Some((link.at.clone()?, link.signature.clone()))));
                    Some(judged)
                }
            };
            digests.push(Seen { key, at, judged });
        }
        digests.sort_by(|a, b| (a.key.end, &a.at).cmp(&(b.key.end, &b.at)));
        let mut chain = Self { id, digests, last_end: None };
        chain.count(report);
        chain.links(from, &mut gone, report);
        for (end, at) in &gone {
            report.find(Code::DigestMissing, Some(at.clone()), Some(*end));
            report.digests_invalid = report.digests_invalid.saturating_add(1);
        }
        let ends = chain.digests.iter().map(|seen| seen.key.end).chain(gone.iter().map(|(end, _at)| *end));
        chain.last_end = ends.max();
        if !chain.id.backfill {
            chain.gaps(&gone, report);
        }
        chain
    }

    fn count(&self, report: &mut TrailReport) {
        for seen in &self.digests {
            let Some(judged) = &seen.judged else { continue };
            if let Some(code) = judged.finding {
                report.find(code, Some(seen.at.clone()), Some(seen.key.end));
            }
            if judged.is_believed {
                report.digests_valid = report.digests_valid.saturating_add(1);
                report.newest_valid_end = report.newest_valid_end.max(Some(seen.key.end));
            } else if judged.is_unverified() {
                report.unverified.push(seen.at.clone());
            } else {
                report.digests_invalid = report.digests_invalid.saturating_add(1);
            }
        }
    }

    /// Compares each link with the digest that it names, and notes the named ones that are not there.
    fn links(&self, from: Timestamp, gone: &mut BTreeSet<(Timestamp, FileAt)>, report: &mut TrailReport) {
        let by_place: BTreeMap<&FileAt, &Seen> = self.digests.iter().map(|seen| (&seen.at, seen)).collect();
        for (index, seen) in self.digests.iter().enumerate() {
            let Some((document, _)) = seen.believed() else { continue };
            let mut find = |code| report.find(code, Some(seen.at.clone()), Some(seen.key.end));
            let Some(link) = &document.previous else {
                if index > 0 && !self.id.backfill {
                    find(Code::DigestChainRestart);
                }
                continue;
            };
            let Some(at) = &link.at else {
                find(Code::DigestInvalidFormat);
                continue;
            };
            let Some(previous) = by_place.get(at) else {
                let TrailFileKind::Digest(named) = TrailFileKind::of(at) else { continue };
                // What ended before the range began was not asked for.
                if named.end > from {
                    gone.insert((named.end, at.clone()));
                }
                continue;
            };
            let Some((before, judged)) = previous.believed() else { continue };
            if link.sha256 != Some(before.sha256) {
                find(Code::LinkHashMismatch);
            }
            if judged.signature.as_deref() != Some(&link.signature.to_ascii_lowercase()) {
                find(Code::LinkSignatureMismatch);
            }
            if before.end != document.start && !self.id.backfill {
                find(Code::LinkTimeMismatch);
            }
        }
    }

    /// Names the hours within the chain that no digest covers, there or known to be missing.
    fn gaps(&self, gone: &BTreeSet<(Timestamp, FileAt)>, report: &mut TrailReport) {
        let hour_before = |end: Timestamp| end.checked_sub(PERIOD).unwrap_or(end);
        let there = self.digests.iter().map(|seen| match seen.believed() {
            Some((document, _)) => (document.start, document.end, document.previous.is_none()),
            None => (hour_before(seen.key.end), seen.key.end, false),
        });
        let missing = gone.iter().map(|(end, _at)| (hour_before(*end), *end, false));
        let mut hours: Vec<_> = there.chain(missing).collect();
        hours.sort();
        let Some((_, mut covered_to, _)) = hours.first().copied() else { return };
        let Some(place) = self.digests.last().map(|seen| &seen.key.place) else { return };
        for (start, end, is_restart) in hours {
            let hole = start.duration_since(covered_to);
            if hole > TOLERANCE && !is_restart {
                for _hour in 0..MAX_GAP_HOURS {
                    if start.duration_since(covered_to) <= TOLERANCE {
                        break;
                    }
                    covered_to = covered_to.checked_add(PERIOD).unwrap_or(start).min(start);
                    let at = self.id.digest_at(place, covered_to);
                    report.find(Code::DigestChainGapHours, Some(at), Some(covered_to));
                }
            }
            covered_to = covered_to.max(end);
        }
    }

    /// Whether valid digests cover a whole span of time.
    pub(super) fn covers(&self, from: Timestamp, to: Timestamp) -> bool {
        let mut reached = from;
        for (document, _) in self.digests.iter().filter_map(Seen::believed) {
            if document.start <= reached && document.end > reached {
                reached = document.end;
            }
        }
        reached >= to
    }
}
