//! Settings of buckets against the desired ones. One file a check.

mod encryption;
mod event_wiring;
mod object_lock;
mod public_access;
mod tls_only;
mod versioning;

use sluice_common::port::BucketPosture;
use sluice_evidence::predicate::FindingEvidence;
use sluice_evidence::{EvidenceError, ResourceDescriptor};

use super::findings::Findings;
use super::rule::{Problem, Rule, Verdict};
use super::{DesiredBucket, Round, digest_of};

/// A check of one bucket's settings.
trait BucketCheck: Sync {
    /// The rule that it checks.
    fn rule(&self) -> Rule;

    /// What is wrong and what to do; `None` when nothing is.
    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String>;
}

/// Every check.
const CHECKS: [&dyn BucketCheck; 6] = [
    &versioning::Versioning,
    &object_lock::ObjectLock,
    &encryption::Encryption,
    &public_access::PublicAccess,
    &tls_only::TlsOnly,
    &event_wiring::EventWiring,
];

pub(super) async fn sweep(round: &Round<'_>, findings: &mut Findings<'_>) -> Result<(), EvidenceError> {
    for desired in round.desired.buckets() {
        match round.ports.buckets.posture(&desired.bucket).await {
            Err(error) => findings.take(Verdict::unreadable("bucket settings", &error)).await?,
            Ok(found) => {
                for verdict in judge(desired, &found) {
                    findings.take(verdict).await?;
                }
            }
        }
    }
    Ok(())
}

fn judge(desired: &DesiredBucket, found: &BucketPosture) -> Vec<Verdict> {
    let name = format!("s3://{}", desired.bucket);
    // The subject's digest is that of the settings seen: the same drift tomorrow is the same finding.
    let seen = digest_of(found);
    let damaged = |check: &&dyn BucketCheck| {
        let detail = check.problem(desired, found)?;
        Some(Verdict::Damaged(Problem {
            rule: check.rule(),
            subject: ResourceDescriptor::named(name.clone(), seen),
            detail,
            evidence: vec![FindingEvidence { uri: name.clone(), sha256: Some(seen) }],
        }))
    };
    CHECKS.iter().filter_map(damaged).collect()
}
