use sluice_common::port::{BucketPosture, PublicAccessBlock};

use super::{BucketCheck, DesiredBucket, Rule};

/// All four switches against public access are on.
pub(super) struct PublicAccess;

impl BucketCheck for PublicAccess {
    fn rule(&self) -> Rule {
        Rule::BucketPublicAccess
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let blocked = found.public_access_block.as_ref().is_some_and(PublicAccessBlock::is_complete);
        (desired.public_access_block && !blocked)
            .then(|| "public access is not blocked: turn on all four switches of the public access block".to_owned())
    }
}
