use sluice_common::port::ObjectReader as _;
use sluice_evidence::predicate::LogHead;

use super::*;

fn key(size: u64) -> ObjectPath {
    path(EVIDENCE, &format!("log/checkpoints/{size:020}"))
}

fn note(size: u64) -> String {
    format!("log.example/lake\n{size}\nAAAA\n\n\u{2014} log.example/lake AAAA\n")
}

/// A lake with a log of three checkpoints, and its head as the first sweep saw it.
async fn with_log() -> (Lake, LogHead) {
    let lake = Lake::new();
    for size in [1, 2, 10] {
        lake.s3.put(&key(size), note(size)).unwrap();
    }
    lake.s3.put(&path(EVIDENCE, "log/tile/0/000.p/10"), "hashes").unwrap();
    let account = lake.sweep().await.statement;
    assert_eq!((account.findings, account.coverage.log_objects), (0, 4));
    let head = account.log_head.clone().unwrap();
    assert_eq!(head.key, key(10).key);
    (lake, head)
}

async fn rules_after(lake: &Lake, head: &LogHead) -> Vec<Rule> {
    let request = SweepRequest { log_head: Some(head.clone()), ..lake.request() };
    let found = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().findings;
    found.iter().map(|one| one.rule).collect()
}

#[tokio::test]
async fn a_log_that_grows_is_as_it_should_be() {
    let (lake, head) = with_log().await;
    assert_eq!(rules_after(&lake, &head).await, []);
    lake.s3.put(&key(300), note(300)).unwrap();
    let request = SweepRequest { log_head: Some(head), ..lake.request() };
    let account = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().statement;
    assert_eq!(account.log_head.as_ref().unwrap().key, key(300).key);
    assert_eq!(account.findings, 0);
}

#[tokio::test]
async fn a_log_that_was_cut_short_is_found() {
    let (lake, head) = with_log().await;
    let at = lake.s3.current(&key(10)).await.unwrap();
    assert!(lake.s3.force_delete(&at));
    assert_eq!(rules_after(&lake, &head).await, [Rule::LogTruncated]);
}

#[tokio::test]
async fn a_hidden_part_and_an_overwritten_one_are_found() {
    let (lake, head) = with_log().await;
    lake.s3.delete(&path(EVIDENCE, "log/tile/0/000.p/10")).unwrap();
    assert_eq!(rules_after(&lake, &head).await, [Rule::EvidenceRewritten]);
    lake.s3.put(&key(2), note(2)).unwrap();
    assert_eq!(rules_after(&lake, &head).await, [Rule::EvidenceRewritten, Rule::EvidenceRewritten]);
}

#[tokio::test]
async fn an_old_checkpoint_under_a_new_key_is_found() {
    let (lake, head) = with_log().await;
    lake.s3.put(&key(11), note(2)).unwrap();
    assert_eq!(rules_after(&lake, &head).await, [Rule::LogReplayed]);
}
