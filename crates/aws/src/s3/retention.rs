//! `GetObjectRetention`, `PutObjectRetention`, `GetObjectLegalHold`.

use async_trait::async_trait;
use aws_sdk_s3::types::{ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode};
use sluice_common::ObjectVersion;
use sluice_common::port::{LegalHold, ObjectLock, Retention, RetentionMode, StoreError};

use super::{S3Objects, unexpected};
use crate::error::Failure;
use crate::time::{date_time_rounded_up, timestamp};

/// A version without the setting answers 404 `NoSuchObjectLockConfiguration`, a bucket without Object Lock 400
/// `InvalidRequest`: either way nothing protects the version. That we may not look is an error.
fn absent(failure: Failure, operation: &'static str) -> Result<(), StoreError> {
    match failure.code.as_str() {
        "NoSuchObjectLockConfiguration" | "ObjectLockConfigurationNotFoundError" | "InvalidRequest" => Ok(()),
        _ => Err(failure.store(operation)),
    }
}

pub(super) fn mode(mode: &ObjectLockRetentionMode) -> Option<RetentionMode> {
    match mode {
        ObjectLockRetentionMode::Governance => Some(RetentionMode::Governance),
        ObjectLockRetentionMode::Compliance => Some(RetentionMode::Compliance),
        _ => None,
    }
}

#[async_trait]
impl ObjectLock for S3Objects {
    async fn retention(&self, at: &ObjectVersion) -> Result<Option<Retention>, StoreError> {
        let operation = "GetObjectRetention";
        let answer = self
            .client
            .get_object_retention()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return absent(error.into(), operation).map(|()| None),
        };
        // A lifted retention leaves an empty element.
        let Some((sdk_mode, until)) = answer.retention().and_then(|r| r.mode().zip(r.retain_until_date())) else {
            return Ok(None);
        };
        let (mode, retain_until) =
            mode(sdk_mode).zip(timestamp(until)).ok_or_else(|| unexpected(operation, "UnknownRetention"))?;
        Ok(Some(Retention { mode, retain_until }))
    }

    async fn set_retention(&self, at: &ObjectVersion, retention: &Retention) -> Result<(), StoreError> {
        let mode = match retention.mode {
            RetentionMode::Governance => ObjectLockRetentionMode::Governance,
            RetentionMode::Compliance => ObjectLockRetentionMode::Compliance,
        };
        let until = date_time_rounded_up(retention.retain_until);
        self.client
            .put_object_retention()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .retention(ObjectLockRetention::builder().mode(mode).retain_until_date(until).build())
            .send()
            .await
            .map(|_answer| ())
            .map_err(|error| Failure::from(error).store("PutObjectRetention"))
    }

    async fn legal_hold(&self, at: &ObjectVersion) -> Result<Option<LegalHold>, StoreError> {
        let operation = "GetObjectLegalHold";
        let answer = self
            .client
            .get_object_legal_hold()
            .bucket(at.bucket.as_str())
            .key(at.key.as_str())
            .version_id(at.version_id.as_str())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return absent(error.into(), operation).map(|()| None),
        };
        match answer.legal_hold().and_then(|hold| hold.status()) {
            None => Ok(None),
            Some(ObjectLockLegalHoldStatus::On) => Ok(Some(LegalHold::On)),
            Some(ObjectLockLegalHoldStatus::Off) => Ok(Some(LegalHold::Off)),
            Some(_) => Err(unexpected(operation, "UnknownLegalHold")),
        }
    }
}
