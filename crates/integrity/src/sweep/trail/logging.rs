use sluice_common::port::TrailPosture;

use super::{DesiredTrail, Rule, TrailCheck};

/// The trail records, in every region where it should.
pub(super) struct Logging;

impl TrailCheck for Logging {
    fn rule(&self) -> Rule {
        Rule::TrailLogging
    }

    fn problem(&self, desired: &DesiredTrail, found: &TrailPosture) -> Option<String> {
        if !found.is_logging {
            return Some("the trail does not record: start its logging".to_owned());
        }
        let is_narrow = desired.multi_region && !found.is_multi_region;
        is_narrow.then(|| "the trail records one region only: let it record all".to_owned())
    }
}
