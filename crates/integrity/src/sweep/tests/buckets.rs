use sluice_common::port::{BucketPosture, EncryptionSetting, LifecycleRule, ReplicationRule, VersioningState};

use super::*;

fn removing() -> LifecycleRule {
    LifecycleRule { id: "old".to_owned(), is_enabled: true, removes_versions: true, aborts_uploads_after_days: Some(7) }
}

fn copying() -> ReplicationRule {
    ReplicationRule { id: "away".to_owned(), is_enabled: true, destination: "arn:aws:s3:::elsewhere".to_owned() }
}

#[tokio::test]
async fn lifecycle_and_replication_must_be_as_desired_in_both_directions() {
    let mut lake = Lake::new();
    lake.desired.raw.aborts_uploads_within_days = Some(7);
    lake.desired.raw.replicated_to = vec!["arn:aws:s3:::elsewhere".to_owned()];
    assert_eq!(lake.rules().await, [Rule::BucketLifecycle, Rule::BucketReplication]);
    lake.s3.force_posture(&bucket(RAW), |posture| {
        posture.lifecycle.push(LifecycleRule { removes_versions: false, ..removing() });
        posture.replication.push(copying());
    });
    assert_eq!(lake.rules().await, []);
    lake.s3.force_posture(&bucket(RAW), |posture| {
        posture.lifecycle[0].is_enabled = false;
        posture.replication[0].is_enabled = false;
    });
    assert_eq!(lake.rules().await, [Rule::BucketLifecycle, Rule::BucketReplication]);
    lake.s3.force_posture(&bucket(RAW), |posture| posture.lifecycle[0].aborts_uploads_after_days = Some(8));
    lake.s3.force_posture(&bucket(RAW), |posture| posture.lifecycle[0].is_enabled = true);
    assert!(lake.rules().await.contains(&Rule::BucketLifecycle));
}

#[tokio::test]
async fn each_drift_of_a_setting_is_one_finding_of_its_rule() {
    type Drift = fn(&mut BucketPosture);
    let drifts: [(Rule, Drift); 14] = [
        (Rule::BucketLifecycle, |p| p.lifecycle.push(removing())),
        (Rule::BucketReplication, |p| p.replication.push(copying())),
        (Rule::BucketVersioning, |p| p.versioning = VersioningState::Suspended),
        (Rule::BucketObjectLock, |p| p.object_lock = None),
        (Rule::BucketObjectLock, |p| p.object_lock = Some(LockSetting { default_mode: None, default_days: None })),
        (Rule::BucketEncryption, |p| p.encryption = None),
        (Rule::BucketEncryption, |p| p.encryption.as_mut().unwrap().algorithm = "AES256".to_owned()),
        (Rule::BucketEncryption, |p| p.encryption.as_mut().unwrap().kms_key = Some("another".to_owned())),
        (Rule::BucketPublicAccess, |p| p.public_access_block = None),
        (Rule::BucketPublicAccess, |p| p.public_access_block.as_mut().unwrap().block_public_policy = false),
        (Rule::BucketTlsOnly, |p| p.policy = None),
        (Rule::BucketEventWiring, |p| p.notifications.clear()),
        (Rule::BucketEventWiring, |p| p.notifications[0].prefix = Some("other/".to_owned())),
        (Rule::BucketEventWiring, |p| p.notifications[0].events = vec!["s3:ObjectCreated:Put".to_owned()]),
    ];
    for (at, (rule, drift)) in drifts.into_iter().enumerate() {
        let mut lake = Lake::new();
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1";
        let encryption =
            EncryptionSetting { algorithm: "aws:kms".to_owned(), kms_key: Some(key.to_owned()), bucket_key: true };
        lake.desired.raw.encryption = Some(encryption.clone());
        let by_id = EncryptionSetting { kms_key: Some("1".to_owned()), ..encryption };
        lake.s3.force_posture(&bucket(RAW), |posture| posture.encryption = Some(by_id));
        assert_eq!(lake.rules().await, [], "drift {at}: before");
        lake.s3.force_posture(&bucket(RAW), drift);
        assert_eq!(lake.rules().await, [rule], "drift {at}");
        // The same drift tomorrow is the same finding.
        lake.hours_later(24);
        assert!(lake.sweep().await.findings.iter().all(|found| found.known));
    }
}

#[tokio::test]
async fn stronger_and_wider_settings_are_no_drift() {
    let lake = Lake::new();
    lake.s3.force_posture(&bucket(RAW), |posture| {
        posture.object_lock =
            Some(LockSetting { default_mode: Some(RetentionMode::Compliance), default_days: Some(365) });
        posture.notifications[0].events.push("s3:ObjectRemoved:*".to_owned());
        posture.notifications.push(Notification {
            target: "arn:aws:sns:eu-central-1:111122223333:more".to_owned(),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            prefix: None,
            suffix: None,
        });
    });
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn settings_that_may_not_be_read_are_unknown_not_bad() {
    let lake = Lake::new();
    let plan = FaultPlan::new().always("posture", sluice_testkit::Fault::Deny);
    let report = lake.try_sweep(&lake.request(), plan).await.unwrap();
    assert_eq!((report.statement.findings, report.statement.unreadable), (0, 3));
}

#[tokio::test]
async fn settings_that_changed_since_the_last_account_are_found_though_they_are_as_desired() {
    let lake = Lake::new();
    let first = lake.sweep().await;
    assert_eq!(first.statement.settings.len(), 3);
    let request = SweepRequest { settings: first.statement.settings.clone(), ..lake.request() };
    assert_eq!(lake.try_sweep(&request, FaultPlan::new()).await.unwrap().statement.findings, 0);
    lake.s3.force_posture(&bucket(EVIDENCE), |posture| {
        let more = Notification {
            target: "arn:aws:sqs:eu-central-1:999999999999:elsewhere".to_owned(),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            prefix: None,
            suffix: None,
        };
        posture.notifications.push(more);
    });
    let found = lake.try_sweep(&request, FaultPlan::new()).await.unwrap();
    assert_eq!(found.statement.findings_by_rule, [("settings_changed".to_owned(), 1)].into());
    let settled = SweepRequest { settings: found.statement.settings.clone(), ..lake.request() };
    assert_eq!(lake.try_sweep(&settled, FaultPlan::new()).await.unwrap().statement.findings, 0);
}
