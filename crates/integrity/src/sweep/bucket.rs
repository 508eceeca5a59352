//! Settings of buckets against the desired ones. One file a check.

mod encryption;
mod event_wiring;
mod lifecycle;
mod object_lock;
mod public_access;
mod replication;
mod tls_only;
mod versioning;

use std::collections::BTreeMap;

use sluice_common::port::BucketPosture;
use sluice_common::{BucketName, Sha256Digest};
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
const CHECKS: [&dyn BucketCheck; 8] = [
    &versioning::Versioning,
    &object_lock::ObjectLock,
    &encryption::Encryption,
    &public_access::PublicAccess,
    &tls_only::TlsOnly,
    &event_wiring::EventWiring,
    &lifecycle::Lifecycle,
    &replication::Replication,
];

/// Looks at the settings of every bucket. Returns their digests, by which the next sweep sees what changed.
pub(super) async fn sweep(
    round: &Round<'_>,
    findings: &mut Findings<'_>,
) -> Result<BTreeMap<BucketName, Sha256Digest>, EvidenceError> {
    let mut settings = BTreeMap::new();
    for desired in round.desired.buckets() {
        match round.ports.buckets.posture(&desired.bucket).await {
            Err(error) => findings.take(Verdict::unreadable("bucket settings", &error)).await?,
            Ok(found) => {
                // The subject's digest is that of the settings seen: the same drift tomorrow is the same finding.
                let seen = digest_of(&found);
                for verdict in judge(desired, &found, seen) {
                    findings.take(verdict).await?;
                }
                let before = round.request.settings.get(&desired.bucket).filter(|before| **before != seen);
                if let Some(before) = before {
                    findings.take(changed(&format!("s3://{}", desired.bucket), *before, seen)).await?;
                }
                settings.insert(desired.bucket.clone(), seen);
            }
        }
    }
    Ok(settings)
}

/// Settings may change and still be as desired: a policy that lets more people in, one more destination of events.
pub(super) fn changed(name: &str, before: Sha256Digest, seen: Sha256Digest) -> Verdict {
    let was = |sha256| FindingEvidence { uri: name.to_owned(), sha256: Some(sha256) };
    let detail = "the settings are not those that the sweep before saw: see who changed them if nobody deployed";
    Verdict::Damaged(Problem {
        rule: Rule::SettingsChanged,
        subject: ResourceDescriptor::named(name.to_owned(), seen),
        detail: detail.to_owned(),
        evidence: vec![was(before), was(seen)],
    })
}

fn judge(desired: &DesiredBucket, found: &BucketPosture, seen: Sha256Digest) -> Vec<Verdict> {
    let name = format!("s3://{}", desired.bucket);
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
