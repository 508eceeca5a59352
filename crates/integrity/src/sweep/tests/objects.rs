use sluice_common::port::{ObjectReader as _, Retention};

use sluice_evidence::Stage;

use super::*;

#[tokio::test]
async fn a_lake_where_all_is_well_gives_a_signed_clean_account() {
    let lake = Lake::new();
    for key in ["inbox/a", "inbox/b", "inbox/c/d"] {
        lake.publish(key, "x").await;
    }
    lake.hours_later(48);
    let report = lake.sweep().await;
    assert_eq!((report.findings, report.next), (Vec::new(), None));
    let coverage = &report.statement.coverage;
    assert!(coverage.complete);
    assert_eq!((coverage.versions_seen, coverage.sealed, coverage.unsealed), (3, 3, 0));
    assert_eq!((coverage.curated_seen, coverage.rehashed), (3, 6));
    assert_eq!(coverage.statements_seen, 9);
    assert_eq!(report.statement.unreadable, 0);
    assert_eq!(lake.metrics.sum("Findings").to_bits(), 0f64.to_bits());
    assert!(lake.metrics.values().iter().any(|metric| metric.name == "Findings" && metric.dimensions.is_empty()));
    assert!(lake.seal_queue.messages().is_empty());
    let loaded = lake.ledger(FaultPlan::new()).await.archive().load::<Sweep>(report.statement.at()).await.unwrap();
    assert_eq!(loaded, report.statement);
}

#[tokio::test]
async fn what_is_late_is_sent_again_and_what_is_too_late_is_found() {
    let lake = Lake::new();
    let version = lake.upload("inbox/a", "x");
    let unsealed = |report: &SweepReport| (report.statement.coverage.unsealed, report.statement.coverage.re_enqueued);
    // On its way.
    assert_eq!(unsealed(&lake.sweep().await), (1, 0));
    lake.hours_later(1);
    let report = lake.sweep().await;
    assert_eq!((unsealed(&report), report.statement.findings), ((1, 1), 0));
    assert_eq!(lake.seal_queue.drain(), [serde_json::to_string(&version).unwrap()]);
    lake.hours_later(6);
    assert_eq!(lake.rules().await, [Rule::SealMissing]);
    assert_eq!(lake.seal_queue.drain().len(), 1);
    // Healed, and the next stage is late.
    let sealed = lake.seal(&version).await;
    assert_eq!(lake.rules().await, [Rule::QualityMissing]);
    assert_eq!(lake.quality_queue.drain(), [serde_json::to_string(sealed.at()).unwrap()]);
    let verdict = lake.judge(&sealed, QualityResult::Failed).await;
    assert_eq!(lake.rules().await, [Rule::PseudonymizeMissing]);
    assert_eq!(lake.pseudonymize_queue.drain(), [serde_json::to_string(verdict.at()).unwrap()]);
    let withheld = Outcome::Withheld { reason: "quality_failed".to_owned() };
    let subject = ResourceDescriptor::object(&version, sealed.sha256().unwrap());
    lake.record(subject, Lake::pseudonymize(&sealed, withheld, verdict.link())).await;
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn a_stage_that_gave_up_and_said_so_is_not_missing() {
    let quarantine =
        |stage| Quarantine { stage, reason: "ragged_row".to_owned(), detail: None, policy: None, predecessor: None };
    for stage in [Stage::Seal, Stage::Quality, Stage::Pseudonymize] {
        let lake = Lake::new();
        let version = lake.upload("inbox/a", "x");
        if stage != Stage::Seal {
            let sealed = lake.seal(&version).await;
            if stage == Stage::Pseudonymize {
                lake.judge(&sealed, QualityResult::Passed).await;
            }
        }
        lake.hours_later(24);
        assert_eq!(lake.rules().await.len(), 1, "{stage}");
        lake.seal_queue.drain();
        lake.record(ResourceDescriptor::unread_object(&version), quarantine(stage)).await;
        assert_eq!(lake.rules().await, [], "{stage}");
        assert!(lake.seal_queue.drain().is_empty());
    }
}

#[tokio::test]
async fn a_version_of_no_dataset_goes_no_further() {
    let lake = Lake::new();
    let sealed = lake.seal(&lake.upload("inbox/a", "x")).await;
    lake.judge(&sealed, QualityResult::Stopped).await;
    lake.hours_later(24);
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn changed_bytes_are_found_where_the_sweep_looks_deep() {
    let lake = Lake::new();
    let (raw, curated) = lake.publish("inbox/a", "abc").await;
    lake.s3.tamper_byte(&raw, 1);
    lake.s3.tamper_byte(&curated, 1);
    let shallow = SweepRequest { deep: Deep::None, ..lake.request() };
    assert_eq!(lake.try_sweep(&shallow, FaultPlan::new()).await.unwrap().statement.findings, 0);
    assert_eq!(lake.rules().await, [Rule::DigestMismatch, Rule::CuratedDigestMismatch]);
    let small_only = SweepRequest { deep_max_bytes: 2, ..lake.request() };
    let report = lake.try_sweep(&small_only, FaultPlan::new()).await.unwrap();
    assert_eq!((report.statement.findings, report.statement.unreadable), (0, 2));
    // Every version's turn comes in one round of shares.
    let mut found = 0;
    for index in 0..5 {
        let share = SweepRequest { deep: Deep::Share { index, of: 5 }, ..lake.request() };
        found += lake.try_sweep(&share, FaultPlan::new()).await.unwrap().statement.findings;
    }
    assert_eq!(found, 2);
}

#[tokio::test]
async fn a_lifted_or_shortened_lock_is_found_until_its_time_is_over() {
    let lake = Lake::new();
    let (raw, _) = lake.publish("inbox/a", "abc").await;
    let shorter =
        Retention { mode: RetentionMode::Governance, retain_until: lake.clock.now() + SignedDuration::from_hours(24) };
    lake.s3.force_retention(&raw, Some(shorter));
    assert_eq!(lake.rules().await, [Rule::LockTooShort]);
    lake.s3.force_retention(&raw, None);
    assert_eq!(lake.rules().await, [Rule::LockMissing]);
    lake.hours_later(24 * 31);
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn deletions_are_found() {
    let lake = Lake::new();
    let (raw, curated) = lake.publish("inbox/a", "abc").await;
    lake.s3.delete(&at("inbox/a")).unwrap();
    assert_eq!(lake.rules().await, [Rule::DeleteMarkerOverSealed]);
    // A new version on top hides nothing any more.
    lake.publish("inbox/a", "abcd").await;
    assert_eq!(lake.rules().await, []);
    lake.s3.force_delete(&curated);
    assert_eq!(lake.rules().await, [Rule::CuratedMissing]);
    lake.s3.force_delete(&raw);
    assert_eq!(lake.rules().await, [Rule::SealedVersionGone]);
    lake.hours_later(24 * 31);
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn rows_that_were_set_aside_are_no_uploads_without_a_seal() {
    let mut lake = Lake::new();
    lake.desired.raw_prefix.clear();
    lake.s3.put(&path(RAW, "quarantine/orders/dt=2026-01-01/rows.csv"), "x").unwrap();
    lake.hours_later(48);
    let report = lake.sweep().await;
    let coverage = &report.statement.coverage;
    assert_eq!((coverage.versions_seen, coverage.unsealed, coverage.re_enqueued), (1, 0, 0));
    assert_eq!(report.statement.findings, 0);
}

#[tokio::test]
async fn rows_that_a_verdict_set_aside_are_there_as_they_were_until_the_upload_may_go() {
    let lake = Lake::new();
    let sealed = lake.seal(&lake.upload("inbox/a", "abc")).await;
    let file = lake.s3.put(&path(RAW, "inbox/quarantine/a.csv"), "rows").unwrap();
    let failing = FailingRows {
        rows: 1,
        explain_result: true,
        numbers_sha256: Sha256Digest::of(b"numbers"),
        kept: QuarantinedRows { uri: file.uri(), sha256: Sha256Digest::of(b"rows") },
    };
    let verdict = lake.judge_with(&sealed, QualityResult::Failed, Some(failing)).await;
    let withheld = Outcome::Withheld { reason: "quality_failed".to_owned() };
    let subject = ResourceDescriptor::object(&sealed.version(), sealed.sha256().unwrap());
    lake.record(subject, Lake::pseudonymize(&sealed, withheld, verdict.link())).await;
    assert_eq!(lake.rules().await, []);
    assert!(lake.s3.tamper_body(&file, b"sows"));
    assert_eq!(lake.rules().await, [Rule::QuarantinedRowsMismatch]);
    lake.s3.force_delete(&file);
    assert_eq!(lake.rules().await, [Rule::QuarantinedRowsMissing]);
    lake.hours_later(24 * 31);
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn an_unsealed_upload_may_be_deleted() {
    let lake = Lake::new();
    lake.upload("inbox/a", "x");
    lake.s3.delete(&at("inbox/a")).unwrap();
    assert_eq!(lake.rules().await, []);
}

#[tokio::test]
async fn rewritten_evidence_is_found() {
    let lake = Lake::new();
    let sealed = lake.seal(&lake.upload("inbox/a", "x")).await;
    let key = sealed.at().path();
    let json = lake.s3.stored_bytes(sealed.at()).unwrap();
    // Hidden: the seal cannot be believed, and its key was tampered with.
    lake.s3.delete(&key).unwrap();
    assert_eq!(lake.rules().await, [Rule::SealDamaged, Rule::EvidenceRewritten]);
    // Forked with a genuine copy: only the history tells.
    lake.s3.put(&key, json).unwrap();
    assert_eq!(lake.rules().await, [Rule::EvidenceRewritten]);
    // Forged.
    let lake = Lake::new();
    let sealed = lake.seal(&lake.upload("inbox/a", "x")).await;
    lake.s3.tamper_body(sealed.at(), b"{}");
    assert_eq!(lake.rules().await, [Rule::SealDamaged, Rule::SealDamaged]);
    // Planted.
    let lake = Lake::new();
    lake.s3.put(&path(EVIDENCE, "att/seal/readme.txt"), "x").unwrap();
    lake.s3.put(&path(EVIDENCE, "policy/pipeline.yaml"), "x").unwrap();
    assert_eq!(lake.rules().await, [Rule::EvidenceForeignKey]);
}

#[tokio::test]
async fn a_verdict_that_does_not_verify_is_found() {
    let lake = Lake::new();
    let sealed = lake.seal(&lake.upload("inbox/a", "x")).await;
    let verdict = lake.judge(&sealed, QualityResult::Passed).await;
    let stored = lake.s3.get(verdict.at()).await.unwrap().facts.size_bytes;
    assert!(lake.s3.tamper_byte(verdict.at(), usize::try_from(stored / 2).unwrap()));
    assert_eq!(lake.rules().await, [Rule::StatementDamaged]);
}

#[tokio::test]
async fn objects_without_a_version_are_found_and_excluded_ones_are_not_looked_at() {
    let lake = Lake::new();
    lake.s3.force_posture(&bucket(RAW), |posture| {
        posture.versioning = sluice_common::port::VersioningState::Suspended;
        posture.object_lock = None;
    });
    lake.s3.put_unversioned(&at("inbox/a"), "x").unwrap();
    lake.s3.put_unversioned(&at("inbox/quarantine/a"), "x").unwrap();
    lake.s3.put_unversioned(&at("elsewhere/a"), "x").unwrap();
    lake.hours_later(24);
    let expected = [Rule::BucketVersioning, Rule::BucketObjectLock, Rule::UnversionedObject];
    assert_eq!(lake.rules().await, expected);
}

#[tokio::test]
async fn a_curated_object_that_no_statement_accounts_for_is_found_once_it_is_old_enough() {
    let lake = Lake::new();
    lake.publish("inbox/a", "abc").await;
    let stray = lake.s3.put(&path(CURATED, "orders/stray.csv"), "x").unwrap();
    let forged = Lake::curated_path(&lake.upload("inbox/quarantine/b", "abc"));
    let forged = lake.s3.put(&forged, "x").unwrap();
    assert!(lake.rules().await.is_empty(), "its run may not have stated it yet");
    lake.hours_later(1);
    let report = lake.sweep().await;
    assert_eq!(report.statement.findings_by_rule, [("curated_unexplained".to_owned(), 2)].into());
    assert_eq!(report.statement.coverage.curated_versions, 3);
    for at in [stray, forged] {
        assert!(lake.s3.force_delete(&at));
    }
    assert!(lake.rules().await.is_empty());
}

#[tokio::test]
async fn a_version_laid_over_a_published_one_and_a_marker_that_hides_one_are_found() {
    let lake = Lake::new();
    let (_, curated) = lake.publish("inbox/a", "abc").await;
    let over = lake.s3.put(&curated.path(), "other tokens").unwrap();
    lake.hours_later(1);
    assert_eq!(lake.rules().await, [Rule::CuratedUnexplained]);
    assert!(lake.s3.force_delete(&over));
    assert!(lake.rules().await.is_empty());
    lake.s3.delete(&curated.path()).unwrap();
    assert_eq!(lake.rules().await, [Rule::DeleteMarkerOverPublished]);
}

#[tokio::test]
async fn retentions_that_end_soon_are_counted() {
    let lake = Lake::new();
    lake.publish("inbox/a", "abc").await;
    let counted = |report: &SweepReport| {
        let coverage = &report.statement.coverage;
        (coverage.locks_ending, coverage.locks_ended)
    };
    assert_eq!(counted(&lake.sweep().await), (0, 0));
    lake.hours_later(24 * 23 + 1);
    assert_eq!(counted(&lake.sweep().await), (1, 0));
    lake.hours_later(24 * 7);
    assert_eq!(counted(&lake.sweep().await), (0, 1));
    assert!(lake.rules().await.is_empty());
}
