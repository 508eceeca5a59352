use sluice_common::port::BucketPosture;

use super::{BucketCheck, DesiredBucket, Rule};

/// Objects are copied where they must be and nowhere else: a copy is out of reach of locks and of this sweep.
pub(super) struct Replication;

impl BucketCheck for Replication {
    fn rule(&self) -> Rule {
        Rule::BucketReplication
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let mut on = found.replication.iter().filter(|rule| rule.is_enabled);
        let wanted = &desired.replicated_to;
        if let Some(missing) = wanted.iter().find(|to| !on.clone().any(|rule| rule.destination == **to)) {
            return Some(format!("objects are not copied to {missing}: restore the replication rule"));
        }
        let extra = on.find(|rule| !wanted.contains(&rule.destination))?;
        Some(format!("objects are copied to {}, which nobody desired: remove the replication rule", extra.destination))
    }
}
