//! What is common to the settings of keys and trails: problems become findings, and what changed since the sweep before is
//! told.

use std::collections::BTreeMap;

use sluice_common::Sha256Digest;
use sluice_evidence::predicate::FindingEvidence;
use sluice_evidence::{EvidenceError, ResourceDescriptor};

use super::Round;
use super::bucket::changed;
use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};

/// Digests of settings by ARN.
pub(super) type Seen = BTreeMap<String, Sha256Digest>;

/// Signs the problems of one thing, and that its settings changed when they did.
pub(super) async fn judge(
    round: &Round<'_>,
    arn: &str,
    digest: Sha256Digest,
    problems: Vec<(Rule, String)>,
    seen: &mut Seen,
    findings: &mut Findings<'_>,
) -> Result<(), EvidenceError> {
    for (rule, detail) in problems {
        // The subject's digest is that of the settings seen: the same drift tomorrow is the same finding.
        let subject = ResourceDescriptor::named(arn.to_owned(), digest);
        let evidence = vec![FindingEvidence { uri: arn.to_owned(), sha256: Some(digest) }];
        findings.take(Verdict::Damaged(Problem { rule, subject, detail, evidence })).await?;
    }
    if let Some(before) = round.request.other_settings.get(arn).filter(|before| **before != digest) {
        findings.take(changed(arn, *before, digest)).await?;
    }
    seen.insert(arn.to_owned(), digest);
    Ok(())
}
