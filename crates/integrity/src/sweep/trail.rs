//! Settings of the CloudTrail trail against the desired ones: without its record the audit has nothing to look at. One file a
//! check.

mod data_events;
mod logging;
mod validation;

use sluice_common::port::TrailPosture;
use sluice_evidence::EvidenceError;

use super::desired::DesiredTrail;
use super::findings::Findings;
use super::rule::{Rule, Verdict};
use super::settings::{Seen, judge};
use super::{Round, digest_of};

/// A check of a trail's settings.
trait TrailCheck: Sync {
    /// The rule that it checks.
    fn rule(&self) -> Rule;

    /// What is wrong and what to do; `None` when nothing is.
    fn problem(&self, desired: &DesiredTrail, found: &TrailPosture) -> Option<String>;
}

/// Every check.
const CHECKS: [&dyn TrailCheck; 3] = [&logging::Logging, &validation::Validation, &data_events::DataEvents];

/// Looks at the settings of the trail and adds their digest to those seen.
pub(super) async fn sweep(
    round: &Round<'_>,
    seen: &mut Seen,
    findings: &mut Findings<'_>,
) -> Result<(), EvidenceError> {
    let (Some(inspector), Some(desired)) = (round.ports.trails, &round.desired.trail) else { return Ok(()) };
    let found = match inspector.trail_posture(&desired.arn).await {
        Ok(found) => found,
        // A trail that is gone records nothing.
        Err(error) if error.code == "TrailNotFoundException" => TrailPosture {
            is_logging: false,
            validates_log_files: false,
            is_multi_region: false,
            records_management: false,
            records_objects: Vec::new(),
        },
        Err(error) => return findings.take(Verdict::unreadable("trail settings", &error)).await,
    };
    let problems = CHECKS.iter().filter_map(|check| Some((check.rule(), check.problem(desired, &found)?)));
    judge(round, &desired.arn, digest_of(&found), problems.collect(), seen, findings).await
}
