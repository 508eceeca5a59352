use sluice_common::port::{ObjectWriter as _, UserMetadata};
use sluice_common::{Dispose as _, Disposition, ObjectPath};
use sluice_testkit::names::{bucket, path, version};
use sluice_testkit::{Fault, FaultPlan};

use super::*;
use crate::dsse::MAX_ENVELOPE_BYTES;
use crate::{EvidenceError, Predicate, Recorded, VerifyError};

async fn record<P: Predicate>(ledger: &Ledger, statement: &Statement<P>) -> Result<Recorded<P>, EvidenceError> {
    ledger.record(statement, &UserMetadata::new()).await
}

async fn goes_round<P: Predicate>(world: &World, statement: &Statement<P>) {
    let ledger = world.ledger(FaultPlan::new()).await;
    let kept = record(&ledger, statement).await.unwrap().into_kept();
    assert_eq!(kept.statement(), statement);
    assert_eq!(ledger.archive().load::<P>(kept.at()).await.unwrap(), kept);
    assert_eq!(ledger.archive().find::<P>(kept.key()).await.unwrap(), Some(kept.clone()));
    assert_eq!(ledger.archive().peek::<P>(kept.key()).await.unwrap(), Some(kept.clone()));
    assert_eq!(ledger.archive().follow::<P>(&kept.link()).await.unwrap(), kept);
    let all = ledger.archive().list::<P>(&kept.key().subject).await.unwrap();
    assert_eq!(all.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [kept]);
}

#[tokio::test]
async fn every_kind_of_statement_comes_back_as_it_was_recorded() {
    let world = World::new();
    world.s3.set_page_size(1);
    goes_round(&world, &seal()).await;
    goes_round(&world, &quality(QualityResult::Passed)).await;
    goes_round(&world, &published()).await;
    goes_round(&world, &quarantine()).await;
    goes_round(&world, &finding()).await;
    goes_round(&world, &sweep()).await;
    goes_round(&world, &reidentify()).await;
    assert_eq!(world.s3.live_keys(&bucket(EVIDENCE)).len(), 7);
}

#[tokio::test]
async fn what_is_remembered_is_exactly_what_was_verified() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let kept = record(&ledger, &seal()).await.unwrap().into_kept();
    let archive = ledger.archive().clone().remembering();
    let load = async || archive.load::<Seal>(kept.at()).await;
    for _ in 0..2 {
        assert_eq!(load().await.unwrap().statement(), kept.statement());
    }
    let whole = world.s3.stored_bytes(kept.at()).unwrap();
    for offset in 0..whole.len() {
        assert!(world.s3.tamper_byte(kept.at(), offset));
        let whoever_remembers_nothing = ledger.archive().load::<Seal>(kept.at()).await;
        assert_eq!(load().await.is_ok(), whoever_remembers_nothing.is_ok(), "byte {offset}");
        assert!(world.s3.tamper_body(kept.at(), &whole));
    }
    load().await.unwrap();
}

#[tokio::test]
async fn the_same_statement_again_is_already_there() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let first = record(&ledger, &seal()).await.unwrap();
    assert!(first.is_new());
    for _ in 0..4 {
        let again = record(&ledger, &seal()).await.unwrap();
        assert_eq!(again, Recorded::AlreadyThere(first.kept().clone()));
    }
    assert_eq!(world.s3.drain_created().len(), 1);
}

#[tokio::test]
async fn wherever_the_process_dies_a_retry_leaves_one_statement() {
    let whole = World::new();
    let plan = FaultPlan::new();
    let expected = record(&whole.ledger(plan.clone()).await, &seal()).await.unwrap().into_kept();
    for call in 1..=plan.total_calls() {
        for fault in [Fault::Fail, Fault::LoseAnswer, Fault::Throttle, Fault::Deny] {
            let world = World::new();
            let operation = ["sign", "put_new"][usize::try_from(call - 1).unwrap()];
            let error =
                record(&world.ledger(FaultPlan::new().on(operation, 1, fault)).await, &seal()).await.unwrap_err();
            assert_eq!(error.disposition(), Disposition::Retry, "{operation} {fault:?}: {error}");
            let retried = record(&world.ledger(FaultPlan::new()).await, &seal()).await.unwrap();
            let lost = operation == "put_new" && fault == Fault::LoseAnswer;
            assert_eq!(retried.is_new(), !lost, "{operation} {fault:?}");
            assert_eq!(retried.kept().payload(), expected.payload());
            assert_eq!(world.s3.drain_created().len(), 1);
        }
    }
}

#[tokio::test]
async fn faults_while_comparing_are_retried_not_believed() {
    let world = World::new();
    record(&world.ledger(FaultPlan::new()).await, &seal()).await.unwrap();
    for (operation, fault) in [
        ("list_versions", Fault::Fail),
        ("list_versions", Fault::Deny),
        ("get", Fault::Throttle),
        ("get", Fault::Truncate { after_bytes: 10 }),
    ] {
        let error = record(&world.ledger(FaultPlan::new().on(operation, 1, fault)).await, &seal()).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Retry, "{operation} {fault:?}: {error}");
    }
}

#[tokio::test]
async fn another_payload_under_the_same_key_is_an_alarm() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    record(&ledger, &seal()).await.unwrap();
    let mut predicate = seal().predicate().clone();
    predicate.object.size = 6;
    let other = Statement::new(seal().subject().to_vec(), predicate).unwrap();
    let error = record(&ledger, &other).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Contradiction { .. }));
    assert_eq!(error.disposition(), Disposition::Alarm);
    let stands = ledger.record_unless(&other, &UserMetadata::new(), |stored| *stored == seal()).await.unwrap();
    assert_eq!(stands.kept().statement(), &seal());
}

#[tokio::test]
async fn a_rewritten_key_is_noticed() {
    let key = seal().key().unwrap();
    let at = ObjectPath { bucket: bucket(EVIDENCE), key: key.object_key() };
    // Hidden.
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    record(&ledger, &seal()).await.unwrap();
    world.s3.delete(&at).unwrap();
    let is_rewritten = |error: &EvidenceError, versions: usize, delete_markers: usize| matches!(error, EvidenceError::Rewritten { versions: v, delete_markers: d } if (*v, *d) == (versions, delete_markers));
    let error = ledger.archive().find::<Seal>(&key).await.unwrap_err();
    assert!(is_rewritten(&error, 1, 1), "{error}");
    assert!(ledger.archive().peek::<Seal>(&key).await.is_err());
    // Forked: a conditional put succeeds over the delete marker.
    assert!(record(&ledger, &seal()).await.unwrap().is_new());
    let error = ledger.archive().find::<Seal>(&key).await.unwrap_err();
    assert!(is_rewritten(&error, 2, 1), "{error}");
    // Also when a page of the listing ends in the middle of the key's history.
    world.s3.set_page_size(1);
    let error = ledger.archive().find::<Seal>(&key).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Rewritten { .. }), "{error}");
    // Overwritten, which the bucket policy should forbid.
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    record(&ledger, &seal()).await.unwrap();
    world.s3.put(&at, "x").unwrap();
    let error = record(&ledger, &seal()).await.unwrap_err();
    assert!(is_rewritten(&error, 2, 0), "{error}");
    assert_eq!(error.disposition(), Disposition::Alarm);
}

#[tokio::test]
async fn a_longer_key_beside_it_is_not_its_history() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let key = record(&ledger, &seal()).await.unwrap().kept().key().to_string();
    world.s3.put(&path(EVIDENCE, &format!("{key}.bak")), "x").unwrap();
    assert!(ledger.archive().find::<Seal>(&key.parse().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn only_a_statement_in_its_own_place_is_loaded() {
    let world = World::new();
    world.s3.create_versioned_bucket(&bucket("elsewhere")).unwrap();
    let ledger = world.ledger(FaultPlan::new()).await;
    let kept = record(&ledger, &seal()).await.unwrap().into_kept();
    let json = world.s3.stored_bytes(kept.at()).unwrap();
    let archive = ledger.archive();

    // A genuine verdict copied over that of another version, as a replay would.
    let foreign = crate::StatementKey::seal_of(&version("lake-raw", "b.csv", "v2"));
    let copied = world.s3.put(&path(EVIDENCE, &foreign.to_string()), json.clone()).unwrap();
    let error = archive.load::<Seal>(&copied).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Verify(VerifyError::StoredElsewhere)), "{error}");

    let key = kept.key().to_string();
    for at in [path("elsewhere", &key), path(EVIDENCE, "att/seal/x"), path(EVIDENCE, &key.replace("seal", "quality"))] {
        let copied = world.s3.put(&at, json.clone()).unwrap();
        let error = archive.load::<Seal>(&copied).await.unwrap_err();
        assert!(matches!(error, EvidenceError::NotEvidence), "{error}");
        assert_eq!(error.disposition(), Disposition::Alarm);
    }

    // Another kind of statement under a seal's key.
    let verdict = record(&ledger, &quality(QualityResult::Passed)).await.unwrap().into_kept();
    let json = world.s3.stored_bytes(verdict.at()).unwrap();
    let disguised = world.s3.put(&path(EVIDENCE, &foreign.to_string()), json).unwrap();
    let error = archive.load::<Seal>(&disguised).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Verify(VerifyError::WrongPredicateType { .. })), "{error}");

    let huge = world.s3.put(&path(EVIDENCE, &foreign.to_string()), vec![b' '; MAX_ENVELOPE_BYTES + 1]).unwrap();
    let error = archive.load::<Seal>(&huge).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Verify(VerifyError::NotDsse(_))), "{error}");
}

#[tokio::test]
async fn a_link_leads_to_the_statement_that_it_names() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let mut link = record(&ledger, &seal()).await.unwrap().kept().link();
    link.pae_sha256 = digest("another");
    let error = ledger.archive().follow::<Seal>(&link).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Verify(VerifyError::BrokenLink)), "{error}");
}

#[tokio::test]
async fn an_untrusted_signature_is_never_kept() {
    let world = World::new();
    let stranger = TrustedKeys::of_signer(&MemoryKms::new("another")).await.unwrap();
    let store = Arc::new(world.s3.clone());
    let archive = Archive::new(bucket(EVIDENCE), store.clone(), store.clone(), stranger);
    let error = record(&Ledger::new(archive, store, Arc::new(world.kms.clone())), &seal()).await.unwrap_err();
    assert!(matches!(error, EvidenceError::Untrusted(_)));
    assert!(world.s3.drain_created().is_empty());
}

#[tokio::test]
async fn each_flipped_byte_of_a_kept_statement_is_detected_or_harmless() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let kept = record(&ledger, &seal()).await.unwrap().into_kept();
    let json = world.s3.stored_bytes(kept.at()).unwrap();
    for at in 0..json.len() {
        let mut flipped = json.to_vec();
        flipped[at] ^= 1;
        // The key hint and the spelling of base64 padding are not signed and decide nothing.
        if let Ok(read) = ledger.archive().keys().verify::<Seal>(&flipped) {
            assert_eq!((read.payload(), read.key_ids()), (kept.payload(), kept.key_ids()), "byte {at}");
        }
    }
    let payload = kept.payload().to_vec();
    for at in 0..payload.len() {
        let mut envelope = crate::dsse::Envelope::from_json(&json).unwrap();
        envelope.payload[at] ^= 1;
        assert!(ledger.archive().keys().verify::<Seal>(&envelope.to_json().unwrap()).is_err(), "payload byte {at}");
    }
}

#[tokio::test]
async fn writing_is_conditional() {
    // The port promises it; the ledger's promise rests on it.
    let world = World::new();
    let at = path(EVIDENCE, "att/x");
    world.s3.put_new(&at, "a".into(), &UserMetadata::new()).await.unwrap();
    assert!(world.s3.put_new(&at, "b".into(), &UserMetadata::new()).await.is_err());
}
