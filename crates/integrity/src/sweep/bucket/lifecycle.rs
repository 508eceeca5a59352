use sluice_common::port::BucketPosture;

use super::{BucketCheck, DesiredBucket, Rule};

/// Nothing removes objects by their age, and what is left of unfinished uploads is removed.
pub(super) struct Lifecycle;

impl BucketCheck for Lifecycle {
    fn rule(&self) -> Rule {
        Rule::BucketLifecycle
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let on = || found.lifecycle.iter().filter(|rule| rule.is_enabled);
        if !desired.may_expire
            && let Some(rule) = on().find(|rule| rule.removes_versions)
        {
            return Some(format!("the lifecycle rule {:?} removes versions by their age: remove the rule", rule.id));
        }
        let wanted = desired.aborts_uploads_within_days?;
        let is_aborted = on().any(|rule| rule.aborts_uploads_after_days.is_some_and(|days| days <= wanted));
        (!is_aborted).then(|| format!("no lifecycle rule removes unfinished uploads within {wanted} days: restore it"))
    }
}
