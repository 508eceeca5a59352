use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sluice_common::Sha256Digest;

use crate::layout::{RunId, Stage, SubjectId};
use crate::statement::{Predicate, ResourceDescriptor, StatementError, inconsistent};

/// "This part of the trail was looked at, and this is what was found." Clean parts are signed too: their absence shows.
/// The subject is the digest or log file that arrived, or the trail itself when its newest hours were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audit {
    /// What was asked.
    pub kind: AuditKind,
    /// The hours of the trail that were validated; absent for a log file, whose records were judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<AuditRange>,
    /// Digests.
    pub digests: AuditCounts,
    /// Log files.
    pub logs: AuditCounts,
    /// Log files that no valid digest lists.
    pub uncovered: u64,
    /// Log files whose digest is not due yet.
    pub pending: u64,
    /// Files that could not be read, and digests whose signature could not be checked: unknown, not bad.
    pub unknown: u64,
    /// Records that were judged.
    pub events: u64,
    /// The signatures of an hour beside the statements that are kept; absent where no hour became due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<AuditSigning>,
    /// Digest of the access policy by which they were judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_policy: Option<Sha256Digest>,
    /// Findings in all.
    pub findings: u64,
    /// Findings by rule.
    pub findings_by_rule: BTreeMap<String, u64>,
    /// SHA-256 over the keys of the finding statements in the order of the findings, a line each.
    pub findings_digest: Sha256Digest,
}

/// What an audit was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditKind {
    /// Is the hour of a digest that arrived whole and genuine?
    Digest,
    /// Did a record of a log file break the access policy?
    Log,
    /// Are the newest hours of a trail there?
    Tail,
}

/// Hours of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditRange {
    /// The trail's name.
    pub trail: String,
    /// The region of its events.
    pub region: String,
    /// The beginning.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
}

/// Uses of the statement key beside the statements that are kept. What is wrong is a finding each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditSigning {
    /// The beginning of the hour.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Uses that belong to a statement.
    pub matched: u64,
    /// Uses that belong to none, beside one of the same principal that does.
    pub retried: u64,
    /// Uses that belong to none.
    pub without_statement: u64,
    /// Statements whose use CloudTrail does not know.
    pub without_use: u64,
    /// Statements without a request's id, of which nothing can be said.
    pub without_id: u64,
    /// Whether CloudTrail's digests around the hour are there; if not, a use that is not recorded means nothing.
    pub is_recorded: bool,
}

/// How many are as they were signed, and how many are not or are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditCounts {
    /// As they were signed.
    pub valid: u64,
    /// Altered or gone.
    pub invalid: u64,
}

impl Predicate for Audit {
    const STAGE: Stage = Stage::Audit;

    fn place(&self, subject: &[ResourceDescriptor]) -> Result<(SubjectId, RunId), StatementError> {
        let [about] = subject else {
            return Err(inconsistent::<Self>("it must have exactly one subject"));
        };
        // The bucket may change between two attempts: each different account is a statement of its own.
        let account = crate::canonical::to_vec(self)?;
        Ok((about.id(), RunId::of([account.as_slice()])))
    }
}
