//! How the template leaves the buckets: what a sweep compares their settings with.
//!
//! The retention of a dataset's versions is no setting of a bucket. It stands in each version's seal, and the sweep
//! compares the lock with that.

use sluice_common::BucketName;
use sluice_common::policy::RetentionSpec;
use sluice_common::port::{EncryptionSetting, LockSetting, Notification};
use sluice_integrity::sweep::{Desired, DesiredBucket, DesiredKey, DesiredTrail};

use crate::Config;

/// Days after which the template lets the parts of unfinished uploads be removed.
const ABANDONED_DAYS: u32 = 7;

/// The desired state that the configuration describes.
pub(crate) fn desired(config: &Config) -> Desired {
    let prefix = Some(config.raw_key_prefix.clone()).filter(|prefix| !prefix.is_empty());
    let to_seal = Notification {
        target: config.seal_queue_arn.clone(),
        events: vec!["s3:ObjectCreated:*".to_owned()],
        prefix,
        suffix: None,
    };
    let to_bus = Notification { target: "eventbridge".to_owned(), events: Vec::new(), prefix: None, suffix: None };
    let encrypted = |bucket: &_| DesiredBucket {
        encryption: Some(kms()),
        aborts_uploads_within_days: Some(ABANDONED_DAYS),
        ..DesiredBucket::new(Clone::clone(bucket))
    };
    let keys = config.key_arns.0.iter().map(|arn| DesiredKey { arn: arn.clone(), rotated: true }).collect();
    let objects_of = config.trail_buckets.0.iter().filter_map(|name| BucketName::new(name.as_str()).ok()).collect();
    let trail = config.trail_arn.clone().map(|arn| DesiredTrail { arn, multi_region: true, objects_of });
    Desired {
        raw: DesiredBucket {
            object_lock: Some(lock(config.raw_retention)),
            notifications: vec![to_seal],
            ..encrypted(&config.raw_bucket)
        },
        evidence: DesiredBucket {
            object_lock: Some(lock(config.evidence_retention)),
            notifications: vec![to_bus],
            ..encrypted(&config.evidence_bucket)
        },
        others: vec![encrypted(&config.curated_bucket)],
        curated: Some(config.curated_bucket.clone()),
        keys,
        trail,
        raw_prefix: config.raw_key_prefix.clone(),
        raw_excluded: Vec::new(),
    }
}

fn lock(least: RetentionSpec) -> LockSetting {
    LockSetting { default_mode: Some(least.mode), default_days: Some(least.days) }
}

/// KMS under any key: which key may be used is the bucket policy's business.
fn kms() -> EncryptionSetting {
    EncryptionSetting { algorithm: "aws:kms".to_owned(), kms_key: None, bucket_key: true }
}
