//! The settings of buckets: `GetBucketVersioning`, `GetObjectLockConfiguration`, `GetBucketEncryption`,
//! `GetPublicAccessBlock`, `GetBucketPolicy`, `GetBucketNotificationConfiguration`, `GetBucketLifecycleConfiguration`,
//! `GetBucketReplication`.

use async_trait::async_trait;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    BucketVersioningStatus, Event, ExpirationStatus, FilterRuleName, LifecycleRule as SdkLifecycleRule,
    NotificationConfigurationFilter, ReplicationRule as SdkReplicationRule, ReplicationRuleStatus, S3KeyFilter,
    ServerSideEncryptionConfiguration,
};
use futures::try_join;
use sluice_common::BucketName;
use sluice_common::port::{
    BucketInspector, BucketPosture, EncryptionSetting, LifecycleRule, LockSetting, Notification, PublicAccessBlock,
    ReplicationRule, StoreError, VersioningState,
};

use super::{S3Objects, retention, unexpected};
use crate::error::Failure;

/// Days of a year in a default retention, as S3 counts them.
const DAYS_A_YEAR: i32 = 365;

/// An answer, or `None` when its code says that there is no such setting.
fn optional<T>(answer: Result<T, Failure>, absent: &str, operation: &'static str) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.code == absent => Ok(None),
        Err(failure) => Err(failure.store(operation)),
    }
}

impl S3Objects {
    async fn object_lock(&self, bucket: &BucketName) -> Result<Option<LockSetting>, StoreError> {
        let operation = "GetObjectLockConfiguration";
        let answer = self.client.get_object_lock_configuration().bucket(bucket.as_str()).send().await;
        let absent = "ObjectLockConfigurationNotFoundError";
        let Some(answer) = optional(answer.map_err(Failure::from), absent, operation)? else { return Ok(None) };
        let Some(lock) = answer.object_lock_configuration() else { return Ok(None) };
        let Some(default) = lock.rule().and_then(|rule| rule.default_retention()) else {
            return Ok(Some(LockSetting { default_mode: None, default_days: None }));
        };
        let unknown = || unexpected(operation, "UnknownRetention");
        let default_mode = default.mode().map(|mode| retention::mode(mode).ok_or_else(unknown)).transpose()?;
        let days = default.days().or_else(|| default.years().map(|years| years.saturating_mul(DAYS_A_YEAR)));
        let default_days = days.map(|days| u32::try_from(days).map_err(|_negative| unknown())).transpose()?;
        Ok(Some(LockSetting { default_mode, default_days }))
    }

    async fn encryption(&self, bucket: &BucketName) -> Result<Option<EncryptionSetting>, StoreError> {
        let operation = "GetBucketEncryption";
        let answer = self.client.get_bucket_encryption().bucket(bucket.as_str()).send().await;
        let absent = "ServerSideEncryptionConfigurationNotFoundError";
        let Some(answer) = optional(answer.map_err(Failure::from), absent, operation)? else { return Ok(None) };
        let rules = answer
            .server_side_encryption_configuration()
            .map(ServerSideEncryptionConfiguration::rules)
            .unwrap_or_default();
        Ok(rules.iter().find_map(|rule| {
            let default = rule.apply_server_side_encryption_by_default()?;
            Some(EncryptionSetting {
                algorithm: default.sse_algorithm().as_str().to_owned(),
                kms_key: default.kms_master_key_id().map(str::to_owned),
                bucket_key: rule.bucket_key_enabled().unwrap_or(false),
            })
        }))
    }

    async fn public_access_block(&self, bucket: &BucketName) -> Result<Option<PublicAccessBlock>, StoreError> {
        let operation = "GetPublicAccessBlock";
        let answer = self.client.get_public_access_block().bucket(bucket.as_str()).send().await;
        let absent = "NoSuchPublicAccessBlockConfiguration";
        let answer = optional(answer.map_err(Failure::from), absent, operation)?;
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.map(|block| PublicAccessBlock {
            block_public_acls: block.block_public_acls().unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls().unwrap_or(false),
            block_public_policy: block.block_public_policy().unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets().unwrap_or(false),
        }))
    }

    async fn policy(&self, bucket: &BucketName) -> Result<Option<String>, StoreError> {
        let answer = self.client.get_bucket_policy().bucket(bucket.as_str()).send().await;
        let answer = optional(answer.map_err(Failure::from), "NoSuchBucketPolicy", "GetBucketPolicy")?;
        Ok(answer.and_then(|answer| answer.policy))
    }

    async fn lifecycle(&self, bucket: &BucketName) -> Result<Vec<LifecycleRule>, StoreError> {
        let operation = "GetBucketLifecycleConfiguration";
        let answer = self.client.get_bucket_lifecycle_configuration().bucket(bucket.as_str()).send().await;
        let answer = optional(answer.map_err(Failure::from), "NoSuchLifecycleConfiguration", operation)?;
        let rules = answer.and_then(|answer| answer.rules).unwrap_or_default();
        let mut rules: Vec<LifecycleRule> = rules.iter().map(lifecycle_rule).collect();
        rules.sort();
        Ok(rules)
    }

    async fn replication(&self, bucket: &BucketName) -> Result<Vec<ReplicationRule>, StoreError> {
        let operation = "GetBucketReplication";
        let answer = self.client.get_bucket_replication().bucket(bucket.as_str()).send().await;
        let answer = optional(answer.map_err(Failure::from), "ReplicationConfigurationNotFoundError", operation)?;
        let configuration = answer.and_then(|answer| answer.replication_configuration);
        let rules = configuration.map(|configuration| configuration.rules).unwrap_or_default();
        let mut rules: Vec<ReplicationRule> = rules.iter().map(replication_rule).collect();
        rules.sort();
        Ok(rules)
    }

    async fn notifications(&self, bucket: &BucketName) -> Result<Vec<Notification>, StoreError> {
        let answer = self.client.get_bucket_notification_configuration().bucket(bucket.as_str()).send().await;
        let answer = answer.map_err(|error| Failure::from(error).store("GetBucketNotificationConfiguration"))?;
        Ok(notifications(&answer))
    }
}

fn lifecycle_rule(rule: &SdkLifecycleRule) -> LifecycleRule {
    let expires =
        rule.expiration().is_some_and(|expiration| expiration.days().is_some() || expiration.date().is_some());
    let aborts = rule
        .abort_incomplete_multipart_upload()
        .and_then(aws_sdk_s3::types::AbortIncompleteMultipartUpload::days_after_initiation);
    LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        is_enabled: *rule.status() == ExpirationStatus::Enabled,
        removes_versions: expires || rule.noncurrent_version_expiration().is_some(),
        aborts_uploads_after_days: aborts.and_then(|days| u32::try_from(days).ok()),
    }
}

fn replication_rule(rule: &SdkReplicationRule) -> ReplicationRule {
    ReplicationRule {
        id: rule.id().unwrap_or_default().to_owned(),
        is_enabled: *rule.status() == ReplicationRuleStatus::Enabled,
        destination: rule.destination().map(|to| to.bucket().to_owned()).unwrap_or_default(),
    }
}

fn notification(target: &str, events: &[Event], filter: Option<&NotificationConfigurationFilter>) -> Notification {
    let rules = filter.and_then(|filter| filter.key()).map(S3KeyFilter::filter_rules).unwrap_or_default();
    let value = |wanted: &FilterRuleName| {
        // S3 answers `Prefix` where `prefix` was configured.
        let rule = rules
            .iter()
            .find(|rule| rule.name().is_some_and(|name| name.as_str().eq_ignore_ascii_case(wanted.as_str())))?;
        rule.value().map(str::to_owned)
    };
    let mut events: Vec<String> = events.iter().map(|event| event.as_str().to_owned()).collect();
    events.sort();
    Notification {
        target: target.to_owned(),
        events,
        prefix: value(&FilterRuleName::Prefix),
        suffix: value(&FilterRuleName::Suffix),
    }
}

fn notifications(answer: &GetBucketNotificationConfigurationOutput) -> Vec<Notification> {
    let queues = answer.queue_configurations().iter().map(|c| notification(c.queue_arn(), c.events(), c.filter()));
    let topics = answer.topic_configurations().iter().map(|c| notification(c.topic_arn(), c.events(), c.filter()));
    let functions = answer.lambda_function_configurations().iter();
    let functions = functions.map(|c| notification(c.lambda_function_arn(), c.events(), c.filter()));
    let bus = answer.event_bridge_configuration().map(|_| notification("eventbridge", &[], None));
    let mut all: Vec<Notification> = queues.chain(topics).chain(functions).chain(bus).collect();
    all.sort();
    all
}

#[async_trait]
impl BucketInspector for S3Objects {
    async fn versioning(&self, bucket: &BucketName) -> Result<VersioningState, StoreError> {
        let operation = "GetBucketVersioning";
        let answer = self.client.get_bucket_versioning().bucket(bucket.as_str()).send().await;
        let answer = answer.map_err(|error| Failure::from(error).store(operation))?;
        match answer.status() {
            None => Ok(VersioningState::Off),
            Some(BucketVersioningStatus::Enabled) => Ok(VersioningState::Enabled),
            Some(BucketVersioningStatus::Suspended) => Ok(VersioningState::Suspended),
            Some(_) => Err(unexpected(operation, "UnknownVersioning")),
        }
    }

    async fn posture(&self, bucket: &BucketName) -> Result<BucketPosture, StoreError> {
        let first = try_join!(
            self.versioning(bucket),
            Box::pin(self.object_lock(bucket)),
            Box::pin(self.encryption(bucket)),
            Box::pin(self.public_access_block(bucket)),
            Box::pin(self.policy(bucket)),
            Box::pin(self.notifications(bucket)),
        );
        let (versioning, object_lock, encryption, public_access_block, policy, notifications) = first?;
        let (lifecycle, replication) = try_join!(Box::pin(self.lifecycle(bucket)), Box::pin(self.replication(bucket)))?;
        Ok(BucketPosture {
            versioning,
            object_lock,
            encryption,
            public_access_block,
            policy,
            notifications,
            lifecycle,
            replication,
        })
    }
}
