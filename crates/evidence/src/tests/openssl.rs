use std::process::Command;

use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use sluice_common::port::UserMetadata;

use super::*;
use crate::dsse::Envelope;

/// Who believes nothing of ours needs three files and the `openssl` command.
#[tokio::test]
async fn a_kept_statement_verifies_with_openssl_alone() {
    let world = World::new();
    let ledger = world.ledger(FaultPlan::new()).await;
    let kept = ledger.record(&seal(), &UserMetadata::new()).await.unwrap().into_kept();
    let envelope = Envelope::from_json(&world.s3.stored_bytes(kept.at()).unwrap()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("key.pem", world.kms.verifying_key().to_public_key_pem(LineEnding::LF).unwrap().as_bytes());
    write("sig.der", &envelope.signatures[0].signature);
    write("pae", &envelope.pae());
    let mut altered = envelope.pae();
    *altered.last_mut().unwrap() ^= 1;
    write("altered", &altered);

    let openssl = |file: &str| {
        let arguments = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "sig.der", file];
        Command::new("openssl").current_dir(folder.path()).args(arguments).output().expect("the openssl command")
    };
    let verified = openssl("pae");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    assert!(!openssl("altered").status.success());
}
