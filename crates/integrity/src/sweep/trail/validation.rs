use sluice_common::port::TrailPosture;

use super::{DesiredTrail, Rule, TrailCheck};

/// The trail's log files are listed in signed digests.
pub(super) struct Validation;

impl TrailCheck for Validation {
    fn rule(&self) -> Rule {
        Rule::TrailValidation
    }

    fn problem(&self, _desired: &DesiredTrail, found: &TrailPosture) -> Option<String> {
        let is_off = !found.validates_log_files;
        is_off.then(|| {
            "the trail's log file validation is off: turn it on; what is recorded meanwhile cannot be proven".to_owned()
        })
    }
}
