use sluice_common::port::{BucketPosture, VersioningState};

use super::{BucketCheck, DesiredBucket, Rule};

/// Versioning is on.
pub(super) struct Versioning;

impl BucketCheck for Versioning {
    fn rule(&self) -> Rule {
        Rule::BucketVersioning
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let state = match found.versioning {
            VersioningState::Enabled => return None,
            VersioningState::Suspended => "suspended",
            VersioningState::Off => "off",
        };
        desired
            .versioning
            .then(|| format!("versioning is {state}: turn it on; objects written meanwhile have no version"))
    }
}
