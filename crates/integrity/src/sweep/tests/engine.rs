use sluice_common::port::Deadline;
use sluice_evidence::predicate::Finding;
use sluice_testkit::Fault;

use super::*;

#[tokio::test]
async fn an_interrupted_sweep_goes_on_where_it_stopped_and_finds_the_same() {
    let lake = Lake::new();
    for (at, key) in ["inbox/a", "inbox/b", "inbox/c", "inbox/d", "inbox/e"].into_iter().enumerate() {
        let (raw, _) = lake.publish(key, "abc").await;
        lake.publish(key, "newer").await;
        match at {
            1 => assert!(lake.s3.tamper_byte(&raw, 0)),
            3 => drop(lake.s3.delete(&path(RAW, key)).unwrap()),
            _ => {}
        }
    }
    let whole = lake.sweep().await;
    assert_eq!(lake.rules().await, [Rule::DigestMismatch, Rule::DeleteMarkerOverSealed]);
    for page_size in [1, 2, 3, 4] {
        lake.s3.set_page_size(page_size);
        // The deadline has passed: each part does as little as it can.
        let mut request = SweepRequest { deadline: Some(Deadline::at(lake.clock.now())), ..lake.request() };
        let mut keys: Vec<String> = Vec::new();
        let mut parts = 0;
        loop {
            let report = lake.try_sweep(&request, FaultPlan::new()).await.unwrap();
            keys.extend(report.findings.iter().map(|found| found.statement_key.clone()));
            parts += 1;
            assert!(parts < 2_000, "no progress"); // each part leaves an account, which a later one looks at
            assert_eq!(report.statement.coverage.complete, report.next.is_none());
            match report.next {
                Some(next) => {
                    let text = serde_json::to_string(&next).unwrap();
                    request.from = serde_json::from_str(&text).unwrap();
                }
                None => break,
            }
        }
        keys.sort();
        keys.dedup();
        let mut expected: Vec<_> = whole.findings.iter().map(|found| found.statement_key.clone()).collect();
        expected.sort();
        assert_eq!(keys, expected, "pages of {page_size}");
        assert!(parts > 3);
    }
}

#[tokio::test]
async fn findings_are_signed_once_and_counted_by_rule() {
    let lake = Lake::new();
    let (raw, _) = lake.publish("inbox/secret-name", "abc").await;
    lake.s3.force_retention(&raw, None);
    let first = lake.sweep().await;
    assert!(!first.findings[0].known);
    lake.hours_later(24);
    let second = lake.sweep().await;
    assert!(second.findings[0].known);
    assert_eq!(first.findings[0].statement_key, second.findings[0].statement_key);
    assert_eq!(first.statement.findings_digest, second.statement.findings_digest);
    assert_ne!(first.statement.key(), second.statement.key());
    assert_eq!(first.statement.findings_by_rule.get("lock_missing"), Some(&1));

    let ledger = lake.ledger(FaultPlan::new()).await;
    let key = first.findings[0].statement_key.parse().unwrap();
    let finding = ledger.archive().find::<Finding>(&key).await.unwrap().unwrap();
    assert_eq!(finding.statement().subject()[0].version(), Some(raw));
    assert!(!finding.detail.contains("secret-name"));
    let by_rule = vec![("Rule", "lock_missing".to_owned())];
    assert!(lake.metrics.values().iter().any(|metric| metric.name == "FindingsByRule" && metric.dimensions == by_rule));
}

#[tokio::test]
async fn whatever_cannot_be_read_is_unknown_and_never_damaged() {
    for operation in ["head", "get", "current", "retention", "posture"] {
        for fault in [Fault::Fail, Fault::Throttle, Fault::Deny] {
            let lake = Lake::new();
            lake.publish("inbox/a", "abc").await;
            lake.hours_later(24);
            let report = lake.try_sweep(&lake.request(), FaultPlan::new().always(operation, fault)).await.unwrap();
            assert_eq!(report.statement.findings, 0, "{operation} {fault:?}: {:?}", report.findings);
        }
    }
    let lake = Lake::new();
    lake.publish("inbox/a", "abc").await;
    let plan = FaultPlan::new().always("retention", Fault::Deny);
    assert_eq!(lake.try_sweep(&lake.request(), plan).await.unwrap().statement.unreadable, 1);
    let plan = FaultPlan::new().always("get", Fault::Truncate { after_bytes: 1 });
    let report = lake.try_sweep(&lake.request(), plan).await.unwrap();
    assert_eq!((report.statement.findings, report.statement.unreadable), (0, 2));
}

#[tokio::test]
async fn evidence_that_cannot_be_read_is_unknown_and_never_damaged() {
    for operation in ["current", "get", "list_versions"] {
        for fault in [Fault::Fail, Fault::Throttle, Fault::Deny] {
            let lake = Lake::new();
            lake.publish("inbox/a", "abc").await;
            lake.hours_later(24);
            let ledger = lake.ledger(FaultPlan::new().always(operation, fault)).await;
            let report = lake.try_sweep_over(ledger, &lake.request(), FaultPlan::new()).await.unwrap();
            assert_eq!(report.statement.findings, 0, "{operation} {fault:?}: {:?}", report.findings);
            assert!(report.statement.unreadable > 0, "{operation} {fault:?}");
            assert!(lake.seal_queue.messages().is_empty(), "{operation} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_listing_that_fails_gives_no_account() {
    let lake = Lake::new();
    for call in [1, 2] {
        let plan = FaultPlan::new().on("list_versions", call, Fault::Throttle);
        let error = lake.try_sweep(&lake.request(), plan).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Retry);
    }
    assert!(lake.s3.live_keys(&bucket(EVIDENCE)).is_empty());
}

#[test]
fn every_rule_has_its_own_name() {
    let text = include_str!("../rule.rs");
    let names: std::collections::BTreeSet<_> = text.split('"').skip(1).step_by(2).collect();
    assert_eq!(names.len(), text.matches("=> \"").count());
}
