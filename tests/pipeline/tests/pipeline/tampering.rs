//! Meddling: a signed finding and an alarm, and nothing reaches the curated bucket.

use sluice_common::port::Signer as _;
use sluice_common::{ObjectPath, ObjectVersion};
use sluice_evidence::predicate::{Quality, QualityResult};
use sluice_evidence::sign::sign;
use sluice_evidence::{Predicate as _, Statement, TrustedKeys};
use sluice_testkit::names::{bucket, key, path};
use sluice_testkit::{FaultPlan, MemoryKms};

use crate::evidence::version;
use crate::policies::policy;
use crate::queues::Function;
use crate::tables;
use crate::world::{CURATED, EVIDENCE, VAULT, World};

const FAILING: &str = "id,email,name,city\n1,a@b.c,A,X\n1,a@b.c,A,X\n";

async fn uploaded_before(function: Function, body: impl Into<bytes::Bytes>) -> (World, ObjectVersion) {
    let mut world = World::with_key(&policy()).await;
    world.s3.drain_created();
    let at = world.upload("people/a.csv", body);
    world.run_before(function).await;
    (world, at)
}

/// Runs on and demands a finding of this rule, an alarm, and an empty curated bucket.
async fn is_refused(world: &mut World, rule: &str) {
    world.run().await;
    let findings = world.statements_of("finding").await;
    let rules: Vec<&str> = findings.iter().map(|found| found.text("rule")).collect();
    assert!(rules.contains(&rule), "{rule} is not among {rules:?}");
    assert!(findings.iter().all(|found| found.text("severity") == "critical"));
    assert!(world.metrics.sum("Alarms") >= 1.0);
    assert!(world.versions(CURATED).await.is_empty(), "something was published");
    assert!(world.statements_of("quarantine").await.is_empty(), "meddling is not the upload's fault");
    assert_eq!(world.queues.all_dead(), 0);
}

#[tokio::test]
async fn bytes_changed_after_the_seal_are_noticed() {
    let offset = tables::csv().iter().position(|&byte| byte == b'@').unwrap();
    for function in [Function::Quality, Function::Pseudonymize] {
        let (mut world, at) = uploaded_before(function, tables::csv()).await;
        assert!(world.s3.tamper_byte(&at, offset));
        is_refused(&mut world, "digest_changed").await;
        let finding = world.only("finding").await;
        let sealed = world.only("seal").await.payload["subject"][0]["digest"]["sha256"].clone();
        assert_eq!(finding.payload["subject"][0]["digest"]["sha256"], sealed);
        let found = sluice_common::Sha256Digest::of(&world.s3.stored_bytes(&at).unwrap()).to_hex();
        let evidence = finding.predicate("evidence").as_array().unwrap();
        assert!(evidence.iter().any(|one| one["uri"] == at.uri() && one["sha256"] == found), "{evidence:?}");
    }
}

#[tokio::test]
async fn bytes_that_no_longer_are_a_table_are_tampering_and_not_a_bad_upload() {
    let malformed = b"id,email\n1,2,3,4,5\n\"".as_slice();
    let longer = [tables::csv(), b"4,x@y.z,New,Rome\n".to_vec()].concat();
    let renamed = tables::csv().strip_prefix(b"id".as_slice()).map(|rest| [b"no".as_slice(), rest].concat()).unwrap();
    for body in [malformed, longer.as_slice(), renamed.as_slice(), b"".as_slice()] {
        for function in [Function::Quality, Function::Pseudonymize] {
            let (mut world, at) = uploaded_before(function, tables::csv()).await;
            assert!(world.s3.tamper_body(&at, body));
            is_refused(&mut world, "digest_changed").await;
        }
    }
}

#[tokio::test]
async fn bytes_changed_before_the_seal_do_not_have_their_checksum() {
    let (mut world, at) = uploaded_before(Function::Seal, tables::csv()).await;
    assert!(world.s3.tamper_byte(&at, 30));
    is_refused(&mut world, "checksum_mismatch").await;
    assert!(world.statements_of("seal").await.is_empty());
}

#[tokio::test]
async fn a_version_that_is_gone_is_alarmed_about() {
    for function in Function::ALL {
        let (mut world, at) = uploaded_before(function, tables::csv()).await;
        assert!(world.s3.force_delete(&at));
        is_refused(&mut world, "object_not_found").await;
    }
}

/// The failing verdict as passing, signed by somebody else.
async fn forged(world: &World) -> (ObjectPath, Vec<u8>) {
    let keys = TrustedKeys::from_spki_der([&world.signing.public_key().await.unwrap()]).unwrap();
    let genuine = world.only("quality").await;
    let verdict = keys.verify::<Quality>(&world.s3.stored_bytes(&genuine.at).unwrap()).unwrap();
    let predicate = Quality { result: QualityResult::Passed, ..verdict.statement().predicate().clone() };
    assert!(predicate.predecessor().is_some());
    let statement = Statement::new(verdict.statement().subject().to_vec(), predicate).unwrap();
    let stranger = MemoryKms::new("stranger");
    let own = TrustedKeys::of_signer(&stranger).await.unwrap();
    let signed = sign(&statement, &stranger, &own).await.unwrap();
    let at = ObjectPath { bucket: bucket(EVIDENCE), key: statement.key().unwrap().object_key() };
    (at, signed.envelope_json)
}

#[tokio::test]
async fn a_forged_verdict_is_refused() {
    let (mut world, _) = uploaded_before(Function::Pseudonymize, FAILING).await;
    let (at, envelope) = forged(&world).await;
    world.queues.forget(Function::Pseudonymize);
    world.s3.put(&at, envelope).unwrap();
    is_refused(&mut world, "statement_not_trusted").await;
}

#[tokio::test]
async fn an_altered_verdict_is_refused() {
    let (mut world, _) = uploaded_before(Function::Pseudonymize, tables::csv()).await;
    let at = world.only("quality").await.at;
    assert!(world.s3.tamper_byte(&at, 30));
    world.run().await;
    let findings = world.statements_of("finding").await;
    assert_eq!((findings.len(), world.curated().len()), (1, 0));
    assert!(world.metrics.sum("Alarms") >= 1.0);
}

#[tokio::test]
async fn a_verdict_of_another_object_is_refused() {
    let (mut world, _) = uploaded_before(Function::Pseudonymize, FAILING).await;
    let failing = world.only("quality").await;
    world.queues.forget(Function::Pseudonymize);
    world.upload("people/good.csv", tables::csv());
    world.run_before(Function::Pseudonymize).await;
    world.queues.forget(Function::Pseudonymize);
    let verdicts = world.statements_of("quality").await;
    let passing = verdicts.iter().find(|found| found.text("result") == "PASSED").unwrap();
    // Under the failing object's name, with the passing verdict's run.
    let (folder, _) = failing.at.key.as_str().rsplit_once('/').unwrap();
    let (_, run) = passing.at.key.as_str().rsplit_once('/').unwrap();
    let bytes = world.s3.stored_bytes(&passing.at).unwrap();
    world.s3.put(&path(EVIDENCE, &format!("{folder}/{run}")), bytes).unwrap();
    is_refused(&mut world, "statement_stored_elsewhere").await;
}

#[tokio::test]
async fn a_seal_under_another_key_or_as_a_verdict_is_refused() {
    for (stage, rule) in [("seal", "statement_stored_elsewhere"), ("quality", "statement_wrong_predicate")] {
        let (mut world, _) = uploaded_before(Function::Quality, tables::csv()).await;
        let seal = world.only("seal").await;
        world.queues.forget(Function::Quality);
        let run = "0123456789abcdef0123456789abcdef";
        let other = seal
            .at
            .key
            .as_str()
            .replace("att/seal/", &format!("att/{stage}/"))
            .replace("/0.dsse", &format!("/{run}.dsse"));
        world.s3.put(&path(EVIDENCE, &other), world.s3.stored_bytes(&seal.at).unwrap()).unwrap();
        is_refused(&mut world, rule).await;
    }
}

#[tokio::test]
async fn what_is_no_statement_is_alarmed_about() {
    for (name, rule) in [("att/seal/notes.txt", "not_evidence"), ("att/quality/../x", "not_evidence")] {
        let mut world = World::new(&policy());
        world.s3.put(&path(EVIDENCE, name), "hello").unwrap();
        is_refused(&mut world, rule).await;
    }
}

#[tokio::test]
async fn a_statement_written_again_is_refused() {
    for (function, stage) in [(Function::Quality, "seal"), (Function::Pseudonymize, "quality")] {
        let (mut world, _) = uploaded_before(function, tables::csv()).await;
        let genuine = world.only(stage).await;
        let bytes = world.s3.stored_bytes(&genuine.at).unwrap();
        world.s3.put(&genuine.at.path(), bytes).unwrap();
        is_refused(&mut world, "evidence_rewritten").await;
    }
}

#[tokio::test]
async fn a_statement_written_again_is_refused_though_its_event_names_no_version() {
    for (function, stage) in [(Function::Quality, "seal"), (Function::Pseudonymize, "quality")] {
        let (mut world, _) = uploaded_before(function, tables::csv()).await;
        let genuine = world.only(stage).await.at;
        world.queues.forget(function);
        world.s3.put(&genuine.path(), world.s3.stored_bytes(&genuine).unwrap()).unwrap();
        world.s3.drain_created();
        world.queues.send(function, crate::events::bridged_without_version(&genuine));
        is_refused(&mut world, "evidence_rewritten").await;
        let finding = world.only("finding").await;
        let evidence = finding.predicate("evidence")[0]["uri"].as_str().unwrap().to_owned();
        assert_eq!(evidence, format!("s3://{EVIDENCE}/{}", genuine.key));
        let keys = finding.payload["subject"][0]["digest"]["sha256"].as_str().unwrap();
        assert_eq!(keys, sluice_common::Sha256Digest::of(genuine.key.as_str().as_bytes()).to_hex());
    }
}

#[tokio::test]
async fn what_is_no_statement_is_alarmed_about_though_its_event_names_no_version() {
    for (function, name) in
        [(Function::Quality, "att/seal/jane.doe@example.org"), (Function::Pseudonymize, "att/quality/../x")]
    {
        let mut world = World::new(&policy());
        let at = world.s3.put(&path(EVIDENCE, name), "hello").unwrap();
        world.s3.drain_created();
        world.queues.send(function, crate::events::bridged_without_version(&at));
        is_refused(&mut world, "not_evidence").await;
        assert!(!world.only("finding").await.payload.to_string().contains(name), "a foreign key is not repeated");
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_found_out_now_is_asked_for_again() {
    let (mut world, _) = uploaded_before(Function::Quality, tables::csv()).await;
    let seal = world.only("seal").await.at;
    world.queues.forget(Function::Quality);
    world.queues.send(Function::Quality, crate::events::bridged_without_version(&seal));
    world.restart(&FaultPlan::new().always("list_versions", sluice_testkit::Fault::Throttle));
    assert_eq!(world.step(Function::Quality).await, 1);
    assert!(world.statements_of("finding").await.is_empty());
    world.restart(&FaultPlan::new());
    world.run().await;
    assert_eq!((world.curated().len(), world.metrics.sum("Alarms")), (1, 0.0));
}

#[tokio::test]
async fn a_statement_written_again_after_the_fact_changes_nothing() {
    let (mut world, _) = uploaded_before(Function::Seal, tables::csv()).await;
    world.run().await;
    let published = world.versions(CURATED).await.len();
    for stage in ["seal", "quality"] {
        let genuine = world.only(stage).await;
        let bytes = world.s3.stored_bytes(&genuine.at).unwrap();
        world.s3.put(&genuine.at.path(), bytes).unwrap();
    }
    world.run().await;
    let findings = world.statements_of("finding").await;
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|found| found.text("rule") == "evidence_rewritten"), "{findings:#?}");
    assert_eq!(world.versions(CURATED).await.len(), published);
}

#[tokio::test]
async fn a_wrapped_domain_key_that_was_altered_is_refused() {
    let (mut world, _) = uploaded_before(Function::Pseudonymize, tables::csv()).await;
    let kept = world.versions(VAULT).await;
    let at = version(VAULT, &kept[0]);
    let record = String::from_utf8(world.s3.stored_bytes(&at).unwrap().to_vec()).unwrap();
    let start = record.find("\"wrapped\":\"").unwrap() + "\"wrapped\":\"".len();
    let other = if record.as_bytes()[start + 20] == b'A' { "B" } else { "A" };
    let mut altered = record;
    altered.replace_range(start + 20..start + 21, other);
    assert!(world.s3.tamper_body(&at, altered.as_bytes()));
    world.restart(&FaultPlan::new());
    is_refused(&mut world, "wrapped_key_altered").await;
}

#[tokio::test]
async fn a_wrapped_domain_key_that_was_overwritten_is_refused_in_a_warm_sandbox_too() {
    let (mut world, _) = uploaded_before(Function::Pseudonymize, tables::csv()).await;
    let kept = world.versions(VAULT).await;
    let at = version(VAULT, &kept[0]);
    world.s3.put(&at.path(), world.s3.stored_bytes(&at).unwrap()).unwrap();
    is_refused(&mut world, "wrapped_key_overwritten").await;
}

#[tokio::test]
async fn other_bytes_under_the_curated_key_are_alarmed_about() {
    let (mut twin, _) = uploaded_before(Function::Seal, tables::csv()).await;
    twin.run().await;
    let (curated_key, _) = twin.curated().remove(0);
    let (mut world, _) = uploaded_before(Function::Seal, tables::csv()).await;
    world.s3.put(&ObjectPath { bucket: bucket(CURATED), key: key(&curated_key) }, "id,email\n").unwrap();
    world.run().await;
    assert_eq!(world.only("finding").await.text("rule"), "curated_conflict");
    assert!(world.statements_of("pseudonymize").await.is_empty());
    assert_eq!(world.versions(CURATED).await.len(), 1);
}

#[tokio::test]
async fn an_event_of_another_bucket_is_alarmed_about() {
    let mut world = World::new(&policy());
    let at = world.s3.put(&path(CURATED, "people/a.csv"), tables::csv()).unwrap();
    world.s3.drain_created();
    world.queues.send(Function::Seal, crate::events::notification(&at));
    world.run().await;
    assert_eq!(world.only("finding").await.text("rule"), "foreign_bucket");
    assert!(world.statements_of("seal").await.is_empty());
}
