//! What can be wrong with a trail.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sluice_evidence::predicate::Severity;

use super::key::FileAt;

/// What a finding answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Question {
    /// Are the files' contents and the links between them as they were signed?
    Integrity,
    /// Is every file there that should be?
    Completeness,
    /// Did AWS make every file?
    Authenticity,
}

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Yes.
    Holds,
    /// No.
    Fails,
    /// Something could not be read or checked, and nothing is known to be wrong.
    Unknown,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $question:ident, $severity:ident;)+) => {
        /// What is wrong. The names stand in statements, metrics and reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The question that it answers with no.
            pub const fn question(self) -> Question {
                match self { $(Self::$variant => Question::$question,)+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// What it means and what to do.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// a log file's content is not the one that its digest lists: restore it from an earlier version
    LogHashMismatch = "LOG_HASH_MISMATCH", Integrity, Critical;
    /// something follows the compressed log, which some readers would take for records
    LogTrailingData = "LOG_TRAILING_DATA", Integrity, Critical;
    /// a log file is not one whole gzip member
    LogInvalidFormat = "LOG_INVALID_FORMAT", Integrity, High;
    /// a log file that a digest lists is gone: look for a delete marker
    LogMissing = "LOG_MISSING", Completeness, Critical;
    /// a log file lies in the bucket that no digest of its time lists: CloudTrail did not deliver it
    LogNotInAnyDigest = "LOG_NOT_IN_ANY_DIGEST", Authenticity, Critical;
    /// no valid digest lists a log file, so nothing vouches for it
    LogUncovered = "LOG_UNCOVERED", Completeness, High;
    /// a digest that the next one names is gone
    DigestMissing = "DIGEST_MISSING", Completeness, Critical;
    /// no digest covers an hour within the chain
    DigestChainGapHours = "DIGEST_CHAIN_GAP_HOURS", Completeness, Critical;
    /// the newest digests are missing: they were deleted, or logging was stopped
    DigestTailMissing = "DIGEST_TAIL_MISSING", Completeness, Critical;
    /// a chain begins anew: logging was stopped and started, or digests were turned off and on
    DigestChainRestart = "DIGEST_CHAIN_RESTART", Completeness, High;
    /// there is no digest at all
    NoDigests = "NO_DIGESTS", Completeness, Critical;
    /// a digest's signature does not hold: it was altered
    DigestSignatureInvalid = "DIGEST_SIGNATURE_INVALID", Authenticity, Critical;
    /// a digest has lost its signature: it was written by someone else than CloudTrail
    DigestSignatureMissing = "DIGEST_SIGNATURE_MISSING", Authenticity, Critical;
    /// a digest names a key that AWS did not publish
    DigestKeyNotFound = "DIGEST_KEY_NOT_FOUND", Authenticity, High;
    /// a digest was signed by a key outside the time in which that key signs
    DigestKeyOutsideValidity = "DIGEST_KEY_OUTSIDE_VALIDITY", Authenticity, High;
    /// a digest lies elsewhere than it says: it was moved, renamed or put in another's place
    DigestMoved = "DIGEST_MOVED", Integrity, Critical;
    /// a digest file is not a digest
    DigestInvalidFormat = "DIGEST_INVALID_FORMAT", Integrity, High;
    /// a digest names another content of the digest before it
    LinkHashMismatch = "LINK_HASH_MISMATCH", Integrity, Critical;
    /// a digest names another signature of the digest before it
    LinkSignatureMismatch = "LINK_SIGNATURE_MISMATCH", Integrity, Critical;
    /// a digest does not begin when the one that it names ends
    LinkTimeMismatch = "LINK_TIME_MISMATCH", Integrity, High;
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailFinding {
    /// What.
    pub code: Code,
    /// The file that is wrong or missing, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<FileAt>,
    /// The time that it belongs to: the end of a digest's hour, the minute of a log file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// What was found of a trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailReport {
    /// Everything that is wrong, by time.
    pub findings: Vec<TrailFinding>,
    /// Digests whose signature and place hold.
    pub digests_valid: u64,
    /// Digests that are wrong or missing.
    pub digests_invalid: u64,
    /// Log files that are as they were signed.
    pub logs_valid: u64,
    /// Log files that are wrong or missing.
    pub logs_invalid: u64,
    /// Log files that no valid digest lists.
    pub uncovered: Vec<FileAt>,
    /// Log files whose digest is not due yet.
    pub pending: u64,
    /// Files under the trail's folders that are neither.
    pub others: u64,
    /// Digests that say what they should and whose signature is not at hand: of a copy without metadata, the newest.
    pub unverified: Vec<FileAt>,
    /// Files that could not be read.
    pub unreadable: Vec<FileAt>,
    /// The end of the newest valid digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_valid_end: Option<Timestamp>,
}

impl TrailReport {
    /// The answer to a question.
    pub fn verdict(&self, question: Question) -> Verdict {
        let is_nothing_known = self.digests_valid == 0 && question == Question::Authenticity;
        let is_unknown = match question {
            Question::Authenticity => !self.unverified.is_empty() || is_nothing_known,
            Question::Integrity | Question::Completeness => false,
        };
        if self.findings.iter().any(|finding| finding.code.question() == question) {
            Verdict::Fails
        } else if is_unknown || !self.unreadable.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Holds
        }
    }

    /// The three answers together: any no is a no.
    pub fn overall(&self) -> Verdict {
        let verdicts = [Question::Integrity, Question::Completeness, Question::Authenticity].map(|it| self.verdict(it));
        if verdicts.contains(&Verdict::Fails) {
            Verdict::Fails
        } else if verdicts.contains(&Verdict::Unknown) {
            Verdict::Unknown
        } else {
            Verdict::Holds
        }
    }

    /// The earliest thing that is wrong.
    pub fn first_broken(&self) -> Option<&TrailFinding> {
        self.findings.first()
    }

    /// Findings by code.
    pub fn by_code(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            let count: &mut u64 = counts.entry(finding.code.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    pub(super) fn find(&mut self, code: Code, at: Option<FileAt>, time: Option<Timestamp>) {
        self.findings.push(TrailFinding { code, at, time });
    }

    /// By time, the unplaced last.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            let place =
                |finding: &TrailFinding| (finding.time.is_none(), finding.time, finding.at.clone(), finding.code);
            place(a).cmp(&place(b))
        });
        self.findings.dedup();
        self.uncovered.sort();
    }
}
