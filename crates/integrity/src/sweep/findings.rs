use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sluice_common::Sha256Digest;
use sluice_common::port::UserMetadata;
use sluice_evidence::predicate::Finding;
use sluice_evidence::{EvidenceError, Ledger, Statement};

use super::rule::{Problem, Rule, Verdict};

/// Signs each problem as it is found and counts; keeps only the first few in memory.
pub(super) struct Findings<'a> {
    ledger: &'a Ledger,
    counted: Counted,
    keys: Sha256,
}

/// What was found in all.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) total: u64,
    pub(super) by_rule: BTreeMap<Rule, u64>,
    pub(super) unreadable: u64,
    pub(super) digest: Sha256Digest,
    pub(super) reported: Vec<FoundProblem>,
}

/// A finding that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProblem {
    /// The rule.
    pub rule: Rule,
    /// The key of its statement in the evidence bucket.
    pub statement_key: String,
    /// Whether an earlier sweep had signed it already.
    pub known: bool,
}

impl FoundProblem {
    /// The most that a report carries.
    pub const MAX_REPORTED: usize = 1000;
}

impl<'a> Findings<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        let counted = Counted {
            total: 0,
            by_rule: BTreeMap::new(),
            unreadable: 0,
            digest: Sha256Digest::of(b""),
            reported: Vec::new(),
        };
        Self { ledger, counted, keys: Sha256::new() }
    }

    pub(super) async fn take(&mut self, verdict: Verdict) -> Result<(), EvidenceError> {
        match verdict {
            Verdict::Intact => Ok(()),
            Verdict::Unreadable { what, reason } => {
                tracing::warn!(what, reason, "could not be looked at");
                self.counted.unreadable += 1;
                Ok(())
            }
            Verdict::Damaged(problem) => self.sign(problem).await,
        }
    }

    async fn sign(&mut self, problem: Problem) -> Result<(), EvidenceError> {
        let rule = problem.rule;
        let finding = Finding {
            rule: rule.as_str().to_owned(),
            severity: rule.severity(),
            detail: problem.detail,
            evidence: problem.evidence,
        };
        let statement = Statement::new(vec![problem.subject], finding)?;
        let recorded = self.ledger.record_once_more(&statement, &UserMetadata::new()).await?;
        let statement_key = recorded.kept().key().to_string();
        tracing::warn!(%rule, severity = rule.severity().as_str(), statement = %statement_key, "finding");
        self.keys.update(statement_key.as_bytes());
        self.keys.update(b"\n");
        self.counted.total += 1;
        *self.counted.by_rule.entry(rule).or_default() += 1;
        if self.counted.reported.len() < FoundProblem::MAX_REPORTED {
            self.counted.reported.push(FoundProblem { rule, statement_key, known: !recorded.is_new() });
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Counted {
        self.counted.digest = Sha256Digest::from_bytes(self.keys.finalize().into());
        self.counted
    }
}
