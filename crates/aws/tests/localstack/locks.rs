use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHold,
    ObjectLockLegalHoldStatus, ObjectLockRetentionMode, ObjectLockRule,
};
use sluice_common::port::{
    BucketInspector as _, LegalHold, LockSetting, ObjectLock as _, Retention, RetentionMode, StoreError,
    VersioningState,
};

use super::setup::Bucket;

fn until(mode: RetentionMode, text: &str) -> Retention {
    Retention { mode, retain_until: text.parse().unwrap() }
}

#[tokio::test]
async fn retention_is_set_extended_and_never_shortened() {
    let bucket = Bucket::locked().await;
    let version = bucket.put("a", b"a").await;
    assert_eq!(bucket.objects.retention(&version).await.unwrap(), None);
    let wanted = until(RetentionMode::Governance, "2099-01-01T00:00:00.25Z");
    bucket.objects.set_retention(&version, &wanted).await.unwrap();
    let held = bucket.objects.retention(&version).await.unwrap().unwrap();
    assert!(held.covers(&wanted), "{held:?}");
    let longer = until(RetentionMode::Compliance, "2099-06-01T00:00:00Z");
    bucket.objects.set_retention(&version, &longer).await.unwrap();
    assert_eq!(bucket.objects.retention(&version).await.unwrap(), Some(longer));
    for weaker in [wanted, until(RetentionMode::Compliance, "2099-05-01T00:00:00Z")] {
        let refused = bucket.objects.set_retention(&version, &weaker).await;
        assert!(matches!(refused, Err(StoreError::Denied { .. })), "{refused:?}");
    }
    let past = bucket.objects.set_retention(&version, &until(RetentionMode::Compliance, "2020-01-01T00:00:00Z")).await;
    assert!(matches!(past, Err(StoreError::Other { .. } | StoreError::Denied { .. })), "{past:?}");
    let request = bucket.admin.delete_object().bucket(bucket.name.as_str()).key("a");
    let request = request.version_id(version.version_id.as_str()).bypass_governance_retention(true);
    assert!(request.send().await.is_err(), "a locked version is not deleted");
}

#[tokio::test]
async fn a_legal_hold_is_seen() {
    let bucket = Bucket::locked().await;
    let version = bucket.put("a", b"a").await;
    assert_eq!(bucket.objects.legal_hold(&version).await.unwrap(), None);
    for (status, expected) in
        [(ObjectLockLegalHoldStatus::On, LegalHold::On), (ObjectLockLegalHoldStatus::Off, LegalHold::Off)]
    {
        let request = bucket.admin.put_object_legal_hold().bucket(bucket.name.as_str()).key("a");
        request.legal_hold(ObjectLockLegalHold::builder().status(status).build()).send().await.unwrap();
        assert_eq!(bucket.objects.legal_hold(&version).await.unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn a_bucket_without_object_lock_protects_nothing() {
    let bucket = Bucket::versioned().await;
    let version = bucket.put("a", b"a").await;
    assert_eq!(bucket.objects.retention(&version).await.unwrap(), None);
    assert_eq!(bucket.objects.legal_hold(&version).await.unwrap(), None);
    let refused =
        bucket.objects.set_retention(&version, &until(RetentionMode::Governance, "2099-01-01T00:00:00Z")).await;
    assert!(matches!(refused, Err(StoreError::Other { code, .. }) if code == "InvalidRequest"));
}

#[tokio::test]
async fn delete_markers_have_no_retention() {
    let bucket = Bucket::locked().await;
    bucket.put("a", b"a").await;
    let marker = bucket.path("a").version(bucket.delete("a").await);
    assert!(matches!(bucket.objects.retention(&marker).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn the_posture_of_a_plain_bucket() {
    let bucket = Bucket::unversioned().await;
    let posture = bucket.objects.posture(&bucket.name).await.unwrap();
    assert_eq!(posture.versioning, VersioningState::Off);
    assert_eq!(posture.object_lock, None);
    assert_eq!(posture.encryption.unwrap().algorithm, "AES256");
    assert!(posture.public_access_block.unwrap().is_complete());
    assert_eq!((posture.policy, posture.notifications), (None, Vec::new()));
    bucket.set_versioning(BucketVersioningStatus::Suspended).await;
    assert_eq!(bucket.objects.versioning(&bucket.name).await.unwrap(), VersioningState::Suspended);
}

#[tokio::test]
async fn the_posture_of_a_locked_bucket_that_was_opened() {
    let bucket = Bucket::locked().await;
    let name = bucket.name.as_str();
    let default = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance).years(2).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(default).build());
    let request = bucket.admin.put_object_lock_configuration().bucket(name);
    request.object_lock_configuration(lock.build()).send().await.unwrap();
    bucket.admin.delete_public_access_block().bucket(name).send().await.unwrap();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::{name}/*","Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
    );
    bucket.admin.put_bucket_policy().bucket(name).policy(&policy).send().await.unwrap();
    let posture = bucket.objects.posture(&bucket.name).await.unwrap();
    let setting = LockSetting { default_mode: Some(RetentionMode::Compliance), default_days: Some(730) };
    assert_eq!(posture.object_lock, Some(setting));
    assert_eq!(posture.public_access_block, None);
    assert_eq!(posture.policy.unwrap(), policy);
    assert!(matches!(
        bucket.objects.posture(&sluice_common::BucketName::new(super::setup::unique("none")).unwrap()).await,
        Err(StoreError::NotFound { .. })
    ));
}
