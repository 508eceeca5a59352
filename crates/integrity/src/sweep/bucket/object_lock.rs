use sluice_common::port::{BucketPosture, LockSetting};

use super::{BucketCheck, DesiredBucket, Rule};

/// Object Lock is on, with at least the desired default.
pub(super) struct ObjectLock;

impl BucketCheck for ObjectLock {
    fn rule(&self) -> Rule {
        Rule::BucketObjectLock
    }

    fn problem(&self, desired: &DesiredBucket, found: &BucketPosture) -> Option<String> {
        let least = desired.object_lock.as_ref()?;
        match &found.object_lock {
            None => Some("the bucket has no Object Lock: put an object lock configuration".to_owned()),
            Some(found) if covers(found, least) => None,
            Some(found) => {
                let text = |setting: &LockSetting| match (setting.default_mode, setting.default_days) {
                    (Some(mode), Some(days)) => format!("{mode:?} for {days} days").to_lowercase(),
                    _ => "none".to_owned(),
                };
                Some(format!("the default retention is {}, at least {} is desired", text(found), text(least)))
            }
        }
    }
}

fn covers(found: &LockSetting, least: &LockSetting) -> bool {
    found.default_mode >= least.default_mode && found.default_days >= least.default_days
}
