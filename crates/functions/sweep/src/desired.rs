//! How the template leaves the buckets: what a sweep compares their settings with.
//!
//! The retention of a dataset's versions is no setting of a bucket. It stands in each version's seal, and the sweep
//! compares the lock with that.

use sluice_common::policy::RetentionSpec;
use sluice_common::port::{EncryptionSetting, LockSetting, Notification};
use sluice_integrity::sweep::{Desired, DesiredBucket};

use crate::Config;

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
    let encrypted = |bucket: &_| DesiredBucket { encryption: Some(kms()), ..DesiredBucket::new(Clone::clone(bucket)) };
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
