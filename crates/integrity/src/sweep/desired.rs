use serde::{Deserialize, Serialize};
use sluice_common::object::QUARANTINED_ROWS_PREFIX;
use sluice_common::port::{EncryptionSetting, LockSetting, Notification};
use sluice_common::{BucketName, Sha256Digest};

/// How everything should be. Its digest stands in every sweep's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Desired {
    /// The bucket in which uploads land.
    pub raw: DesiredBucket,
    /// The bucket of statements.
    pub evidence: DesiredBucket,
    /// The other buckets, such as curated and vault: their settings are looked at, not their objects.
    #[serde(default)]
    pub others: Vec<DesiredBucket>,
    /// The bucket in which nothing lies that no statement accounts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curated: Option<BucketName>,
    /// The keys on which the buckets and the statements rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<DesiredKey>,
    /// The trail that records who touches what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<DesiredTrail>,
    /// Uploads land under this prefix of the raw bucket.
    #[serde(default)]
    pub raw_prefix: String,
    /// Prefixes of the raw bucket that nobody seals, such as that of quarantined samples.
    #[serde(default)]
    pub raw_excluded: Vec<String>,
}

/// How a bucket should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // as many promises
pub struct DesiredBucket {
    /// The bucket.
    pub bucket: BucketName,
    /// Whether it keeps every version.
    #[serde(default = "yes")]
    pub versioning: bool,
    /// Object Lock with at least this default; absent when none is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<LockSetting>,
    /// Default encryption; absent when any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<EncryptionSetting>,
    /// Whether all public access is blocked.
    #[serde(default = "yes")]
    pub public_access_block: bool,
    /// Whether its policy denies everything that does not come over TLS.
    #[serde(default = "yes")]
    pub tls_only: bool,
    /// Where its events must go; more destinations are allowed.
    #[serde(default)]
    pub notifications: Vec<Notification>,
    /// Whether lifecycle rules may remove its versions.
    #[serde(default)]
    pub may_expire: bool,
    /// Days within which the parts of unfinished uploads must be removed; absent when they need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborts_uploads_within_days: Option<u32>,
    /// ARNs of the buckets that its objects must be copied to; to others they must not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicated_to: Vec<String>,
}

/// How a KMS key should be: usable, and for nobody outside its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DesiredKey {
    /// Its ARN.
    pub arn: String,
    /// Whether its material is renewed every year, where it can be.
    #[serde(default = "yes")]
    pub rotated: bool,
}

/// How the trail should be: recording, validated, all changes of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DesiredTrail {
    /// Its ARN.
    pub arn: String,
    /// Whether it records every region.
    #[serde(default = "yes")]
    pub multi_region: bool,
    /// The buckets whose objects' reads and writes are recorded.
    #[serde(default)]
    pub objects_of: Vec<BucketName>,
}

const fn yes() -> bool {
    true
}

impl DesiredBucket {
    /// A bucket with versioning, public access blocked and TLS only.
    pub const fn new(bucket: BucketName) -> Self {
        Self {
            bucket,
            versioning: true,
            object_lock: None,
            encryption: None,
            public_access_block: true,
            tls_only: true,
            notifications: Vec::new(),
            may_expire: false,
            aborts_uploads_within_days: None,
            replicated_to: Vec::new(),
        }
    }
}

impl Desired {
    /// SHA-256 of its canonical JSON.
    pub fn digest(&self) -> Sha256Digest {
        super::digest_of(self)
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = &DesiredBucket> {
        [&self.raw, &self.evidence].into_iter().chain(&self.others)
    }

    /// What is no upload: failing rows that the quality function set aside, which nobody else may write.
    pub(super) fn is_excluded(&self, key: &str) -> bool {
        key.starts_with(QUARANTINED_ROWS_PREFIX)
            || self.raw_excluded.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }
}
