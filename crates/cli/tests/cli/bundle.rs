//! `verify all` of bundles whose log is a step behind.

use std::sync::Arc;

use sluice_common::Sha256Digest;
use sluice_common::port::{Clock as _, LockSetting, MessageSigner as _, RetentionMode, SystemClock, UserMetadata};
use sluice_evidence::predicate::Quarantine;
use sluice_evidence::{Archive, Ledger, ResourceDescriptor, Stage, Statement, TrustedKeys};
use sluice_log::bundle::{ExportPorts, PATIENCE, export};
use sluice_log::{Appender, BucketShelf, Leaf, LogKeys};
use sluice_testkit::names::{bucket, version};
use sluice_testkit::{MemoryKms, MemoryS3};
use sluice_tlog::VerifierKey;

use super::Desk;
use super::verify::pem;

/// A bundle of two statements of now, of which the log holds the first.
async fn put_bundle(desk: &Desk) {
    let (s3, kms, evidence) = (MemoryS3::new(SystemClock), MemoryKms::new("ours"), bucket("lake-evidence"));
    let lock = LockSetting { default_mode: Some(RetentionMode::Governance), default_days: Some(30) };
    s3.create_locked_bucket(&evidence, lock).unwrap();
    let store = Arc::new(s3.clone());
    let keys = TrustedKeys::of_signer(&kms).await.unwrap();
    let archive = Archive::new(evidence.clone(), store.clone(), store.clone(), keys.clone());
    let ledger = Ledger::new(archive, store.clone(), Arc::new(kms.clone()));
    let mut leaves = Vec::new();
    for number in 0..2 {
        let at = version("lake-raw", &format!("orders/{number}.csv"), "v1");
        let subject = ResourceDescriptor::object(&at, Sha256Digest::of(b"file"));
        let reason = "table_malformed".to_owned();
        let predicate = Quarantine { stage: Stage::Quality, reason, detail: None, policy: None, predecessor: None };
        let statement = Statement::new(vec![subject], predicate).unwrap();
        let kept = ledger.record(&statement, &UserMetadata::new()).await.unwrap().into_kept();
        leaves.push(Leaf::of(&ledger.archive().load_any(kept.at()).await.unwrap()).to_bytes().unwrap());
    }
    let vkey = VerifierKey::from_spki_der("log.example", &kms.message_key().await.unwrap().0).unwrap();
    desk.put("log.vkey", format!("{vkey}\n"));
    let log_keys = LogKeys::new(vec![vkey]).unwrap();
    let shelf = Arc::new(BucketShelf::new(evidence.clone(), store.clone(), store.clone(), store));
    let appender = Appender::new(shelf.clone(), Arc::new(kms.clone()), log_keys.clone(), Arc::new(keys.clone()));
    appender.append(&leaves[..1]).await.unwrap();
    let pem = pem(&kms).await;
    desk.put("signing.pem", &pem);
    let ports = ExportPorts { reader: &s3, versions: &s3, locks: &s3, shelf: shelf.as_ref(), clock: &SystemClock };
    export(&evidence, ports, &pem, &keys, &log_keys, &desk.path("bundle")).await.unwrap();
}

#[tokio::test]
async fn what_is_younger_than_the_log_has_a_verdict_of_its_own() {
    let desk = Desk::new();
    put_bundle(&desk).await;
    let verify = |more: &[&str]| {
        desk.run(&[&["verify", "all", "bundle", "--key", "signing.pem", "--log-key", "log.vkey"], more].concat())
    };
    let ran = verify(&[]).exits(3);
    assert!(ran.out.contains("COMPLETENESS  pending: 1 statements are not in the log yet"), "{}", ran.out);
    assert!(ran.out.contains("the newest checkpoint is of") && ran.out.contains("pending       1\n"), "{}", ran.out);
    for question in ["INTEGRITY     holds", "AUTHENTICITY  holds", "LOCK          holds"] {
        assert!(ran.out.contains(question), "{}", ran.out);
    }
    let json = verify(&["--json"]).exits(3).json();
    assert_eq!((&json["completeness"]["verdict"], &json["pending"]), (&"pending".into(), &1.into()));
    // The same bundle, made later: then the statement should be in the log.
    let later = SystemClock.now() + PATIENCE + jiff::SignedDuration::from_mins(1);
    desk.put("bundle/exported.json", format!("{{\"exportedAt\":\"{later}\"}}\n"));
    std::fs::remove_file(desk.path("bundle/SHA256SUMS")).unwrap();
    let ran = verify(&[]).exits(1);
    assert!(
        ran.out.contains("COMPLETENESS  FAILS") && ran.out.contains("is not in the log: it was written at"),
        "{}",
        ran.out
    );
}
