use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{RetentionMode, StoreError};
use crate::object::BucketName;

/// `GetBucketVersioning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VersioningState {
    /// Never turned on.
    Off,
    /// On.
    Enabled,
    /// Turned off again: new objects get the version id `null`.
    Suspended,
}

/// The default retention of `GetObjectLockConfiguration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockSetting {
    /// The default mode of new versions; `None` when the bucket has the lock but no default.
    pub default_mode: Option<RetentionMode>,
    /// The default period in days (a year counts 365).
    pub default_days: Option<u32>,
}

/// The default encryption of `GetBucketEncryption`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionSetting {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key's id or ARN as configured.
    pub kms_key: Option<String>,
    /// Whether S3 Bucket Keys are on.
    pub bucket_key: bool,
}

/// `GetPublicAccessBlock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // S3's four switches
pub struct PublicAccessBlock {
    /// `BlockPublicAcls`.
    pub block_public_acls: bool,
    /// `IgnorePublicAcls`.
    pub ignore_public_acls: bool,
    /// `BlockPublicPolicy`.
    pub block_public_policy: bool,
    /// `RestrictPublicBuckets`.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Whether all four switches are on.
    pub fn is_complete(&self) -> bool {
        self.block_public_acls && self.ignore_public_acls && self.block_public_policy && self.restrict_public_buckets
    }
}

/// One destination of `GetBucketNotificationConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// ARN of the queue, topic or function; `eventbridge` for EventBridge.
    pub target: String,
    /// Event names such as `s3:ObjectCreated:*`, sorted.
    pub events: Vec<String>,
    /// Key prefix filter.
    pub prefix: Option<String>,
    /// Key suffix filter.
    pub suffix: Option<String>,
}

/// What a rule of `GetBucketLifecycleConfiguration` does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// Whether it is on.
    pub is_enabled: bool,
    /// Whether it removes versions, current or not; the removal of lone delete markers is none.
    pub removes_versions: bool,
    /// Days after which it removes the parts of an upload that was never finished.
    pub aborts_uploads_after_days: Option<u32>,
}

/// A rule of `GetBucketReplication`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicationRule {
    /// Its name.
    pub id: String,
    /// Whether it is on.
    pub is_enabled: bool,
    /// ARN of the bucket that it copies to.
    pub destination: String,
}

/// The settings of a bucket on which our promises rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketPosture {
    /// Versioning.
    pub versioning: VersioningState,
    /// Object Lock; `None` when the bucket has none.
    pub object_lock: Option<LockSetting>,
    /// Default encryption.
    pub encryption: Option<EncryptionSetting>,
    /// Public access block.
    pub public_access_block: Option<PublicAccessBlock>,
    /// The bucket policy, JSON text.
    pub policy: Option<String>,
    /// Where events go, sorted.
    pub notifications: Vec<Notification>,
    /// What removes objects by their age, sorted.
    #[serde(default)]
    pub lifecycle: Vec<LifecycleRule>,
    /// Where objects are copied to, sorted.
    #[serde(default)]
    pub replication: Vec<ReplicationRule>,
}

/// Reads the settings of buckets.
#[async_trait]
pub trait BucketInspector: Send + Sync {
    /// Versioning alone, which sealing asks for every bucket it meets.
    async fn versioning(&self, bucket: &BucketName) -> Result<VersioningState, StoreError>;

    /// All settings.
    async fn posture(&self, bucket: &BucketName) -> Result<BucketPosture, StoreError>;
}
