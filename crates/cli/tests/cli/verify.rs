use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sluice_common::Sha256Digest;
use sluice_common::port::{Signer as _, UserMetadata};
use sluice_evidence::predicate::Quarantine;
use sluice_evidence::{Archive, Ledger, ResourceDescriptor, Stage, Statement, TrustedKeys};
use sluice_testkit::names::{bucket, version};
use sluice_testkit::{MemoryKms, MemoryS3};

use super::Desk;

const FILE: &str = "id\n1\n";

/// A statement about `FILE`, as a function keeps it.
async fn envelope(signer: &MemoryKms) -> Vec<u8> {
    let s3 = MemoryS3::default();
    s3.create_versioned_bucket(&bucket("lake-evidence")).unwrap();
    let store = Arc::new(s3.clone());
    let keys = TrustedKeys::of_signer(signer).await.unwrap();
    let archive = Archive::new(bucket("lake-evidence"), store.clone(), store.clone(), keys);
    let ledger = Ledger::new(archive, store, Arc::new(signer.clone()));
    let predicate = Quarantine {
        stage: Stage::Quality,
        reason: "table_malformed".to_owned(),
        detail: None,
        policy: None,
        predecessor: None,
    };
    let at = version("lake-raw", "orders/1.csv", "v1");
    let subject = ResourceDescriptor::object(&at, Sha256Digest::of(FILE.as_bytes()));
    let statement = Statement::new(vec![subject], predicate).unwrap();
    let recorded = ledger.record(&statement, &UserMetadata::new()).await.unwrap();
    s3.stored_bytes(recorded.kept().at()).unwrap().to_vec()
}

pub(super) async fn pem(signer: &MemoryKms) -> String {
    let der = BASE64.encode(signer.public_key().await.unwrap().0);
    let lines: Vec<&str> = der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_statement_is_verified_against_key_and_file() {
    let (ours, theirs) = (MemoryKms::new("ours"), MemoryKms::new("theirs"));
    let desk = Desk::new();
    let envelope = envelope(&ours).await;
    desk.put("statement.json", &envelope);
    desk.put("ours.pem", pem(&ours).await);
    desk.put("theirs.pem", pem(&theirs).await);
    desk.put("t.csv", FILE);
    desk.put("other.csv", "id\n2\n");
    let verify =
        |key: &str, more: &[&str]| desk.run(&[&["verify", "statement", "statement.json", "--key", key], more].concat());

    let ran = verify("ours.pem", &["--file", "t.csv"]).exits(0);
    assert!(ran.out.contains("AUTHENTICITY  holds"), "{}", ran.out);
    assert!(ran.out.contains("INTEGRITY     holds"), "{}", ran.out);
    assert!(ran.out.contains("stage         quarantine"), "{}", ran.out);
    assert!(verify("ours.pem", &[]).exits(0).out.contains("INTEGRITY     not checked"));

    let ran = verify("ours.pem", &["--file", "other.csv"]).exits(1);
    assert!(ran.out.contains("INTEGRITY     FAILS"), "{}", ran.out);
    let ran = verify("theirs.pem", &["--file", "t.csv"]).exits(1);
    assert!(ran.out.contains("AUTHENTICITY  FAILS"), "{}", ran.out);
    let json = verify("theirs.pem", &["--json"]).exits(1).json();
    assert_eq!(json["signature"]["verdict"], "fails");
}

#[tokio::test]
async fn what_is_no_statement_fails_and_what_is_no_key_cannot_tell() {
    let desk = Desk::new();
    desk.put("statement.json", "{}");
    desk.put("ours.pem", pem(&MemoryKms::new("ours")).await);
    desk.put("junk.pem", "junk");
    desk.run(&["verify", "statement", "statement.json", "--key", "ours.pem"]).exits(1);
    desk.run(&["verify", "statement", "statement.json", "--key", "junk.pem"]).exits(3);
}

/// A key of its own in `NAME.pem`, and its public half in `NAME.pub.pem`.
fn signing_key(desk: &Desk, name: &str, seed: u8) {
    use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
    let key = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
    desk.put(&format!("{name}.pem"), key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes());
    desk.put(&format!("{name}.pub.pem"), key.public_key().to_public_key_pem(LineEnding::LF).unwrap());
}

#[test]
fn one_trusted_key_leads_by_rotations_to_the_one_that_signed_in_its_time() {
    let desk = Desk::new();
    for (name, seed) in [("first", 1), ("second", 2), ("third", 3)] {
        signing_key(&desk, name, seed);
    }
    let rotate = |from: &str, to: &str, since: &str, until: &str, output: &str| {
        let keys = ["--from", from, "--to", to, "--since", since, "--until", until, "-o", output];
        desk.run(&[&["keys", "rotate-signing"], &keys[..]].concat())
    };
    rotate("first.pem", "second.pem", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "one.json").exits(0);
    rotate("second.pem", "third.pem", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "two.json").exits(0);
    rotate("first.pem", "third.pem", "2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z", "gap.json").exits(3);

    // A statement of the second key: here its own rotation.
    let verify =
        |more: &[&str]| desk.run(&[&["verify", "statement", "two.json", "--key", "first.pub.pem"], more].concat());
    verify(&[]).exits(1);
    let ran = verify(&["--rotation", "one.json"]).exits(3);
    assert!(ran.out.contains("VALIDITY      not checked") && ran.out.contains("--written"), "{}", ran.out);
    verify(&["--rotation", "one.json", "--written", "2026-03-01T00:00:00Z"]).exits(0);
    let ran = verify(&["--rotation", "one.json", "--written", "2026-02-28T23:59:59Z"]).exits(1);
    assert!(ran.out.contains("VALIDITY      FAILS"), "{}", ran.out);

    // A second successor of the first key: neither is believed.
    rotate("first.pem", "third.pem", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "fork.json").exits(0);
    let ran = verify(&["--rotation", "one.json", "--rotation", "fork.json"]).exits(3);
    assert!(ran.err.contains("two different rotations"), "{}", ran.err);
}
