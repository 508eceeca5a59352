use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sluice_common::{Dispose as _, Sha256Digest};
use sluice_evidence::Kept;
use sluice_evidence::predicate::Sweep;
use sluice_integrity::sweep::{FoundProblem, SweepCursor, SweepReport};
use sluice_stage::{LoadedPolicy, PolicySourceError};

/// What a sweep answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// URI of the signed account.
    pub statement: String,
    /// The time from which ages were counted.
    pub as_of: Timestamp,
    /// What is known of the lake.
    pub verdict: Verdict,
    /// Whether everything was looked at.
    pub complete: bool,
    /// Whether nothing was done, because the sweep that gave this account is still under way.
    pub under_way: bool,
    /// Object versions seen.
    pub versions_seen: u64,
    /// Versions that were sent to be sealed again.
    pub re_enqueued: u64,
    /// Findings in all.
    pub findings: u64,
    /// The same by rule.
    pub findings_by_rule: BTreeMap<String, u64>,
    /// What could not be read: neither intact nor damaged.
    pub unreadable: u64,
    /// The first findings.
    pub reported: Vec<Reported>,
    /// The pipeline policy, under which objects flow.
    pub policy: PolicyState,
    /// Where the next part begins. The account's arrival in the evidence bucket wakes it; by hand it is `cursor` of
    /// another invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<SweepCursor>,
}

/// What a sweep says of what it looked at. Unknown is not bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything was looked at and is as it was signed.
    Intact,
    /// Something is not.
    Damaged,
    /// Nothing was found, and not everything could be looked at.
    Unknown,
}

impl Verdict {
    fn of(account: &Sweep) -> Self {
        match (account.findings, account.unreadable, account.coverage.complete) {
            (0, 0, true) => Self::Intact,
            (0, ..) => Self::Unknown,
            _ => Self::Damaged,
        }
    }
}

/// A finding that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The rule.
    pub rule: &'static str,
    /// Key of its statement in the evidence bucket.
    pub statement_key: String,
    /// Whether an earlier sweep had signed it already.
    pub known: bool,
}

/// Whether the policy can be used: while it cannot, every object waits in its queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyState {
    /// It can.
    Sha256(Sha256Digest),
    /// It cannot, for this reason.
    Problem(&'static str),
}

impl PolicyState {
    pub(crate) fn of<P: std::ops::Deref<Target = LoadedPolicy>>(policy: Result<P, PolicySourceError>) -> Self {
        match policy {
            Ok(loaded) => Self::Sha256(loaded.policy.digest),
            Err(error) => {
                tracing::error!(reason = error.reason(), %error, "objects wait for a usable policy");
                Self::Problem(error.reason())
            }
        }
    }
}

impl Answer {
    pub(crate) fn of(report: SweepReport, policy: PolicyState) -> Self {
        let account = report.statement.statement().predicate();
        Self {
            statement: report.statement.at().uri(),
            as_of: account.as_of,
            verdict: Verdict::of(account),
            complete: account.coverage.complete,
            under_way: false,
            versions_seen: account.coverage.versions_seen,
            re_enqueued: account.coverage.re_enqueued,
            findings: account.findings,
            findings_by_rule: account.findings_by_rule.clone(),
            unreadable: account.unreadable,
            reported: report.findings.into_iter().map(Reported::from).collect(),
            policy,
            next: report.next,
        }
    }
}

impl Answer {
    /// Of a schedule that gave way: what the sweep that is under way stated last.
    pub(crate) fn under_way(kept: Kept<Sweep>, policy: PolicyState) -> Self {
        let next = kept.next.clone();
        let report = SweepReport { statement: kept, findings: Vec::new(), next };
        Self { under_way: true, ..Self::of(report, policy) }
    }
}

impl From<FoundProblem> for Reported {
    fn from(found: FoundProblem) -> Self {
        Self { rule: found.rule.as_str(), statement_key: found.statement_key, known: found.known }
    }
}
