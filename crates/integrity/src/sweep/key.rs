//! Settings of KMS keys against the desired ones. One file a check.

mod policy;
mod rotation;
mod usable;

use sluice_common::port::{KeyError, KeyPosture};

use super::desired::DesiredKey;
use super::findings::Findings;
use super::rule::{Rule, Verdict};
use super::settings::{Seen, judge};
use super::{Round, digest_of};
use sluice_evidence::EvidenceError;

/// A check of one key's settings.
trait KeyCheck: Sync {
    /// The rule that it checks.
    fn rule(&self) -> Rule;

    /// What is wrong and what to do; `None` when nothing is.
    fn problem(&self, desired: &DesiredKey, found: &KeyPosture) -> Option<String>;
}

/// Every check.
const CHECKS: [&dyn KeyCheck; 3] = [&usable::Usable, &rotation::Rotation, &policy::Policy];

/// Looks at the settings of every key and adds their digests to those seen.
pub(super) async fn sweep(
    round: &Round<'_>,
    seen: &mut Seen,
    findings: &mut Findings<'_>,
) -> Result<(), EvidenceError> {
    let Some(inspector) = round.ports.keys else { return Ok(()) };
    for desired in &round.desired.keys {
        match inspector.key_posture(&desired.arn).await {
            // A key that is gone is as bad as one that is about to be.
            Err(KeyError::Unusable { code, .. }) => {
                let gone = KeyPosture { state: code, is_rotated: None, policy: String::new() };
                look_at(round, desired, &gone, seen, findings).await?;
            }
            Err(error) => findings.take(Verdict::unreadable("key settings", &error)).await?,
            Ok(found) => look_at(round, desired, &found, seen, findings).await?,
        }
    }
    Ok(())
}

async fn look_at(
    round: &Round<'_>,
    desired: &DesiredKey,
    found: &KeyPosture,
    seen: &mut Seen,
    findings: &mut Findings<'_>,
) -> Result<(), EvidenceError> {
    let problems = CHECKS.iter().filter_map(|check| Some((check.rule(), check.problem(desired, found)?)));
    judge(round, &desired.arn, digest_of(found), problems.collect(), seen, findings).await
}
