//! What an earlier sweep verified need not be verified again, and nothing hides behind that.

use sluice_evidence::StatementKey;

use super::*;

async fn after_a_clean_one(lake: &Lake) -> SweepRequest {
    assert_eq!(lake.rules().await, []);
    let verified_before = Some(lake.clock.now());
    lake.hours_later(1);
    SweepRequest { deep: Deep::None, verified_before, ..lake.request() }
}

#[tokio::test]
async fn a_lake_that_did_not_change_is_as_clean_as_before() {
    let lake = Lake::new();
    lake.publish("inbox/a", "x").await;
    lake.hours_later(24);
    let request = after_a_clean_one(&lake).await;
    let account = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().statement;
    assert_eq!((account.findings, account.unreadable, account.coverage.sealed), (0, 0, 1));
}

#[tokio::test]
async fn a_statement_that_came_afterwards_is_verified() {
    let lake = Lake::new();
    lake.publish("inbox/a", "x").await;
    let late = lake.upload("inbox/late", "x");
    lake.hours_later(1);
    lake.seal_queue.drain();
    let request = SweepRequest { deep: Deep::None, verified_before: Some(lake.clock.now()), ..lake.request() };
    lake.hours_later(1);
    let forged = ObjectPath { bucket: bucket(EVIDENCE), key: StatementKey::seal_of(&late).object_key() };
    lake.s3.put(&forged, "{}").unwrap();
    let found = lake.try_sweep(&request, FaultPlan::new()).await.unwrap().findings;
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::SealDamaged]);
}

#[tokio::test]
async fn a_signature_of_nobody_s_is_found_by_the_deep_sweep_of_its_turn() {
    let lake = Lake::new();
    let (at, _) = lake.publish("inbox/a", "x").await;
    let stranger = Lake { kms: MemoryKms::new("stranger"), ..Lake::new() };
    let sealed = stranger.seal(&stranger.upload("inbox/a", "x")).await;
    let envelope = stranger.s3.stored_bytes(sealed.at()).unwrap();
    let key = lake.ledger(FaultPlan::new()).await.archive().find::<Seal>(&StatementKey::seal_of(&at)).await.unwrap();
    lake.hours_later(24);
    let request = after_a_clean_one(&lake).await;
    // What S3 never lets happen: other bytes in an old version.
    assert!(lake.s3.tamper_body(key.unwrap().at(), &envelope));
    let deep = SweepRequest { deep: Deep::All, ..request };
    let found = lake.try_sweep(&deep, FaultPlan::new()).await.unwrap().findings;
    assert!(found.iter().any(|one| one.rule == Rule::SealDamaged), "{found:?}");
}
