use super::*;

#[tokio::test]
async fn each_drift_of_a_key_is_one_finding_of_its_rule() {
    type Drift = fn(&mut KeyPosture);
    let drifts: [(Rule, Drift); 5] = [
        (Rule::KeyUnusable, |key| key.state = "PendingDeletion".to_owned()),
        (Rule::KeyUnusable, |key| key.state = "Disabled".to_owned()),
        (Rule::KeyRotation, |key| key.is_rotated = Some(false)),
        (Rule::KeyPolicyOpen, |key| key.policy = key.policy.replace("111122223333", "444455556666")),
        (Rule::KeyPolicyOpen, |key| key.policy = "{".to_owned()),
    ];
    for (rule, drift) in drifts {
        let lake = Lake::new();
        assert_eq!(lake.rules().await, []);
        lake.settings.change_key(KEY_ARN, drift);
        assert_eq!(lake.rules().await, [rule]);
        lake.hours_later(24);
        assert!(lake.sweep().await.findings.iter().all(|found| found.known), "the same drift is the same finding");
    }
}

#[tokio::test]
async fn each_drift_of_the_trail_is_one_finding_of_its_rule() {
    type Drift = fn(&mut TrailPosture);
    let drifts: [(Rule, Drift); 6] = [
        (Rule::TrailLogging, |trail| trail.is_logging = false),
        (Rule::TrailLogging, |trail| trail.is_multi_region = false),
        (Rule::TrailValidation, |trail| trail.validates_log_files = false),
        (Rule::TrailDataEvents, |trail| trail.records_management = false),
        (Rule::TrailDataEvents, |trail| trail.records_objects.clear()),
        (Rule::TrailDataEvents, |trail| trail.records_objects = vec![format!("arn:aws:s3:::{RAW}/inbox/one")]),
    ];
    for (rule, drift) in drifts {
        let lake = Lake::new();
        lake.settings.change_trail(TRAIL_ARN, drift);
        assert_eq!(lake.rules().await, [rule]);
    }
    let lake = Lake::new();
    lake.settings.change_trail(TRAIL_ARN, |trail| trail.records_objects = vec!["arn:aws:s3".to_owned()]);
    assert_eq!(lake.rules().await, [], "all of S3 is more than was desired");
}

#[tokio::test]
async fn what_is_gone_is_found_and_what_cannot_be_read_is_unknown() {
    let mut lake = Lake::new();
    lake.desired.keys[0].arn = format!("{KEY_ARN}-gone");
    lake.desired.trail.as_mut().unwrap().arn = format!("{TRAIL_ARN}-gone");
    let rules = lake.rules().await;
    assert!(rules.contains(&Rule::KeyUnusable) && rules.contains(&Rule::TrailLogging), "{rules:?}");
}

#[tokio::test]
async fn a_change_that_is_no_drift_is_told_once_the_sweep_before_knew() {
    let lake = Lake::new();
    let first = lake.sweep().await.statement;
    assert_eq!(first.other_settings.len(), 2);
    let desired = first.desired.clone().unwrap();
    let bytes = sluice_evidence::canonical::to_vec(&desired).unwrap();
    assert_eq!(first.statement().subject()[0].digest.sha256, Some(Sha256Digest::of(&bytes)), "the document is signed");
    lake.settings.change_key(KEY_ARN, |key| key.policy = key.policy.replace("kms:*", "kms:Decrypt"));
    let request = SweepRequest { other_settings: first.other_settings.clone(), ..lake.request() };
    let found = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().findings;
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::SettingsChanged]);
}

#[tokio::test]
async fn a_weaker_desired_state_is_told() {
    let mut lake = Lake::new();
    let before = lake.desired.digest();
    let asked = |before| SweepRequest { desired_before: Some(before), ..SweepRequest::new(lake.clock.now()) };
    let request = asked(before);
    assert_eq!(lake.try_sweep(&request, FaultPlan::new()).await.unwrap().findings, []);
    lake.desired.raw.object_lock = None;
    let found = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().findings;
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::DesiredStateChanged]);
}
